"""Tags inside the photos, on request: written, taken back, and read."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tagd.app.selection import Selection, file_ids
from tagd.assembly.derivation import derivation_of
from tagd.assembly.writing import metadata_settings, writes_of
from tagd.catalogue.tagging.runs import Run, noted
from tagd.catalogue.tagging.undone import runs_there
from tagd.catalogue.written import inscriptions, revisions
from tagd.errors import CatalogueError, ConfigError, FileBusy, InternalFault, TagdError
from tagd.metadata.read_back import readings_at
from tagd.tagging.keyword_sync import take_in
from tagd.writeback.bulk import work_off
from tagd.writeback.queue import note_failure, settle
from tagd.writeback.refresh import as_it_is
from tagd.writeback.tag_writer import TagWriter, WriteMode
from tagd.writeback.taking_back import TakingBack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.written.inscriptions import Target
    from tagd.config import Config
    from tagd.errors import PhotoError
    from tagd.labels.derivation import Derivation
    from tagd.metadata.sidecar import SidecarRule
    from tagd.metadata.writer import WriteReport
    from tagd.tagging.keyword_sync import TakenIn
    from tagd.work.progress import Progress
    from tagd.writeback.bulk import Written
    from tagd.writeback.queue import Writes
    from tagd.writeback.tag_writer import MetadataSettings

    OnProgress = Callable[[Progress], None]
    OnFailed = Callable[[PhotoError], None]

_READINGS: Final = 5  # of one photo whose tags are written meanwhile

__all__ = [
    "Read",
    "WriteMode",
    "WriteRequest",
    "WriteResult",
    "read",
    "require_on",
    "take_back",
    "write",
]


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Whose tags are to be written. `to`: where, whatever the configuration says."""

    photos: Selection
    to: WriteMode | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What was, or would be, written, and the number of the run that `take_back` takes, where there
    is one."""

    done: Written
    run: int | None


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: how many files, of how many photos the tags changed, what is to be told of
    single files, what failed and why, and the number of the run, if anything changed."""

    files: int
    changed: int
    notes: tuple[tuple[Path, str], ...]
    failed: tuple[tuple[Path, str], ...]
    run: int | None


def require_on(config: Config, to: WriteMode | None) -> None:
    """Raise `ConfigError` where nothing is ever written into photos and `to` does not say where."""
    if _directed(metadata_settings(config), to).is_off:
        raise ConfigError(
            "nothing is written into photos: [metadata] write is off", key="metadata.write"
        )


def write(
    catalogue: Catalogue,
    config: Config,
    request: WriteRequest,
    on_progress: OnProgress = lambda _: None,
    on_failed: OnFailed = lambda _: None,
) -> WriteResult:
    """Write tags into photos, or say what would be written.

    The callbacks are called from any thread. Ctrl-C ends it when the files in hand are done. Raises
    `ConfigError` as `require_on` does, `QueryError`, and `TagdError` where there are no such files.
    """
    require_on(config, request.to)
    settings, derivation, run = (
        metadata_settings(config),
        derivation_of(config),
        Run.of("tagd write"),
    )
    tag_writer = TagWriter(catalogue, _directed(settings, request.to), derivation, run)
    dry_run = request.dry_run
    with catalogue.read() as tx:
        files = file_ids(tx, request.photos, derivation.rules)

    def work(target: Target) -> Sequence[WriteReport]:
        now = as_it_is(catalogue, target, dry_run=dry_run)
        mode = tag_writer.settings.mode_of(target.path)
        reports = tag_writer.write(now, mode, dry_run=dry_run)
        if not dry_run and {*settings.mode_of(target.path).places} <= {*mode.places}:
            settle(catalogue, target)
        return reports

    def fail(target: Target, error: PhotoError) -> None:
        on_failed(error)
        if not dry_run:
            note_failure(catalogue, target, error)

    done = work_off(catalogue, files, work, on_progress, fail)
    with catalogue.read() as tx:
        return WriteResult(done, noted(tx, run))


def take_back(
    catalogue: Catalogue,
    config: Config,
    number: int,
    *,
    to: WriteMode | None = None,
    dry_run: bool = False,
    on_progress: OnProgress = lambda _: None,
    on_failed: OnFailed = lambda _: None,
) -> WriteResult:
    """Take back what the run of this number wrote, or say what would be. Calls back, and ends, as
    `write` does. Raises `TagdError` where there is no such run."""
    settings = _directed(metadata_settings(config), to)
    run = Run.of(f"tagd write --undo {number}")
    tag_writer = TagWriter(catalogue, settings, derivation_of(config), run)
    taking_back, places = TakingBack(tag_writer, number), defaultdict(list)
    with catalogue.read() as tx:
        if not runs_there(tx, number):
            raise TagdError(
                f"there is no run {number}", hint="`tagd history` lists the latest runs."
            )
        for file_id, place in revisions.written_in(tx, number):
            places[file_id].append(place)

    def work(target: Target) -> Sequence[WriteReport]:
        now = as_it_is(catalogue, target, any_picture=True, dry_run=dry_run)
        reports = [
            taking_back.take_back(now, place, dry_run=dry_run) for place in places[target.file_id]
        ]
        if not dry_run:
            settle(catalogue, target)  # what was about to be written is not wanted there either
        return reports

    def fail(_target: Target, error: PhotoError) -> None:
        on_failed(error)

    return WriteResult(work_off(catalogue, list(places), work, on_progress, fail), None)


def read(
    catalogue: Catalogue,
    config: Config,
    paths: Sequence[Path],
    on_failed: OnFailed = lambda _: None,
) -> Read:
    """Read what other programs wrote into the photos at these absolute paths, and beside them. One
    that cannot be read keeps no other from it. Raises `PathUnknown`."""
    derivation, run = derivation_of(config), Run.of("tagd read")
    sidecars = metadata_settings(config).sidecars
    reader = _Reader(catalogue, derivation, sidecars, run, writes_of(config))
    changed: set[int] = set()
    notes: list[tuple[Path, str]] = []
    failed: list[tuple[Path, str]] = []
    with catalogue.read() as tx:
        files = file_ids(tx, Selection(tuple(paths)), derivation.rules)
        targets = [inscriptions.target(tx, file_id) for file_id in files]
    for target in filter(None, targets):
        try:
            taken = reader.read(target)
        except CatalogueError:
            raise
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this photo alone
            error = InternalFault.translated(target.path, raised)
            on_failed(error)
            failed.append((error.path, error.advice_at_once))
        else:
            changed |= taken.photos
            notes += [(target.path, note) for told in taken.notes.values() for note in told]
    with catalogue.read() as tx:
        return Read(len(files), len(changed), tuple(notes), tuple(failed), noted(tx, run))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads photos one by one, as part of a run. `writes` queues what is then to be written."""

    catalogue: Catalogue
    derivation: Derivation
    sidecars: SidecarRule
    run: Run
    writes: Writes | None

    def read(self, target: Target) -> TakenIn:
        """Take in what the photo says, read again where its tags were written meanwhile: words of
        which the reading does not know yet would pass for taken away. Raises FileBusy."""
        for _ in range(_READINGS):
            with self.catalogue.read() as tx:
                before = inscriptions.written(tx, target.file_id)
            said = {target.file_id: readings_at(target.path, self.sidecars, target.content)}
            with self.catalogue.write() as tx:
                if inscriptions.written(tx, target.file_id) == before:
                    taken = take_in(tx, said, self.derivation, self.run, time.time())
                    if self.writes is not None:
                        self.writes.queue_rows(tx, taken.photos)
                    return taken
        raise FileBusy(target.path, "its tags are being written again and again")


def _directed(settings: MetadataSettings, to: WriteMode | None) -> MetadataSettings:
    """Return the settings with `to` in the place of what they say of where."""
    return settings if to is None else replace(settings, write=to, rules=())
