"""The keys of `[learn]`: personal tags."""

from __future__ import annotations

from pydantic import Field

from tagd.config.section import Section


class Learn(Section):
    """Personal tags that are learnt by `tagd learn NAME` from the photos that you gave them, and
    learnt again by themselves, in the hours of [worker], when you have said more.
    """

    give: bool = Field(
        default=False,
        description="Give photos the tag where that was right 9 times in 10 or more, as `tagd"
        " learn NAME --give` does for one tag. Otherwise photos are suggested, for you to confirm"
        " or reject.",
    )
