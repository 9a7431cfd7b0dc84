"""What came of each photo of a turn: to be recorded, and to be told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tagd.catalogue.tagging.record import TaggedFile, Tagging
from tagd.domain import CLASSIFIER, Priority
from tagd.tagging.failures import Outcome, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.record import Look
    from tagd.domain import Choice, DecodedPhoto, Embedding, Job, Tags, Want
    from tagd.labels.derivation import Derivation
    from tagd.tagging.batch import Turn


class PersonalTags(Protocol):
    """Scores photos by what was learnt of a person's own tags."""

    def take_in(self, tx: Connection, seen: Sequence[Embedding], now: float) -> set[int]:
        """Have photos get the tags that they are like, by what a model sees in them; return those
        whose tags changed, by row id."""


def result_of(
    job: Job,
    photo: DecodedPhoto,
    turn: Turn,
    derivation: Derivation,
    want_of: Callable[[Choice], Want],
    *,
    keeps_embeddings: bool = True,
) -> TaggedFile:
    """What is to be recorded of this photo; `want_of` makes a choice comparable."""
    answer, looks = turn.answers.get(photo.photo_id), turn.further.get(photo.photo_id, {})
    said = {key: look.tagging.stages[-1] for key, look in looks.items() if look.tagging}
    if answer is not None:
        said[CLASSIFIER] = answer.final
    tags = derivation.together(said)
    tagging, embedding = None, turn.embeddings.get(photo.photo_id)
    if answer is not None:
        tagging = Tagging(
            answer.choice.reason,
            answer.stages,
            tags[CLASSIFIER],
            refine=answer.choice.refine,
            asked=want_of(answer.choice),
        )
        embedding = answer.embedding if keeps_embeddings else None
    return TaggedFile(
        job,
        photo.photo_id,
        photo.facts,
        photo.signature,
        tagging,
        turn.wanted.get(photo.photo_id),
        {key: _with(look, tags.get(key)) for key, look in looks.items()},
        embedding,
    )


def _with(look: Look, tags: Tags | None) -> Look:
    """The look with its tags."""
    if look.tagging is None or tags is None:
        return look
    return replace(look, tagging=replace(look.tagging, tags=tags))


def is_partial(result: TaggedFile) -> bool:
    """Whether some taggers looked and others did not, so that what those said before counts too."""
    looked = [bool(result.tagging), *(bool(look.tagging) for look in result.further.values())]
    return any(looked) and not all(looked)


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
    sure: dict[str, float] = {}
    for tag in (tag for tagging in given for tag in tagging.tags.tags):
        sure[tag.label] = max(sure.get(tag.label, 0.0), tag.confidence)
    surest = sorted(sure, key=lambda label: -sure[label])
    return Report(
        job.path,
        Outcome.TAGGED,
        job.file_id,
        result.photo_id,
        tags=tuple(f"{name_of(label)} {sure[label]:.2f}" for label in surest),
        model=given[0].stages[-1].model,
        notes=notes,
    )


def seen_in(results: Sequence[TaggedFile]) -> list[Embedding]:
    """Return what models saw in these."""
    return [each.embedding for each in results if each.embedding is not None]
