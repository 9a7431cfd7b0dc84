"""What a person may say about tags, and what was measured about them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tagd.labels import tables
from tagd.labels.contradiction import CONVINCING, DENIED, SECONDED

if TYPE_CHECKING:
    from collections.abc import Mapping

# How probable a label must be where the person has not asked for more. See `derive.py` for the
# measurement behind these.
SURE = 0.4
WARY = 0.6  # for a class that answers to pictures of nothing
LEAD = 4.0  # so many times the next class's probability settles it below SURE, too

_ABOUT_NAMES = ("language", "names", "prefix")


@dataclass(frozen=True, slots=True)
class TagRules:
    """How tags follow from probabilities, and what they are called. Labels are ids here; what a
    person writes becomes them in `wording.py`.

    `min_confidence`, from 0 to 1: no tag has less. At the default a label needs `SURE`, or a clear
    `LEAD` over all others; what is asked of it falls and rises with `min_confidence`, and from
    `SURE` on the two are the same. `thresholds`: what single labels need in place of all that.
    `top_k`: the most tags of one photo. `ancestors`: whether the kinds of a thing are tags beside
    it. `allow`: no tags but these, where there are any. `deny`: never these. `alias`: the label
    that is given in the place of another; several may become one. `parents`: what a person wants
    above a label, beside what WordNet has.

    `language`: of the names, such as "en". `names`: a person's own names for labels. `prefix`:
    what every name begins with.
    """

    min_confidence: float = 0.2
    top_k: int = 10
    ancestors: bool = True
    thresholds: Mapping[str, float] = field(default_factory=dict)
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    alias: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    language: str = "en"
    names: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f"min_confidence is a probability, not {self.min_confidence}")
        if not all(0 <= threshold <= 1 for threshold in self.thresholds.values()):
            raise ValueError(f"thresholds are probabilities, not {dict(self.thresholds)}")
        if self.top_k < 1:
            raise ValueError(f"top_k is at least 1, not {self.top_k}")

    @property
    def sure(self) -> float:
        """Return what a label needs by itself."""
        return max(self.min_confidence, min(SURE, 2 * self.min_confidence))

    @property
    def wary(self) -> float:
        """Return the same, of a class that answers to pictures of nothing."""
        return max(self.min_confidence, min(WARY, 3 * self.min_confidence))

    @property
    def mentioned(self) -> frozenset[str]:
        """Return the labels that aliases and parents bring in."""
        above = (each for parents in self.parents.values() for each in parents)
        return frozenset({*self.alias.values(), *self.parents, *above})

    def permits(self, label: str) -> bool:
        """Return whether a label may be given at all."""
        if label in self.deny or label in self.alias:
            return False
        return not self.allow or label in self.allow

    def digest(self) -> str:
        """Return a hash, the same in every process, that changes with anything that makes other
        tags out of the same predictions: these rules, the measured constants, the tables."""
        said = {key: value for key, value in asdict(self).items() if key not in _ABOUT_NAMES}
        constants = [SURE, WARY, LEAD, DENIED, CONVINCING, SECONDED]
        return _hash({**said, "constants": constants, "tables": tables.digest(tables=tables.KINDS)})

    def names_digest(self) -> str:
        """Return the same for anything that gives labels other names."""
        said = {key: getattr(self, key) for key in _ABOUT_NAMES}
        tags = sorted(self.mentioned)
        return _hash({**said, "tags": tags, "tables": tables.digest(tables=tables.NAMES)})


def _hash(said: Mapping[str, object]) -> str:
    text = json.dumps(said, sort_keys=True, default=sorted)  # a set, in one order
    return hashlib.sha256(text.encode()).hexdigest()[:16]
