"""Which models look at a photo, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Choice, Stage
from tagd.errors import ModelError, ModelUnknown, TagdError, WeightsMissing
from tagd.hours import hours_of
from tagd.policy.cascade import EMBEDDED
from tagd.policy.context import Machine, ModelOption, PolicyContext, fits
from tagd.policy.preferences import Cascade, Preferences, Rule, Targets, Use
from tagd.policy.selection import choose, decide, named, reachable, usual
from tagd.policy.tree import CONVNEXT, EDGE, EVA02_LARGE, RESNET, VIT_BASE
from tests.policy import ALL, EVA_LARGE, LITE0, LITE2, PATH, context, machine, option, photo

QUICK, ACCURATE = "efficientnet-lite0", "efficientnet-lite2"
SPORT = Rule("rule 1 (sport)", path="sport/*", models=("resnet-18",))
CASCADE = Cascade(("resnet-18", "convnext-tiny"), (0.7,))


def models_of(choice: Choice) -> tuple[str, ...]:
    return tuple(stage.model for stage in choice.stages)


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_wishes_the_embedded_cascade_is_chosen(nothing: str | None) -> None:
    choice = choose(Preferences(model=nothing), context())
    [settling] = EMBEDDED.settlings
    assert choice.stages == (
        Stage(QUICK, settling.settles_at, settling.temperature),
        Stage(ACCURATE),
    )
    assert choice.reason == (
        f"the embedded cascade: {QUICK}, and {ACCURATE} where it is less than 60% sure"
    )
    assert not choice.refine


EVERYTHING = Preferences(
    model="vit-base-augreg2", rules=(SPORT,), cascade=CASCADE, targets=Targets(Use.EDGE)
)


@pytest.mark.parametrize(
    ("preferences", "models", "reason"),
    [
        (EVERYTHING, ("vit-base-augreg2",), "named in [model] name"),
        (replace(EVERYTHING, model=None), ("resnet-18",), "rule 1 (sport): resnet-18"),
        (
            replace(EVERYTHING, model=None, rules=(replace(SPORT, path="faces/*"),)),
            CASCADE.models,
            "[policy.cascade]: resnet-18, and convnext-tiny where it is less than 70% sure",
        ),
        (Preferences(targets=Targets(Use.EDGE)), (ACCURATE,), f'use = "edge": {ACCURATE}'),
        (
            Preferences(rules=(Rule("rule 1", targets=Targets(Use.GENERAL)),)),
            ("convnext-tiny",),
            'rule 1: use = "general": convnext-tiny',
        ),
        (
            Preferences(rules=(Rule("rule 1", models=(QUICK, "convnext-tiny")),)),
            (QUICK, "convnext-tiny"),
            f"rule 1: {QUICK}, and convnext-tiny where it is less than 60% sure",
        ),
    ],
)
def test_the_order_in_which_wishes_count(
    preferences: Preferences, models: tuple[str, ...], reason: str
) -> None:
    choice = choose(preferences, context())
    assert (models_of(choice), choice.reason) == (models, reason)


def test_rules_by_every_fact_of_the_photo_lead_to_their_own_models() -> None:
    preferences = Preferences(
        rules=(
            Rule("night", hours=hours_of("22:00-06:00"), models=("eva02-base",)),
            Rule("raw", type="RAW", models=("convnext-base",)),
            Rule("nikon", camera="nikon*", models=("resnet-50",)),
            Rule("small", max_megapixels=1, models=("resnet-18",)),
        )
    )
    assert models_of(choose(preferences, context(machine(at="23:00")))) == ("eva02-base",)
    assert models_of(choose(preferences, context(format="NEF"))) == ("convnext-base",)
    assert models_of(choose(preferences, context(camera_make="NIKON CORPORATION"))) == (
        "resnet-50",
    )
    assert models_of(choose(preferences, context(width=100))) == ("resnet-18",)
    assert models_of(choose(preferences, context())) == EMBEDDED.models
    assert decide(preferences, context(width=100)).rule == preferences.rules[3]


MISSING = option("vit-base-augreg2", 85, 1, fingerprint=None)


@pytest.mark.parametrize(
    "preferences",
    [
        Preferences(model="vit-base-augreg2"),
        Preferences(rules=(Rule("rule 1", models=("vit-base-augreg2",)),)),
        Preferences(cascade=Cascade((QUICK, "vit-base-augreg2"))),
    ],
)
def test_what_a_person_named_is_never_replaced(preferences: Preferences) -> None:
    with pytest.raises(WeightsMissing, match="vit-base-augreg2 are not on this disk"):
        choose(preferences, context(machine(LITE0, LITE2, MISSING)))
    with pytest.raises(ModelUnknown, match="no model is called 'vit-base-augreg2'"):
        choose(preferences, context(machine(LITE0, LITE2)))
    with pytest.raises(ModelError, match=r"needs about .* MB, the budget is 50"):
        choose(replace(preferences, memory_budget_mb=50), context())


def test_every_model_that_is_named_is_known_as_such() -> None:
    assert named(EVERYTHING) == ("vit-base-augreg2",)
    assert named(replace(EVERYTHING, model=None)) == ("resnet-18", "convnext-tiny")
    assert named(Preferences(targets=Targets(Use.EDGE))) == ()


def test_where_the_embedded_cascade_does_not_fit_what_fits_is_chosen() -> None:
    choice = choose(Preferences(memory_budget_mb=150), context(machine(LITE0, LITE2)))
    assert choice.stages == (Stage(ACCURATE),)
    assert choice.reason.startswith("the embedded cascade cannot be had: efficientnet-lite2")
    with pytest.raises(ModelError, match="no model on this disk fits the memory"):
        choose(Preferences(memory_budget_mb=50), context())


HURRIED = machine(waiting=500)


@pytest.mark.parametrize(
    ("preferences", "quick"),
    [
        (Preferences(), QUICK),
        (Preferences(cascade=CASCADE), "resnet-18"),
        (Preferences(targets=Targets(Use.GENERAL)), QUICK),
        (Preferences(rules=(Rule("rule 1", targets=Targets(Use.GENERAL)),)), QUICK),
    ],
)
def test_a_long_queue_works_with_a_quicker_model_and_notes_it(
    preferences: Preferences, quick: str
) -> None:
    busy = replace(preferences, backlog=500)
    choice = choose(busy, context(HURRIED))
    assert choice.stages == (Stage(quick),)
    assert choice.refine
    calm = choose(preferences, context())
    assert choice.reason == f"{quick} for now, as 500 photos or more wait; then {calm.reason}"
    assert choose(busy, context(machine(waiting=499))) == calm
    assert choose(busy, context(HURRIED.at_rest())) == calm
    assert choose(preferences, context(HURRIED)) == calm


@pytest.mark.parametrize(
    "preferences",
    [
        Preferences(model="eva02-large", backlog=1),
        Preferences(rules=(Rule("r", models=("eva02-large",)),), backlog=1),
        Preferences(targets=Targets(Use.EDGE, latency_ms=7), backlog=1),  # there is none quicker
    ],
)
def test_what_is_named_or_quickest_is_kept_however_long_the_queue_is(
    preferences: Preferences,
) -> None:
    assert choose(preferences, context(HURRIED)) == choose(preferences, context())


def test_what_may_be_reached_depends_on_the_path_alone() -> None:
    preferences = Preferences(
        rules=(
            SPORT,
            Rule("raw", path="sport/*", type="RAW", models=("convnext-base",)),
            Rule("faces", path="faces/*", models=("eva02-base",)),
            Rule("night", hours=hours_of("01:00-02:00"), targets=Targets(Use.GENERAL)),
        ),
        backlog=10,
    )
    everywhere = (*EMBEDDED.models, "convnext-tiny")
    assert set(reachable(preferences, machine(), Path("/x.jpg"))) == set(everywhere)
    assert set(reachable(preferences, machine(), PATH)) == {
        *everywhere,
        "resnet-18",
        "convnext-base",
    }
    assert reachable(Preferences(model="resnet-50"), machine(), PATH) == ("resnet-50",)


def test_a_rule_that_cannot_be_followed_stops_only_the_photos_that_it_is_about() -> None:
    preferences = Preferences(
        rules=(Rule("raw", type="RAW", models=("eva02-large",)),), memory_budget_mb=1000
    )
    assert reachable(preferences, machine(), PATH) == EMBEDDED.models
    assert models_of(choose(preferences, context())) == EMBEDDED.models
    with pytest.raises(ModelError, match="raw: eva02-large needs about"):
        choose(preferences, context(format="CR2"))


def test_what_is_usual_heeds_no_rule_and_no_queue() -> None:
    preferences = Preferences(rules=(Rule("all", models=("resnet-50",)),), backlog=1)
    assert usual(preferences, HURRIED).choice == choose(Preferences(), context())


# For any machine and any wishes

NAMES = sorted({*CONVNEXT, *EDGE, *RESNET, *VIT_BASE, EVA02_LARGE, "vgg-16", "eva02-base"})
speeds = st.none() | st.sampled_from([1.0, 2.0, 5.0]) | st.floats(0.1, 5000)
options = st.lists(
    st.builds(
        ModelOption,
        model=st.sampled_from(NAMES),
        memory_mb=st.integers(1, 3000),
        fingerprint=st.sampled_from([None, "here", "here", "here"]),
        top1=st.none() | st.floats(50, 91),
        milliseconds=speeds,
        measured=st.booleans(),
        label_set=st.sampled_from(["imagenet-1k"] * 4 + ["own"]),
    ),
    unique_by=lambda each: each.model,
    max_size=12,
).map(tuple)
machines = st.builds(
    Machine,
    options=options,
    free_mb=st.none() | st.integers(0, 6000),
    waiting=st.integers(0, 20),
    at=st.times(),
)
targets = st.builds(
    Targets,
    use=st.none() | st.sampled_from(Use),
    accuracy=st.none() | st.floats(50, 95),
    latency_ms=st.none() | st.floats(0.1, 5000),
)
stages = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple)
rules = st.builds(
    Rule,
    name=st.just("rule"),
    type=st.sampled_from(["", "JPEG", "PNG"]),
    models=st.just(()) | stages,
    targets=targets,
)
wishes = st.builds(
    Preferences,
    model=st.none() | st.sampled_from(NAMES),
    rules=st.lists(rules, max_size=2).map(tuple),
    cascade=st.none() | st.builds(Cascade, models=stages),
    targets=targets,
    memory_budget_mb=st.none() | st.floats(1, 6000),
    backlog=st.none() | st.integers(1, 20),
)


def chosen(preferences: Preferences, there: Machine) -> Choice | None:
    try:
        return choose(preferences, PolicyContext(PATH, photo(), there))
    except TagdError:
        return None


@given(wishes, machines)
def test_a_choice_fits_is_here_ends_decided_and_is_always_the_same(
    preferences: Preferences, there: Machine
) -> None:
    choice = chosen(preferences, there)
    assert choice == chosen(preferences, there)
    if choice is None:
        return
    found = [each for stage in choice.stages if (each := there.find(stage.model))]
    assert len(found) == len(choice.stages)
    assert all(each.fingerprint for each in found)
    assert fits(found, preferences.memory_budget_mb, there)
    assert choice.stages[-1].settles_at is None
    assert all(stage.settles_at is not None for stage in choice.stages[:-1])
    assert choice.reason


def test_the_order_of_the_models_decides_nothing() -> None:
    preferences = Preferences(targets=Targets(Use.GENERAL, latency_ms=40))
    assert chosen(preferences, machine(*ALL)) == chosen(preferences, machine(*reversed(ALL)))


@given(wishes, machines, st.tuples(st.floats(0.1, 5000), st.floats(0.1, 5000)))
def test_a_shorter_time_never_picks_a_slower_model(
    preferences: Preferences, there: Machine, times: tuple[float, float]
) -> None:
    asked = replace(preferences, model=None, rules=(), cascade=None)

    def takes(latency_ms: float) -> float | None:
        wanted = replace(asked, targets=replace(asked.targets, latency_ms=latency_ms))
        if (choice := chosen(wanted, there)) is None:
            return None
        found = there.find(choice.stages[0].model)
        assert found is not None
        return float("inf") if found.milliseconds is None else found.milliseconds

    shorter, longer = takes(min(times)), takes(max(times))
    assert (shorter is None) == (longer is None)
    if shorter is not None and longer is not None:
        assert shorter <= longer


@given(wishes, machines)
def test_whatever_is_chosen_was_decoded_for(preferences: Preferences, there: Machine) -> None:
    if (choice := chosen(preferences, there)) is None:
        return
    try:
        possible = reachable(preferences, there, PATH)
    except TagdError:
        return  # the photo is not even decoded while what is usual cannot be had
    assert set(models_of(choice)) <= set(possible)


def test_a_large_model_is_chosen_when_it_is_named_and_there() -> None:
    assert models_of(choose(Preferences(model=EVA_LARGE.model), context())) == ("eva02-large",)
