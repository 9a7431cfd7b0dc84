"""The keys of `[taggers]`: who looks at photos beside the classifier."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from tagd.config.section import Section, Unit

PRECISIONS = (0.85, 0.9, 0.95)  # as the heads have thresholds for


def _measured(precision: float) -> float:
    if precision not in PRECISIONS:
        raise ValueError(f"must be one of {', '.join(map(str, PRECISIONS))}")
    return precision


class Taggers(Section):
    """Who gives tags beside the classifier, from what that has seen already. Changes here are
    applied at the next start without looking at the photos again.
    """

    everyday: bool = Field(
        default=True,
        description="Everyday words: people, beach, sunset, food, document and 80 others. false"
        " takes their tags away; true gives them back.",
    )
    precision: Annotated[float, Unit("share"), AfterValidator(_measured)] = Field(
        default=0.9,
        description="How many of the everyday words given are to be right: 0.85 gives more words,"
        " 0.95 fewer. Single words: [tags] thresholds.",
    )
