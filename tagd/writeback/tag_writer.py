"""Writes one photo's tags where other programs read them: the last step of its journey.

    what is wanted → what is there already → write (or report what would change) → note it

Nothing is opened where what was written last is what is wanted now, and the file is as it was left.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import xxhash

from tagd.catalogue.written import inscriptions
from tagd.containers import RAW_FORMATS
from tagd.domain import Place, TagSource, TagState
from tagd.errors import MetadataUnsafe, PermanentPhotoError, PhotoError
from tagd.fs import signature_of
from tagd.metadata import read_back
from tagd.metadata.edit import ALL_FIELDS, Wish
from tagd.metadata.keywords import BY_PERSON, Field, TagRecord
from tagd.metadata.safe_write import WriteOptions
from tagd.metadata.sidecar import SidecarName, SidecarRule
from tagd.metadata.writer import Writer, WriteReport, in_turn
from tagd.policy.matching import matches_path
from tagd.writeback.followers import Followers
from tagd.writeback.ledger import CatalogueLedger, ours_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.runs import Run
    from tagd.catalogue.written.inscriptions import GivenTag, Target
    from tagd.domain import Signature
    from tagd.labels.derivation import Derivation

_NEVER_EMBEDDED: Final = frozenset({*RAW_FORMATS, "RAW"})  # they are negatives


class WriteMode(StrEnum):
    """Where a photo's tags are written."""

    OFF = "off"  # nowhere
    SIDECAR = "sidecar"
    EMBEDDED = "embedded"
    BOTH = "both"

    @property
    def places(self) -> tuple[Place, ...]:
        """Return the same one by one."""
        return {
            WriteMode.OFF: (),
            WriteMode.SIDECAR: (Place.SIDECAR,),
            WriteMode.EMBEDDED: (Place.EMBEDDED,),
            # First the sidecar, which begins with what others have embedded.
            WriteMode.BOTH: (Place.SIDECAR, Place.EMBEDDED),
        }[self]


@dataclass(frozen=True, slots=True)
class MetadataSettings:
    """What a person wants written. `rules` are globs, of which the first that matches counts."""

    write: WriteMode = WriteMode.OFF
    rules: tuple[tuple[str, WriteMode], ...] = ()
    sidecar_name: SidecarName = SidecarName.FULL
    sidecar_folder: Path | None = None
    fields: frozenset[Field] = ALL_FIELDS
    hierarchical: bool = True
    min_confidence: float = 0.0
    options: WriteOptions = field(default_factory=WriteOptions)

    def mode_of(self, path: Path) -> WriteMode:
        """Return where the tags of the photo at this path are to be written."""
        ruled = (write for pattern, write in self.rules if matches_path(pattern, path))
        return next(ruled, self.write)

    def wants(self, path: Path) -> bool:
        """Return whether they are to be written anywhere."""
        return self.mode_of(path) is not WriteMode.OFF

    @property
    def is_off(self) -> bool:
        """Whether nothing is ever to be written."""
        return {self.write, *(write for _, write in self.rules)} == {WriteMode.OFF}

    @property
    def sidecars(self) -> SidecarRule:
        """Where sidecars lie."""
        return SidecarRule(self.sidecar_name, self.sidecar_folder)


class WriteOutcome(StrEnum):
    """What came of bringing one place up to date."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"  # it was right already
    REFUSED = "refused"  # it cannot be done, now or ever
    FAILED = "failed"  # it could not be done this time


Noticed = Callable[[str, Path], None]  # something that a person may want to know of a photo


@dataclass(frozen=True, slots=True)
class TagWriter:
    """Writes what the catalogue says of a photo. For several threads at once."""

    catalogue: Catalogue
    settings: MetadataSettings
    derivation: Derivation
    run: Run
    on_notice: Noticed = lambda _reason, _path: None
    on_outcome: Callable[[Place, WriteOutcome], None] = lambda _place, _outcome: None
    on_aside: Callable[[Path, Path], None] = lambda _aside, _path: None

    def write(
        self, target: Target, write: WriteMode, *, dry_run: bool = False
    ) -> list[WriteReport]:
        """Write the photo's tags wherever `write` says; what cannot be embedded goes into a
        sidecar. Where one place cannot be written the others are all the same. Raises a PhotoError,
        the first; the file that it is about is then as it was."""
        places = dict.fromkeys(_fit(each, target.format) for each in write.places)
        if not dry_run:
            target = self.followed(target, places)
        reports, failed = list[WriteReport](), list[PhotoError]()
        for place in places:
            try:
                reports += self._bring_or_beside(target, place, places, dry_run=dry_run)
            except PhotoError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return reports

    def _bring_or_beside(
        self, target: Target, place: Place, places: Collection[Place], *, dry_run: bool
    ) -> list[WriteReport]:
        try:
            return self._bring(target, place, dry_run=dry_run)
        except MetadataUnsafe as unsafe:
            if place is Place.SIDECAR:
                raise
            self.on_notice(f"{unsafe.reason}; a sidecar has its tags", target.path)
            if Place.SIDECAR in places:
                return []
            return self._bring(target, Place.SIDECAR, dry_run=dry_run)

    def followed(self, target: Target, places: Collection[Place] = ()) -> Target:
        """Return the target once its sidecar lies where the photo does by now, whatever is
        written."""
        followers = Followers(
            self.catalogue, self.settings.sidecars, self.run, self.settings.options
        )
        target = followers.follow(target)
        if Place.SIDECAR in places and Place.SIDECAR not in target.written:
            followers.make_way(target)
        return target

    def has_unread_sidecar(self, target: Target) -> bool:
        """Return whether another program has changed the photo's sidecar since tagd wrote it. What
        it says may not have been read: once tagd writes it again, the watch takes it for tagd's
        own."""
        left = target.written.get(Place.SIDECAR)
        return left is not None and _signature_at(left.path) not in {None, left.signature}

    def take_back(self, target: Target, place: Place, *, dry_run: bool = False) -> WriteReport:
        """Take out of one place what tagd wrote there. Raises as `write` does."""
        return self.write_wish(target, place, Wish(), "", dry_run=dry_run)

    def _bring(self, target: Target, place: Place, *, dry_run: bool) -> list[WriteReport]:
        wish = self.wish(target)
        digest = _digest(wish, target.content if place is Place.SIDECAR else "")
        try:
            if self._stands(target, place, wish, digest, dry_run=dry_run):
                self.on_outcome(place, WriteOutcome.UNCHANGED)
                return []
            report = self.write_wish(target, place, wish, digest, dry_run=dry_run)
        except PhotoError as error:
            is_final = isinstance(error, PermanentPhotoError)
            self.on_outcome(place, WriteOutcome.REFUSED if is_final else WriteOutcome.FAILED)
            raise
        self.on_outcome(
            place, WriteOutcome.WRITTEN if report.has_changes else WriteOutcome.UNCHANGED
        )
        if report.aside is not None and not dry_run:
            self.on_aside(report.aside, target.path)
        return [report]

    def _stands(
        self, target: Target, place: Place, wish: Wish, digest: str, *, dry_run: bool
    ) -> bool:
        """Return whether the file is as it was left when just this was to be written. Opens nothing
        where anything is known of that; of a photo without tags that is found out once."""
        before = target.written.get(place)
        if before is not None:
            return before.wish == digest and _signature_at(before.path) == before.signature
        if wish.taggings:
            return False
        rule = self.settings.sidecars
        if read_back.said_at(target.path, place, rule, target.content).by_tagd:
            return False
        if place is Place.EMBEDDED and not dry_run:
            ledger = CatalogueLedger(self.catalogue, target.file_id, place, digest, self.run)
            self._note(target, ledger, WriteReport(target.path, {}))
        return True

    def wish(self, target: Target) -> Wish:
        """Return the keywords that the photo is to have. What was found in it is there already."""
        least = self.settings.min_confidence
        given = [
            each
            for each in target.tags
            if each.source is not TagSource.METADATA
            and (_said_by_person(each) or each.confidence >= least)
        ]
        taggings = tuple(self._tagging(each) for each in given)
        return Wish(taggings, self.settings.fields, self.settings.hierarchical)

    def _tagging(self, given: GivenTag) -> TagRecord:
        above = _way_to(given.label, self.derivation)
        return TagRecord(
            path=(*(self.derivation.name_of(each) for each in above), given.name),
            model=BY_PERSON if _said_by_person(given) else given.model or "",
            fingerprint=given.fingerprint or "",
            confidence=given.confidence,
            said_at=datetime.fromtimestamp(int(given.said_at), UTC).isoformat(),
        )

    def write_wish(
        self, target: Target, place: Place, wish: Wish, digest: str, *, dry_run: bool
    ) -> WriteReport:
        """Let one place say just this; `digest` tells it from other wishes. Raises as `write`."""
        ledger = CatalogueLedger(self.catalogue, target.file_id, place, digest, self.run)
        writer = Writer(ledger, self.settings.options)
        before = target.written.get(place)
        # Of a copy, or after the catalogue was lost, only the file can tell what is tagd's.
        ours = None if before is None else ours_of(before.ours)
        with in_turn(target.path):
            if place is Place.EMBEDDED:
                report = writer.embed(
                    target.path, wish, ours, known=target.signature, dry_run=dry_run
                )
            else:
                inside = target.written.get(Place.EMBEDDED)
                report = writer.write_sidecar(
                    target.path,
                    wish,
                    ours,
                    rule=self.settings.sidecars,
                    content=target.content,
                    known=target.signature,
                    embedded=None if inside is None else ours_of(inside.ours),
                    dry_run=dry_run,
                )
        if not dry_run:
            self._note(target, ledger, report)
        return report

    def _note(self, target: Target, ledger: CatalogueLedger, report: WriteReport) -> None:
        """Note what is there now, also where nothing had to be written."""
        left = report.signature or _signature_at(report.path)
        with self.catalogue.write() as tx:
            if left is None or not (report.ours or ledger.wish):
                inscriptions.forget(tx, target.file_id, ledger.place)
            elif report.signature is None:
                # A file that was not written is as it was read, or is told to have changed.
                ledger.note(tx, report.path, report.ours, left)


def _fit(place: Place, kind: str) -> Place:
    """Return where a file of this kind gets its tags: nothing is ever written into some."""
    return Place.SIDECAR if kind in _NEVER_EMBEDDED else place


def _way_to(label: str, derivation: Derivation) -> list[str]:
    """Return what a label is a kind of, the most general first: one way, where there are
    several."""
    hierarchy, way = derivation.hierarchy.knowing([label]), list[str]()
    while above := [each for each in hierarchy.shown_above(label) if each in hierarchy.tags]:
        label = above[0]
        way.insert(0, label)
    return way


def _said_by_person(given: GivenTag) -> bool:
    return given.source is TagSource.PERSON or given.state is TagState.CONFIRMED


def _digest(wish: Wish, content: str) -> str:
    """Return a hash that changes with any keyword that would be written, and with the `content`
    that the file is to name, and with nothing else."""
    spelled = {str(each): wish.of(each) for each in Field}
    told = json.dumps(spelled, ensure_ascii=False) + content
    return xxhash.xxh3_128_hexdigest(told.encode())


def _signature_at(path: Path) -> Signature | None:
    try:
        return signature_of(path.lstat())
    except OSError:
        return None
