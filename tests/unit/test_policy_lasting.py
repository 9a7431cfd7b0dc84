"""What a photo is to be tagged by in the end: no backlog, no hour and no full memory changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Choice, Want
from tagd.errors import ModelError
from tagd.hours import hours_of
from tagd.policy.lasting import Lasting, settled_on, want_of
from tagd.policy.preferences import Cascade, Preferences, Rule, Targets, Use
from tagd.policy.selection import choose
from tests.policy import PATH, context, machine, option, photo

NIGHT = Rule("night", hours=hours_of("22:00-06:00"), models=("eva02-base",))
SPORT = Rule("sport", path="sport/*", models=("resnet-18",))
EXACT = Rule("exact", type="JPEG", targets=Targets(Use.HIGH_ACCURACY))
CASCADE = Cascade(("resnet-18", "convnext-tiny"), (0.7,))
ALL_WANTS = [
    Preferences(),
    Preferences(model="resnet-50"),
    Preferences(rules=(NIGHT,)),
    Preferences(rules=(NIGHT, SPORT)),
    Preferences(rules=(NIGHT, EXACT), cascade=CASCADE),
    Preferences(cascade=CASCADE),
    Preferences(targets=Targets(latency_ms=70)),
    Preferences(targets=Targets(accuracy=84)),
]


def key_of(choice: Choice) -> str:
    return want_of(choice, lambda model: f"of {model}").key


@given(
    preferences=st.sampled_from(ALL_WANTS),
    at=st.times(),
    backlog=st.sampled_from([None, 0, 5]),
    waiting=st.integers(0, 20),
    free_mb=st.one_of(st.none(), st.integers(300, 8000)),
)
def test_neither_hour_nor_backlog_nor_memory_makes_a_photo_stale(
    preferences: Preferences, at: time, backlog: int | None, waiting: int, free_mb: int | None
) -> None:
    whole = machine(whole_mb=8000)
    preferences = replace(preferences, backlog=backlog)
    now = replace(whole, at=at, waiting=waiting, free_mb=free_mb)
    content = [key_of(each) for each in Lasting(preferences, whole).choices(PATH, photo())]
    assert [key_of(each) for each in Lasting(preferences, now).choices(PATH, photo())] == content
    assert Lasting(preferences, now).digest() == Lasting(preferences, whole).digest()
    # With nothing in the way, what is chosen now is one of these.
    calm = replace(now, waiting=0, free_mb=8000)
    chosen = choose(replace(preferences, backlog=None), context(calm))
    assert key_of(chosen) in content
    wanted = [Want(key, "") for key in content]
    assert settled_on(wanted, key_of(chosen)).key == key_of(chosen)


def test_a_quick_look_is_never_what_is_wanted() -> None:
    preferences = Preferences(cascade=CASCADE, backlog=0)
    quick = choose(preferences, context())
    assert quick.refine
    assert quick.reason.startswith("resnet-18 for now, to be refined when idle; then ")
    [lasting] = Lasting(preferences, machine()).choices(PATH, photo())
    assert not lasting.refine
    assert key_of(quick) not in {key_of(lasting), key_of(replace(quick, refine=False))}


@pytest.mark.parametrize(
    "other",
    [
        Preferences(cascade=replace(CASCADE, settles_at=(0.8,))),
        Preferences(cascade=Cascade(("resnet-50", "convnext-tiny"), (0.7,))),
        Preferences(model="convnext-tiny"),
    ],
)
def test_other_models_and_other_thresholds_are_another_want(other: Preferences) -> None:
    one, another = (
        Lasting(preferences, machine()).choices(PATH, photo())
        for preferences in (Preferences(cascade=CASCADE), other)
    )
    assert key_of(one[0]) != key_of(another[0])
    assert (
        Lasting(Preferences(cascade=CASCADE), machine()).digest()
        != Lasting(other, machine()).digest()
    )


def test_the_digest_follows_the_models_on_disk_and_what_was_measured() -> None:
    tiny = option("convnext-tiny", 82.1, 60)
    digests = {
        Lasting(Preferences(), machine(each)).digest()
        for each in (tiny, replace(tiny, fingerprint="new"), replace(tiny, milliseconds=70.0))
    }
    assert len(digests) == 3


def test_a_named_model_that_is_not_here_is_an_error_of_its_photos_alone() -> None:
    gone = machine(option("resnet-18", 69.8, 20), option("x", 70, 1, fingerprint=None))
    preferences = Preferences(
        rules=(Rule("r", path="other/*", models=("x",)),), targets=Targets(Use.EDGE)
    )
    lasting = Lasting(preferences, gone)
    assert [each.stages[0].model for each in lasting.choices(PATH, photo())] == ["resnet-18"]
    with pytest.raises(ModelError, match="x"):
        lasting.choices(PATH.parent.parent / "other" / "a.jpg", photo())


def test_a_night_rule_whose_model_is_gone_leaves_the_rest() -> None:
    there = machine(option("resnet-18", 69.8, 20))
    preferences = Preferences(rules=(NIGHT,), targets=Targets(Use.REALTIME))
    [choice] = Lasting(preferences, there).choices(PATH, photo())
    assert choice.stages[0].model == "resnet-18"
