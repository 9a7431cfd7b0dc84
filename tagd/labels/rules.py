"""What a person may say about tags, and what was measured about them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from tagd.labels import tables

# How probable a label must be where the person has not asked for more. See `derive.py` for the
# measurement behind these.
SURE = 0.4
WARY = 0.6  # for a class that answers to pictures of nothing
LEAD = 4.0  # so many times the next class's probability settles it below SURE, too


@dataclass(frozen=True, slots=True)
class TagRules:
    """How tags follow from probabilities.

    `min_confidence`, from 0 to 1: no tag has less. At the default a label needs `SURE`, or a clear
    `LEAD` over all others; what is asked of it falls and rises with `min_confidence`, and from
    `SURE` on the two are the same. `top_k`: the most tags of one photo. `ancestors`: whether the
    kinds of a thing are tags beside it. `language`: of the names, such as "en".
    """

    min_confidence: float = 0.2
    top_k: int = 10
    ancestors: bool = True
    language: str = "en"

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f"min_confidence is a probability, not {self.min_confidence}")
        if self.top_k < 1:
            raise ValueError(f"top_k is at least 1, not {self.top_k}")

    @property
    def sure(self) -> float:
        """What a label needs by itself."""
        return max(self.min_confidence, min(SURE, 2 * self.min_confidence))

    @property
    def wary(self) -> float:
        """The same, of a class that answers to pictures of nothing."""
        return max(self.min_confidence, min(WARY, 3 * self.min_confidence))

    def digest(self) -> str:
        """A hash, the same in every process, that changes with anything that makes other tags or
        other names: these rules, the measured constants, the tables."""
        said = {**asdict(self), "constants": [SURE, WARY, LEAD], "tables": tables.digest()}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
