"""Which models look at a photo, and why. Pure: the same facts give the same choice.

What a person named is never replaced: where it is not there, or does not fit, that is an error.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.domain import Choice, Stage
from tagd.errors import ModelError, ModelUnknown, WeightsMissing
from tagd.policy import cascade, matching, tree
from tagd.policy.context import fits, needed_mb
from tagd.policy.preferences import Cascade, Preferences, Targets, named

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.policy.context import Machine, ModelOption, PolicyContext
    from tagd.policy.preferences import Rule
    from tagd.policy.tree import PassedOver

__all__ = [
    "Decision",
    "Preferences",
    "by_rule",
    "check",
    "choose",
    "decide",
    "has_room",
    "named",
    "reachable",
    "rule_of",
    "usual",
]

EMBEDDED = Cascade(cascade.EMBEDDED.models)
QUICK_TOP1 = 74.8  # %, what a quicker model must have at least: that of EfficientNet-Lite0


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice and how it came about: the rule that matched, where the cascade's thresholds come
    from, and the models that were better placed but could not be had."""

    choice: Choice
    rule: Rule | None = None
    origin: str = ""
    passed_over: tuple[PassedOver, ...] = ()


def choose(preferences: Preferences, context: PolicyContext) -> Choice:
    """Choose the models for a photo, in the order in which they are asked, and the reason. See
    `decide`."""
    return decide(preferences, context).choice


def decide(preferences: Preferences, context: PolicyContext) -> Decision:
    """Decide which models look at a photo, and say how that came about.

    Raises `ModelUnknown`, `WeightsMissing` and `ModelError` for models that the user named and that
    there are not, or that do not fit; and `ModelError` when no model fits at all.
    """
    return by_rule(preferences, rule_of(preferences, context), context.machine)


def rule_of(preferences: Preferences, context: PolicyContext) -> Rule | None:
    """Return the rule that counts for a photo, if one does."""
    return None if preferences.model else matching.first_match(preferences.rules, context)


def usual(preferences: Preferences, machine: Machine) -> Decision:
    """Decide for a photo that no rule is about, with nothing in the queue."""
    return by_rule(replace(preferences, backlog=None), None, machine)


def check(preferences: Preferences, machine: Machine) -> None:
    """Raise `ModelError` for models that a person named and that never fit the memory budget,
    however much memory is free."""
    empty = replace(machine.at_rest(), free_mb=None)
    for rule in (None, *preferences.rules):
        if rule is None or rule.models:
            by_rule(preferences, rule, empty)


def has_room(preferences: Preferences, choice: Choice, machine: Machine) -> bool:
    """Return whether the choice's models may be in memory together now."""
    found = [machine.find(stage.model) for stage in choice.stages]
    return fits([option for option in found if option], preferences.memory_budget_mb, machine)


def reachable(preferences: Preferences, machine: Machine, path: Path) -> tuple[str, ...]:
    """Return every model that the file at `path`, not read yet, may need, each once: what it is
    decoded for. The hour may change until then, and the queue may grow or shrink."""
    busy = replace(machine, waiting=max(machine.waiting, preferences.backlog or 0))
    patient = replace(preferences, backlog=None)
    ways = [(preferences, machine.at_rest()), (preferences, busy), (patient, machine.at_its_best())]
    found = [by_rule(wanted, None, moment).choice for wanted, moment in ways]
    for rule in () if preferences.model else preferences.rules:
        if matching.may_match(rule, path):
            # A model that cannot be had now is trouble for photos that the rule is about, and
            # nobody knows yet whether this is one.
            with suppress(ModelError):
                found += [by_rule(wanted, rule, moment).choice for wanted, moment in ways]
    return tuple(dict.fromkeys(stage.model for choice in found for stage in choice.stages))


def by_rule(preferences: Preferences, rule: Rule | None, machine: Machine) -> Decision:
    """Decide what follows where this rule counts, or none does. Raises as `decide` does."""
    if preferences.model:
        return _by_name(
            Cascade((preferences.model,)), "named in [model] name", preferences, machine
        )
    if rule is not None and rule.models:
        decision = _by_name(Cascade(rule.models), rule.name, preferences, machine)
        return replace(decision, rule=rule)
    if rule is not None:
        decision = _by_targets(rule.targets, preferences, machine)
        reason = f"{rule.name}: {decision.choice.reason}"
        decision = replace(decision, rule=rule, choice=replace(decision.choice, reason=reason))
    elif preferences.cascade is not None:
        decision = _by_name(preferences.cascade, "[policy.cascade]", preferences, machine)
    elif preferences.targets:
        decision = _by_targets(preferences.targets, preferences, machine)
    else:
        decision = _embedded(preferences, machine)
    return _hurried(decision, preferences, machine)


def _by_name(wanted: Cascade, who: str, preferences: Preferences, machine: Machine) -> Decision:
    """Decide for what a person named, and nothing else."""
    options = [_existing(model, who, machine) for model in wanted.models]
    if not fits(options, preferences.memory_budget_mb, machine):
        lack = tree.lacks_room(needed_mb(options), preferences.memory_budget_mb, machine)
        raise ModelError(
            f"{who}: {' and '.join(wanted.models)} {lack}",
            hint="Name a smaller model, raise memory_budget, or close other programs.",
        )
    stages, origin = cascade.stages_of(wanted, machine)
    if len(stages) == 1:
        reason = who if who.startswith("named") else f"{who}: {stages[0].model}"
        return Decision(Choice(stages, reason))
    return Decision(Choice(stages, f"{who}: {cascade.described(stages)}"), origin=origin)


def _existing(model: str, who: str, machine: Machine) -> ModelOption:
    option = machine.find(model)
    if option is None:
        raise ModelUnknown(f"{who}: no model is called {model!r}")
    if option.fingerprint is None:
        raise WeightsMissing(
            f"{who}: the weights of {model} are not on this disk",
            hint="Get them, or name another model. `tagd policy explain` shows what is there.",
        )
    return option


def _by_targets(targets: Targets, preferences: Preferences, machine: Machine) -> Decision:
    picked = tree.pick(targets, preferences.memory_budget_mb, machine)
    if picked is None:
        raise ModelError(
            "no model on this disk fits the memory",
            hint="Raise memory_budget, close other programs, or get a smaller model.",
        )
    choice = Choice((Stage(picked.option.model),), picked.reason)
    return Decision(choice, passed_over=picked.passed_over)


def _embedded(preferences: Preferences, machine: Machine) -> Decision:
    """Decide for the cascade that comes with tagd; the best single model where it does not fit."""
    options = [machine.find(model) for model in EMBEDDED.models]
    there = [option for option in options if option is not None and option.fingerprint is not None]
    if len(there) == len(options) and fits(there, preferences.memory_budget_mb, machine):
        stages, origin = cascade.stages_of(EMBEDDED, machine)
        reason = f"the embedded cascade: {cascade.described(stages)}"
        return Decision(Choice(stages, reason), origin=origin)
    return _by_targets(Targets(), preferences, machine)


def _hurried(decision: Decision, preferences: Preferences, machine: Machine) -> Decision:
    """Put a quicker model, while the queue is long, in the place of the one chosen, if there is
    one; noted, so that the photo is looked at again when there is time."""
    if preferences.backlog is None or machine.waiting < preferences.backlog:
        return decision
    stages = decision.choice.stages
    if len(stages) > 1:
        quick = stages[0].model
    else:
        chosen = machine.find(stages[0].model)
        found = tree.quickest(QUICK_TOP1, preferences.memory_budget_mb, machine)
        if chosen is None or found is None or not tree.quicker(found, chosen):
            return decision
        quick = found.model
    why = (
        f"as {preferences.backlog:,} photos or more wait"
        if preferences.backlog
        else "to be refined when idle"
    )
    reason = f"{quick} for now, {why}; then {decision.choice.reason}"
    return replace(decision, choice=Choice((Stage(quick),), reason, refine=True))
