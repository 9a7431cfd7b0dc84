"""What an action makes of tags, and which tagging is in force when some are taken back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.tagging.corrections import Action, decide
from tagd.catalogue.tagging.tags import Said
from tagd.catalogue.tagging.undone import Look, in_force_after
from tagd.domain import TagSource, TagState

ACTIVE, CONFIRMED, REJECTED = TagState.ACTIVE, TagState.CONFIRMED, TagState.REJECTED
MODEL, PERSON, METADATA = TagSource.MODEL, TagSource.PERSON, TagSource.METADATA

States = dict[TagSource, TagState]

in_force = st.dictionaries(st.sampled_from(TagSource), st.sampled_from([ACTIVE, CONFIRMED]))
rejected = st.dictionaries(st.sampled_from(TagSource), st.just(REJECTED), min_size=1)
standings = in_force | rejected


def after(action: Action, standing: States, by: TagSource = PERSON) -> States:
    changed = {**standing, **decide(action, standing, by)}
    return {source: state for source, state in changed.items() if state is not None}


@given(standings, st.sampled_from(Action), st.sampled_from([PERSON, METADATA]))
def test_where_one_is_rejected_all_are(standing: States, action: Action, by: TagSource) -> None:
    states = set(after(action, standing, by).values())
    assert states == {REJECTED} or REJECTED not in states


@given(standings, st.sampled_from(Action), st.sampled_from([PERSON, METADATA]))
def test_saying_it_twice_changes_nothing_more(
    standing: States, action: Action, by: TagSource
) -> None:
    if action is not Action.REMOVE:
        assert decide(action, after(action, standing, by), by) == {}


@given(standings)
def test_what_a_person_gives_is_in_force_by_him(standing: States) -> None:
    assert after(Action.ADD, standing)[PERSON] in {ACTIVE, CONFIRMED}


@given(standings)
def test_what_a_person_rejects_is_rejected(standing: States) -> None:
    assert set(after(Action.REJECT, standing).values()) == {REJECTED}


@given(standings)
def test_what_a_person_withdraws_is_in_force_by_nobody(standing: States) -> None:
    assert set(after(Action.REMOVE, standing).values()) <= {REJECTED}


@given(standings)
def test_a_model_alone_is_confirmed(standing: States) -> None:
    assert after(Action.CONFIRM, standing).get(MODEL) in {standing.get(MODEL), CONFIRMED}
    assert decide(Action.CONFIRM, {PERSON: ACTIVE}, PERSON) == {}
    assert after(Action.CONFIRM, {MODEL: ACTIVE}) == {MODEL: CONFIRMED}


@given(rejected)
def test_metadata_never_brings_back_what_was_rejected(standing: States) -> None:
    assert decide(Action.ADD, standing, METADATA) == {}


def test_metadata_takes_back_its_own_alone() -> None:
    both = {MODEL: ACTIVE, METADATA: ACTIVE}
    assert decide(Action.REMOVE, both, METADATA) == {METADATA: None}
    assert decide(Action.REMOVE, both, PERSON) == {MODEL: REJECTED, METADATA: REJECTED}


@given(rejected)
def test_a_person_confirms_what_was_rejected(standing: States) -> None:
    assert REJECTED not in after(Action.CONFIRM, standing).values()
    assert decide(Action.CONFIRM, standing, METADATA) == {}


@given(in_force)
def test_metadata_confirms_what_a_model_gave_alone(standing: States) -> None:
    changed = decide(Action.CONFIRM, standing, METADATA)
    assert changed == ({MODEL: CONFIRMED} if standing.get(MODEL) == ACTIVE else {})


ABOVE = {"siskin": ("finch", "bird", "animal"), "bird": ("animal",), "cat": ("animal",)}


def above(label: str) -> tuple[str, ...]:
    return ABOVE.get(label, ())


def test_what_stands_below_a_rejected_word_holds_what_is_below_it() -> None:
    said = Said(rejected={"animal"}, right={"bird"})
    assert [each for each in ("animal", "bird", "siskin", "cat") if said.forbids(each, above)] == [
        "animal",
        "cat",
    ]
    assert Said({"animal", "finch"}, {"bird"}).forbids("siskin", above), "it is no finch"
    assert Said({"animal"}).forbids("siskin", above)


looks = st.lists(st.sampled_from(["given", "taken", "stands", "gone"]), max_size=6).map(
    lambda kinds: [
        Look(number, kind == "given", kind == "taken", kind == "stands")
        for number, kind in enumerate(kinds, 1)
    ]
)


@given(looks, st.data())
def test_what_is_in_force_was_not_taken_back(seen: list[Look], data: st.DataObject) -> None:
    there = [look.id for look in seen if look.given or look.stands]
    before = data.draw(st.sampled_from([None, *there]))
    found = in_force_after(seen, before)
    if found is None:
        assert not any(look.taken for look in seen)
        assert before is None or not any(look.stands for look in seen)
    else:
        assert any(look.id == found and (look.taken or look.stands) for look in seen)


def test_going_back_step_by_step() -> None:
    def look(number: int, kind: str) -> Look:
        return Look(number, kind == "given", kind == "taken", kind == "stands")

    first, second = look(1, "stands"), look(2, "given")
    assert in_force_after([first, second], 2) == 1
    assert in_force_after([look(1, "given"), look(2, "stands")], 2) == 2
    assert in_force_after([second], 2) is None
    assert in_force_after([first, look(2, "taken")], 1) == 2
    assert in_force_after([first, look(2, "stands")], 1) == 1, "an older one that was gone back to"
