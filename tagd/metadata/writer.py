"""The story of one write.

    read → join → compare → write safely → what was written

Embedded, or into a sidecar; and back again, which is the same with nothing wished for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tagd.containers import DamagedContainer, former_hashes, payload_hash
from tagd.containers.splice import CannotSplice
from tagd.errors import (
    FileBusy,
    FileChanged,
    MetadataMalformed,
    MetadataUnsafe,
)
from tagd.metadata import file_calls, packets, reader, sidecar, xmp
from tagd.metadata.begun import without
from tagd.metadata.edit import Edit, Wish, edit_packet, edit_photo
from tagd.metadata.file_calls import translated
from tagd.metadata.folder import opened
from tagd.metadata.keywords import IN_XMP, Field, claimed, without_controls
from tagd.metadata.ledger import FileIdentity
from tagd.metadata.safe_write import WriteOptions, create, remove, replace, take
from tagd.metadata.verify import harm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tagd.domain import Signature
    from tagd.metadata.keywords import Joined, Keywords
    from tagd.metadata.ledger import Ledger
    from tagd.metadata.reader import FileTags
    from tagd.metadata.safe_write import Original
    from tagd.metadata.sidecar import SidecarRule

Decodes = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What one write did, or would do.

    `ours` is what tagd answers for in this file from now on, to be handed in with the next write.
    `signature` is that of the file as it was left, None where nothing was written.
    `left_out` says in words what was wished and could not be done.
    `aside` is where the sidecar of another photo is now that had this one's name.
    """

    path: Path
    ours: Keywords
    added: Keywords = field(default_factory=dict)
    removed: Keywords = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    signature: Signature | None = None
    aside: Path | None = None

    @property
    def has_changes(self) -> bool:
        """Return whether the file's keywords are not what they should be, or were not."""
        return bool(self.added or self.removed)

    def difference(self) -> tuple[str, ...]:
        """Return a line a change, such as `+ dc:subject: cat`."""
        lines = []
        for which in Field:
            lines += [f"- {which}: {value}" for value in self.removed.get(which, ())]
            lines += [f"+ {which}: {value}" for value in self.added.get(which, ())]
        return tuple(lines)


_REPAIR_PHOTO: Final = (
    "; `exiftool -XMP:all=` takes its XMP out, with all that it says, or [[metadata.rules]] can"
    " have a sidecar written instead"
)
_REPAIR_SIDECAR: Final = "; repair it, or move it away"
_LARGE: Final = 32 << 20  # bytes
_TURN: Final = threading.Lock()
_PATIENCE_SECONDS: Final = 60.0


@contextlib.contextmanager
def in_turn(photo: Path) -> Iterator[None]:
    """Write large photos one at a time, so that what they take of the memory does not add up.
    Raises FileBusy where that takes too long."""
    with translated(photo):
        is_large = photo.stat().st_size > _LARGE
    if is_large and not _TURN.acquire(timeout=_PATIENCE_SECONDS):
        raise FileBusy(photo, "other large photos are being written")
    try:
        yield
    finally:
        if is_large:
            _TURN.release()


_CHANGED: Final = "it has changed since it was tagged"
_OUTDATED: Final = (
    "beside it is of another photo, which had this name before, and not only tagd wrote it; rename"
    " it after that photo, or delete it. If it is of this one, edited since, take tagd:PhotoID out"
)


def _decodes_anyway(_: Path) -> None:
    """Take it to decode: the picture is compared byte for byte in any case."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes keywords. `decodes` is given our copy of a photo, and raises if it does not decode."""

    ledger: Ledger
    options: WriteOptions = field(default_factory=WriteOptions)
    decodes: Decodes = _decodes_anyway

    def embed(
        self,
        photo: Path,
        wish: Wish,
        ours: Keywords | None,
        *,
        known: Signature | None = None,
        dry_run: bool = False,
    ) -> WriteReport:
        """Write into the photo itself, where it is the one that is `known`. `ours` is what tagd
        answers for in it, None where only the photo can tell. Raises a PhotoError; the photo is
        then as it was."""
        original = take(photo, self.options)
        if known is not None and not _is_known(original.seen, known):
            raise FileChanged(photo, _CHANGED)
        with _explained(photo, _REPAIR_PHOTO):
            edit = edit_photo(original.data, wish, ours)
        report = _report(photo, edit, ours)
        new = edit.data
        if dry_run or new is None or new == original.data:
            return report
        wrong = harm(original.data, new)
        if wrong:
            raise MetadataUnsafe(photo, f"the copy with the keywords is not good: {wrong}")
        signature = replace(
            original,
            new,
            ledger=self.ledger,
            verify=self.decodes,
            ours=report.ours,
            options=self.options,
        )
        return dataclasses.replace(report, signature=signature)

    def write_sidecar(
        self,
        photo: Path,
        wish: Wish,
        ours: Keywords | None,
        *,
        rule: SidecarRule,
        content: str | None = None,
        known: Signature | None = None,
        embedded: Keywords | None = None,
        dry_run: bool = False,
    ) -> WriteReport:
        """Write into the sidecar of the photo with this content, where the file is the one that is
        `known`, or shows that content. A new one begins with the keywords
        that are embedded, but for those that tagd has `embedded` itself. Of this, as of `ours`,
        None says that only the file can tell.

        Raises a PhotoError; the sidecar is then as it was.
        """
        inside, like = self._looked_at(photo, content, known)
        place, original, aside = self._present(photo, rule, content, dry_run=dry_run)
        with _explained(place, _REPAIR_SIDECAR):
            old = original.data if original else None
            theirs = _theirs(inside, embedded)
            subject = _subject(photo, place, content, is_new=old is None)
            edit = edit_packet(
                old,
                wish,
                ours,
                _carried(theirs),
                padded=False,
                subject=subject,
                elsewhere=theirs,
            )
        report = dataclasses.replace(_report(place, edit, ours), aside=aside)
        if dry_run or edit.data == old:
            return report
        if original is None:
            assert edit.data is not None
            file_calls.make_folder(place.parent)
            signature = create(
                place,
                edit.data,
                like=like,
                ledger=self.ledger,
                ours=report.ours,
                options=self.options,
            )
        elif edit.data is None:
            remove(original, ledger=self.ledger, options=self.options)
            return report
        else:
            with _explained(place, ""):
                xmp.parse(edit.data)
            signature = replace(
                original,
                edit.data,
                ledger=self.ledger,
                verify=_decodes_anyway,
                ours=report.ours,
                options=self.options,
            )
        return dataclasses.replace(report, signature=signature)

    def _present(
        self, photo: Path, rule: SidecarRule, content: str | None, *, dry_run: bool
    ) -> tuple[Path, Original | None, Path | None]:
        """Return the photo's sidecar, or where it is to be; what is there; and where that of
        another photo is now that was there."""
        with translated(rule.mirror_of(photo.parent)):
            place = sidecar.choose(photo, rule, content)
            is_outdated = content is not None and place in sidecar.outdated(photo, rule, content)
        with translated(place):
            is_there = file_calls.is_there(place)
        original = take(place, self.options, most=xmp.MOST_BYTES) if is_there else None
        if original is None or not is_outdated:
            return place, original, None
        with _explained(place, _REPAIR_SIDECAR):
            packet = xmp.parse(original.data)
        # What others wrote there is theirs.
        if not xmp.is_tagds_alone(packet):
            raise MetadataUnsafe(photo, f"{place.name} {_OUTDATED}")
        return place, None, place if dry_run else out_of_the_way(place, self.options)

    def _looked_at(
        self, photo: Path, content: str | None, known: Signature | None
    ) -> tuple[FileTags, os.stat_result]:
        """Read what the photo says, and its status. Others could see what it says in a new sidecar,
        so that no link to it counts but its owner's. Raises FileChanged where it is another."""
        with (
            translated(photo),
            opened(photo.parent, self.options.named) as folder,
            folder.opened(photo.name, follow=True) as descriptor,
            os.fdopen(os.dup(descriptor), "rb") as file,
        ):
            data, found = file.read(), os.fstat(descriptor)
        is_as_known = known is None or _is_known(FileIdentity.of(found), known)
        if not is_as_known and content not in {payload_hash(data), *former_hashes(data)}:
            raise FileChanged(photo, _CHANGED)
        return reader.of_photo(data), found


def _is_known(seen: FileIdentity, known: Signature) -> bool:
    return (seen.size, seen.mtime_ns) == (known.size, known.mtime_ns)


def _report(path: Path, edit: Edit, before: Keywords | None) -> WriteReport:
    def chosen(part: Callable[[Joined], tuple[str, ...]]) -> Mapping[Field, tuple[str, ...]]:
        values = {field: part(result) for field, result in edit.joined.items()}
        return {field: found for field, found in values.items() if found}

    # What could not be taken away from a field is still tagd's.
    kept = {field: values for field, values in (before or {}).items() if field not in edit.joined}
    return WriteReport(
        path=path,
        ours={**kept, **chosen(lambda result: result.ours)},
        added=chosen(lambda result: result.added),
        removed=chosen(lambda result: result.removed),
        left_out=edit.left_out,
    )


def _subject(photo: Path, place: Path, content: str | None, *, is_new: bool) -> Mapping[str, str]:
    """Return what the sidecar is to say of the photo that it is for."""
    said = {} if content is None else {xmp.PHOTO_ID: content}
    if is_new and place.stem != photo.name and photo.suffix:
        said[xmp.SIDECAR_FOR] = photo.suffix[1:]
    return said


def out_of_the_way(place: Path, options: WriteOptions) -> Path:
    """Call a sidecar NAME.xmp_orphan, or NAME.xmp_orphan2 and so on, never over another; returns
    what it is called. Raises a PhotoError."""
    with translated(place), opened(place.parent, options.named) as folder:
        for number in itertools.count(1):
            name = f"{place.name}_orphan{number if number > 1 else ''}"
            with contextlib.suppress(FileExistsError):
                folder.rename_new(place.name, name)
                return place.with_name(name)
    raise AssertionError("numbers do not run out")


def _theirs(found: FileTags, ours: Keywords | None) -> Keywords:
    """Return the keywords that others embedded in the photo, as far as XML can hold them."""
    if ours is None:
        ours = claimed(found.claims, found.keywords, lambda _: ())
    return {which: _sound(without(found.of(which), ours.get(which, ()))) for which in Field}


def _carried(theirs: Keywords) -> Keywords:
    """Return the same in the fields that a sidecar has."""
    plain = theirs[Field.SUBJECT] or theirs[Field.IPTC] or theirs[Field.WINDOWS]
    return {**{which: theirs[which] for which in IN_XMP}, Field.SUBJECT: plain}


def _sound(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(without_controls, values)))


@contextlib.contextmanager
def _explained(path: Path, repair: str) -> Iterator[None]:
    """Turn what the bytes say into an error about the file. `repair`: what to do about XMP that
    cannot be read."""
    try:
        yield
    except xmp.MalformedPacket as error:
        raise MetadataMalformed(path, f"{error}, so that it is not rewritten{repair}") from error
    except (packets.NoPlace, CannotSplice, DamagedContainer) as error:
        raise MetadataUnsafe(path, str(error)) from error
