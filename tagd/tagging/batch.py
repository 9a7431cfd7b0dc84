"""What one turn of the worker, or one batch of it, gathers before it is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.domain import Priority
from tagd.errors import InternalFault, ModelUnavailable, TagdError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tagd.catalogue.tagging.record import InForce, Look
    from tagd.domain import Choice, DecodedPhoto, Embedding, Job, Readings, Want
    from tagd.errors import ModelError, PhotoError
    from tagd.tagging.classify import Answer, Chosen


@dataclass(slots=True)
class Turn:
    """Photos that were decoded, those that failed, and what the models say, by photo id."""

    decoded: list[tuple[Job, DecodedPhoto]] = field(default_factory=list)
    failed: list[tuple[Job, PhotoError]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    # What each photo is to be tagged by in the end, by photo id; None where nobody can tell.
    wanted: dict[str, Want | None] = field(default_factory=dict)
    # What taggers beside the classifier make of them, by photo id and tagger.
    further: dict[str, dict[str, Look]] = field(default_factory=dict)
    # What models saw in those of which no tags were wanted, by photo id.
    embeddings: dict[str, Embedding] = field(default_factory=dict)

    @property
    def to_refine(self) -> set[str]:
        """The photos, by photo id, that are looked at for better tags than they have."""
        return {photo.photo_id for job, photo in self.decoded if job.priority >= Priority.REFINE}

    @property
    def to_embed(self) -> set[str]:
        """The photos, by photo id, that are looked at where nothing else waits."""
        return {photo.photo_id for job, photo in self.decoded if job.priority >= Priority.RETAG}

    @property
    def photos(self) -> int:
        """How many have come to an end."""
        return len(self.decoded) + len(self.failed)

    def readings(self, jobs: Collection[Job]) -> dict[int, Readings]:
        """What these jobs read beside the pictures, by their files' row ids."""
        return {job.file_id: photo.readings for job, photo in self.decoded if job in jobs}

    def apart(self) -> list[Turn]:
        """Each of its photos alone, and all that failed."""
        failed = [Turn(failed=self.failed)] if self.failed else []
        found = (self.answers, self.wanted, self.further, self.embeddings)
        alone = [Turn([each], [], *found) for each in self.decoded]
        self.decoded, self.failed = [], []
        return [*failed, *alone]

    def blame(self, raised: Exception) -> None:
        """Its photos failed by a fault of ours."""
        self.failed += [(job, InternalFault.of(job.path, raised)) for job, _ in self.decoded]
        self.decoded = []

    def add(self, batch: Turn) -> None:
        """Take in what a batch has brought."""
        self.decoded += batch.decoded
        self.failed += batch.failed
        self.answers |= batch.answers
        self.wanted |= batch.wanted
        self.further |= batch.further
        self.embeddings |= batch.embeddings

    def due(
        self,
        contents: Mapping[str, DecodedPhoto],
        chosen: Mapping[str, Chosen],
        in_force: Mapping[str, InForce],
    ) -> dict[str, Choice]:
        """What the models are to be asked of these, all by photo id. Notes what each photo is to be
        tagged by in the end, whether it is asked now or not."""
        found: dict[str, Choice] = {}
        for photo_id, each in chosen.items():
            known = in_force.get(photo_id)
            choice = each.due(known, contents[photo_id], refine=photo_id in self.to_refine)
            if choice is not None:
                found[photo_id] = choice
            self.wanted[photo_id] = each.wanted(known, choice)
        return found

    def take_out(self, photo_ids: Collection[str]) -> list[Job]:
        """Forget these photos; returns their jobs."""
        taken = [job for job, photo in self.decoded if photo.photo_id in photo_ids]
        self.decoded = [each for each in self.decoded if each[1].photo_id not in photo_ids]
        return taken

    def refuse(self, refused: Mapping[str, ModelError]) -> None:
        """Photos whose rule names a model that cannot be had fail for now; the others go on."""
        self.failed += [
            (job, ModelUnavailable(job.path, refused[photo.photo_id].message))
            for job, photo in self.decoded
            if photo.photo_id in refused
        ]
        self.decoded = [each for each in self.decoded if each[1].photo_id not in refused]


def guarded(turn: Turn, do: Callable[[Turn], None]) -> None:
    """Do it for all photos together; where that fails by a fault of ours, for each alone, so that
    the fault costs one photo and no other. Trouble that is no photo's is raised."""
    try:
        do(turn)
    except TagdError:
        raise
    except Exception as raised:
        if not turn.decoded:
            raise
        if turn.photos == 1:
            turn.blame(raised)
            do(turn)
            return
        for part in turn.apart():
            guarded(part, do)
            turn.add(part)
