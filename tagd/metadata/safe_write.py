"""A file replaced so that it is always the old one or the new one, whole.

    intent → copy beside → attributes → verify → times → fsync → keep the original where asked
           → exchange → compare → forget the old

Whoever changes the photo meanwhile wins: what comes out of the exchange is compared with what was
read, and put back where it is newer. A failure is cleaned up by the same function as a kill. All of
it is done in one open folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tagd.errors import FileBusy, FileChanged, MetadataUnsafe
from tagd.fs import is_being_written, signature_of
from tagd.metadata import file_calls
from tagd.metadata.file_calls import translated
from tagd.metadata.folder import Folder, opened
from tagd.metadata.ledger import FileIdentity, Intent, digest_of
from tagd.metadata.recovery import Recovered, recover_in
from tagd.metadata.way_back import NOTHING, way_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tagd.domain import Signature
    from tagd.metadata.keywords import Keywords
    from tagd.metadata.ledger import Ledger

_MOST_EXCHANGES: Final = 100
_MOST: Final = 256 << 20  # bytes that are taken into memory, where two or three times as many go


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was read, before anything is written. `has_holes`: it takes less room on the
    disk than it has bytes."""

    path: Path
    data: bytes = field(repr=False)
    seen: FileIdentity
    has_holes: bool = False


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to write. `exchange` swaps two names in one step, or says that it cannot. `named` are the
    folders that a person named: links in their own paths are that person's."""

    preserve_mtime: bool = True
    keep_original: bool = False  # as NAME_original, unless there is one
    named: tuple[Path, ...] = ()
    exchange: Callable[[Folder, str, str], bool] = Folder.exchange


_PLAIN: Final = WriteOptions()


def take(path: Path, options: WriteOptions = _PLAIN, *, most: int = _MOST) -> Original:
    """Read a file that may be replaced: a regular one with one name, of at most so many bytes,
    which nobody is writing.

    Raises MetadataUnsafe, FileBusy, FileChanged, FileVanished, FileUnreadable.
    """
    with translated(path), opened(path.parent, options.named) as folder:
        before = folder.lstat(path.name)
        _require_plain(path, before)
        if before.st_size > most:
            raise MetadataUnsafe(path, f"it is larger than {most >> 20} MB")
        with folder.opened(path.name) as descriptor:
            if is_being_written(descriptor):
                raise FileBusy(path, "another program has it open for writing")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                data = file.read(before.st_size + 1)
            found = os.fstat(descriptor)
    seen = FileIdentity.of(found)
    if seen != FileIdentity.of(before) or len(data) != seen.size:
        raise FileChanged(path, "it changed while it was read")
    return Original(path, data, seen, found.st_blocks * 512 < found.st_size)


def replace(
    original: Original,
    data: bytes,
    *,
    ledger: Ledger,
    verify: Callable[[Path], None],
    ours: Keywords,
    options: WriteOptions,
) -> Signature:
    """Put `data` in the place of what was read. Returns the signature of the file that is there.

    `verify` is given our copy before it takes the photo's place, and raises where it is not good.
    Raises a PhotoError; the photo is then as it was, or as another program made it.
    """
    way = way_back(data, original.data)
    intent = Intent.to_write(original.path, original.seen, data, ours, way)
    with _intended(intent, ledger, options) as folder:
        _make_copy(folder, intent.part.name, original, data)
        if not folder.holds(intent.part.name, intent.digest):
            raise MetadataUnsafe(original.path, "the copy does not read as it was written")
        verify(intent.part)
        _finish_copy(folder, intent, original, options)
        placed = FileIdentity.of(folder.lstat(intent.swap.name))
        with _kept(folder, intent, original, options):
            _put_in_place(folder, intent, original, placed, options)
        folder.sync()
        signature = _left(folder, intent, placed)
        folder.unlink(intent.swap.name)
    ledger.done(intent, signature)
    return signature


def create(
    path: Path,
    data: bytes,
    *,
    like: os.stat_result,
    ledger: Ledger,
    ours: Keywords,
    options: WriteOptions = _PLAIN,
) -> Signature:
    """Put a new file there, with the owner and the permissions of `like`; its owner may write it
    in any case.

    Raises FileChanged where there is one by now.
    """
    intent = Intent.to_write(path, None, data, ours, NOTHING)
    with _intended(intent, ledger, options) as folder:
        with folder.created(intent.part.name, data) as descriptor:
            # Some file systems keep neither, such as exFAT.
            with contextlib.suppress(PermissionError):
                os.fchmod(descriptor, like.st_mode & 0o666 | stat.S_IWUSR)
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, like.st_uid, like.st_gid)
            os.fsync(descriptor)
        placed = FileIdentity.of(folder.lstat(intent.part.name))
        folder.require_place()
        try:
            folder.rename_new(intent.part.name, path.name)
        except FileExistsError as error:
            raise FileChanged(path, "another program made it meanwhile") from error
        folder.sync()
        signature = _left(folder, intent, placed)
    ledger.done(intent, signature)
    return signature


def move(
    original: Original,
    destination: Path,
    *,
    ledger: Ledger,
    ours: Keywords,
    options: WriteOptions = _PLAIN,
) -> Signature:
    """Give a file that is still as it was read another name, in another folder perhaps, which has
    to be there; on another disk a copy takes its place. Never over something.

    Raises FileChanged where something has that name, or the file is not as it was read.
    """
    with translated(original.path):
        before = original.path.lstat()
    with translated(destination.parent):
        is_near = destination.parent.stat().st_dev == before.st_dev
    if not is_near:
        signature = create(
            destination, original.data, like=before, ledger=ledger, ours=ours, options=options
        )
        remove(original, ledger=ledger, options=options)
        return signature
    intent = Intent.to_write(destination, None, original.data, ours)
    with (
        _intended(intent, ledger, options) as folder,
        opened(original.path.parent, options.named) as source,
    ):
        _require_unchanged(source, original, original.path.name)
        folder.require_place()
        try:
            source.rename_new(original.path.name, destination.name, folder)
        except FileExistsError as error:
            raise FileChanged(destination, "there is another file of its name") from error
        source.sync()
        folder.sync()
        signature = _left(folder, intent, original.seen)
    ledger.done(intent, signature)
    return signature


def remove(original: Original, *, ledger: Ledger, options: WriteOptions = _PLAIN) -> None:
    """Take away a file that is still as it was read. Raises FileChanged where it is not."""
    intent = Intent.to_write(original.path, original.seen, None)
    with _intended(intent, ledger, options) as folder:
        folder.rename_new(original.path.name, intent.swap.name)
        _require_unchanged(folder, original, intent.swap.name)
        folder.unlink(intent.swap.name)
        folder.sync()
    ledger.done(intent, None)


@contextlib.contextmanager
def _intended(intent: Intent, ledger: Ledger, options: WriteOptions) -> Iterator[Folder]:
    """Tell the ledger first; whatever goes wrong is set right as after a kill. Where that has to
    wait, such as for a disk that went in the midst of it, the ledger keeps it."""
    name = intent.path.name
    with translated(intent.path), opened(intent.path.parent, options.named) as folder:
        ledger.begin(intent)
        try:
            yield folder
        except BaseException:
            came = recover_in(folder, intent)
            if came is not Recovered.AWAITED:
                is_written = came is Recovered.WRITTEN and bool(intent.digest)
                ledger.done(intent, signature_of(folder.lstat(name)) if is_written else None)
            raise


def _require_plain(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a link to a file" if stat.S_ISLNK(found.st_mode) else "no regular file"
        raise MetadataUnsafe(path, f"it is {kind}, which a replacement would not be")
    if found.st_nlink > 1:
        raise MetadataUnsafe(
            path, f"it has {found.st_nlink} names (hard links), and only one would change"
        )


def _make_copy(folder: Folder, name: str, original: Original, data: bytes) -> None:
    with (
        folder.created(name, data, with_holes=original.has_holes) as descriptor,
        folder.opened(original.path.name) as source,
    ):
        file_calls.copy_attributes(source, descriptor)


def _finish_copy(folder: Folder, intent: Intent, original: Original, options: WriteOptions) -> None:
    """Set times last, since what came before changes them; then the name that says: whole."""
    _complete(folder, intent.part.name, original, keep_times=options.preserve_mtime)
    folder.rename(intent.part.name, intent.swap.name)


def _complete(folder: Folder, copy: str, original: Original, *, keep_times: bool) -> None:
    with folder.opened(copy) as descriptor:
        if keep_times:
            # Its own, which `seen` does not hold exactly where it is far off.
            times = folder.lstat(original.path.name)
            os.utime(descriptor, ns=(times.st_atime_ns, times.st_mtime_ns))
        os.fsync(descriptor)


@contextlib.contextmanager
def _kept(
    folder: Folder, intent: Intent, original: Original, options: WriteOptions
) -> Iterator[None]:
    """Keep what was read beside the photo before that changes, so that neither a kill nor a failure
    costs it; but not where the photo then does not change."""
    path = original.path
    kept = f"{path.name}_original"
    try:
        is_due = options.keep_original and not folder.exists(kept)
    except OSError as error:  # the one that a name which cannot be gives
        raise MetadataUnsafe(path, "its name is too long for NAME_original beside it") from error
    if not is_due:
        yield
        return
    _make_copy(folder, intent.part.name, original, original.data)
    _complete(folder, intent.part.name, original, keep_times=True)
    folder.rename_new(intent.part.name, kept)
    try:
        yield
    except BaseException:
        folder.unlink(kept)
        raise


def _put_in_place(
    folder: Folder, intent: Intent, original: Original, ours: FileIdentity, options: WriteOptions
) -> None:
    name, swap = original.path.name, intent.swap.name
    folder.require_place()
    with folder.opened(name) as descriptor:
        if is_being_written(descriptor):
            raise FileBusy(original.path, "another program has it open for writing")
        if not options.exchange(folder, swap, name):
            # The instant between this look and the rename is what the exchange is there to close.
            _require_unchanged(folder, original, name)
            folder.rename(swap, name)
            return
        if is_being_written(descriptor) or FileIdentity.of(folder.lstat(swap)) != original.seen:
            _put_back(folder, intent, original, ours, options)


def _left(folder: Folder, intent: Intent, ours: FileIdentity) -> Signature:
    """Return the signature of what we put there, which another program may have replaced since:
    what it made of it must not be taken for ours. Some file systems give it another inode, or count
    the name that it had before."""
    found = folder.lstat(intent.path.name)
    if FileIdentity.of(found) != ours and not folder.holds(intent.path.name, intent.digest):
        raise FileChanged(intent.path, "another program wrote it meanwhile")
    return signature_of(folder.lstat(intent.path.name))


def _require_unchanged(folder: Folder, original: Original, name: str) -> None:
    found, seen = FileIdentity.of(folder.lstat(name)), original.seen
    is_alike = (found.size, found.mtime_ns) == (seen.size, seen.mtime_ns)
    if found != seen and not (is_alike and folder.holds(name, digest_of(original.data))):
        raise FileChanged(original.path, "another program wrote it meanwhile")


def _put_back(
    folder: Folder, intent: Intent, original: Original, ours: FileIdentity, options: WriteOptions
) -> None:
    """Give the photo's name back to what another program made of it, however often it does so.

    What comes out is what was put there, ours or what is outdated by now, or else newer still.
    """
    name, swap = original.path.name, intent.swap.name
    placed, newest = ours, FileIdentity.of(folder.lstat(swap))
    for _ in range(_MOST_EXCHANGES):
        options.exchange(folder, swap, name)
        out = FileIdentity.of(folder.lstat(swap))
        if out == placed:
            folder.unlink(swap)
            break
        placed, newest = newest, out
    raise FileChanged(original.path, "another program wrote it meanwhile")
