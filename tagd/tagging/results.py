"""What came of each photo of a turn: to be recorded, and to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.catalogue.tagging.record import TaggedFile, Tagging
from tagd.domain import Priority
from tagd.tagging.failures import Outcome, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.domain import Choice, DecodedPhoto, Job, Want
    from tagd.labels.derivation import Derivation
    from tagd.tagging.batch import Turn


def result_of(
    job: Job,
    photo: DecodedPhoto,
    turn: Turn,
    derivation: Derivation,
    want_of: Callable[[Choice], Want],
) -> TaggedFile:
    """What is to be recorded of this photo; `want_of` makes a choice comparable."""
    tagging, embedding = None, turn.embeddings.get(photo.photo_id)
    if (answer := turn.answers.get(photo.photo_id)) is not None:
        tagging = Tagging(
            answer.choice.reason,
            answer.stages,
            derivation.tags_of(answer.final),
            refine=answer.choice.refine,
            asked=want_of(answer.choice),
        )
        embedding = answer.embedding
    return TaggedFile(
        job,
        photo.photo_id,
        photo.facts,
        photo.signature,
        tagging,
        turn.wanted.get(photo.photo_id),
        turn.further.get(photo.photo_id, {}),
        embedding,
    )


def is_more_than_seen(result: TaggedFile) -> bool:
    """Whether more came of it than the embedding that it was looked at for alone."""
    looks = [result.tagging, *(look.tagging for look in result.further.values())]
    return result.job.priority != Priority.EMBED or any(looks)


def report_of(result: TaggedFile, notes: tuple[str, ...], name_of: Callable[[str], str]) -> Report:
    """What is told of it; `name_of` gives a label's display name."""
    job = result.job
    taggings = [result.tagging, *(look.tagging for look in result.further.values())]
    given = [tagging for tagging in taggings if tagging is not None]
    if not given:
        return Report(job.path, Outcome.RECOGNISED, job.file_id, result.photo_id, notes=notes)
    return Report(
        job.path,
        Outcome.TAGGED,
        job.file_id,
        result.photo_id,
        tags=tuple(
            f"{name_of(tag.label)} {tag.confidence:.2f}"
            for tagging in given
            for tag in tagging.tags.tags
        ),
        model=given[0].stages[-1].model,
        notes=notes,
    )
