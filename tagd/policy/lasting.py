"""What a photo is to be tagged by in the end: whatever waits, whatever the hour, and whatever else
takes memory at this moment. Pure.

Rules that hold for some hours alone come and go with the clock. So a photo is content with what
such a rule chose for it, and is never looked at again because of the hour.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tagd.domain import Want
from tagd.errors import ModelError
from tagd.policy import selection
from tagd.policy.context import PolicyContext
from tagd.policy.matching import matches_at_some_hour

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tagd.domain import Choice, PhotoFacts
    from tagd.policy.context import Machine
    from tagd.policy.preferences import Preferences, Rule


class Lasting:
    """The choices that last. What a rule leads to is the same for every photo that it is about, so
    that a million photos cost a million looks at the rules alone."""

    def __init__(self, preferences: Preferences, machine: Machine) -> None:
        self._preferences = replace(preferences, backlog=None)
        self._machine = machine.at_its_best()
        self._found: dict[Rule | None, Choice | ModelError] = {}

    @property
    def is_one_for_all(self) -> bool:
        """Return whether every photo is to be tagged by the same models."""
        return bool(self._preferences.model) or not self._preferences.rules

    def choices(self, path: Path, photo: PhotoFacts) -> tuple[Choice, ...]:
        """Return the choice that a photo is to be tagged by; then those that it is content with
        too.

        Raises `ModelError` where a model that a person named for it cannot be had.
        """
        *for_some_hours, rule = self._rules(path, photo)
        others = []
        for timed in for_some_hours:
            # A rule whose model is not there now has chosen nothing that is to be kept.
            with suppress(ModelError):
                others.append(self._choice(timed))
        return (self._choice(rule), *others)

    def possible(self) -> tuple[Choice, ...]:
        """Return every choice that any photo may be tagged by, of those that can be had."""
        found = []
        for rule in (None, *(() if self.is_one_for_all else self._preferences.rules)):
            with suppress(ModelError):
                found.append(self._choice(rule))
        return tuple(found)

    def choice_for_all(self) -> Choice:
        """Return the choice for photos that no rule is about. Raises `ModelError` as `choices`
        does."""
        return self._choice(None)

    def digest(self) -> str:
        """Return a hash that changes with anything that may lead to other choices."""
        values = [asdict(self._preferences), asdict(self._machine)]
        return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()

    def _rules(self, path: Path, photo: PhotoFacts) -> tuple[Rule | None, ...]:
        if self.is_one_for_all:
            return (None,)
        context = PolicyContext(path, photo, self._machine)
        return matches_at_some_hour(self._preferences.rules, context)

    def _choice(self, rule: Rule | None) -> Choice:
        if rule not in self._found:
            try:
                self._found[rule] = selection.by_rule(self._preferences, rule, self._machine).choice
            except ModelError as trouble:
                self._found[rule] = trouble
        found = self._found[rule]
        if isinstance(found, ModelError):
            raise found
        return found


def want_of(choice: Choice, fingerprint_of: Callable[[str], str]) -> Want:
    """Return a choice as it can be compared with others: by the fingerprints of its models, in
    which order they are asked, and how sure each must be."""
    fingerprints = tuple(fingerprint_of(stage.model) for stage in choice.stages)
    sure = [(stage.settles_at, stage.temperature) for stage in choice.stages]
    return Want(
        key=json.dumps([choice.refine, fingerprints, sure]),
        models=", then ".join(stage.model for stage in choice.stages),
        fingerprints=fingerprints,
        refine=choice.refine,
    )


def settled_on(content_with: Sequence[Want], asked: str | None) -> Want:
    """Return what is wanted for a photo whose models were last asked as `asked` (a key) says: the
    same, if the photo is content with it, else the first."""
    return next((want for want in content_with if want.key == asked), content_with[0])
