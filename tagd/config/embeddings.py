"""The keys of `[embeddings]`: what models see in photos, beside what they say."""

from __future__ import annotations

from pydantic import Field

from tagd.config.section import Section


class Embeddings(Section):
    """What a model sees in a photo before it names anything, as a row of numbers that are alike for
    photos that look alike: 1.3 kB a photo. Photos that were tagged without are looked at for it in
    the hours of [retag], after all else. Backups leave it out.
    """

    keep: bool = Field(
        default=True,
        description="Keep it. false removes what is kept.",
    )
