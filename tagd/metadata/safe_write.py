"""A file replaced so that it is always the old one or the new one, whole.

    intent → copy beside → attributes → verify → times → fsync → keep the original where asked
           → exchange → compare → forget the old

Whoever changes the photo meanwhile wins: what comes out of the exchange is compared with what was
read, and put back where it is newer. A failure is cleaned up by the same function as a kill.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from typing import TYPE_CHECKING, Final

from tagd.errors import FileBusy, FileChanged, MetadataUnsafe
from tagd.fs import is_being_written, signature_of
from tagd.metadata import file_calls
from tagd.metadata.file_calls import translated
from tagd.metadata.ledger import Intent, Seen
from tagd.metadata.recovery import Recovered, recover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tagd.domain import Signature
    from tagd.metadata.keywords import Keywords
    from tagd.metadata.ledger import Ledger

_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_EXCHANGES: Final = 100


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was read, before anything is written."""

    path: Path
    data: bytes = field(repr=False)
    seen: Seen


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to write. `exchange` swaps two names in one step, or says that it cannot."""

    preserve_mtime: bool = True
    keep_original: bool = False  # as NAME_original, unless there is one
    exchange: Callable[[Path, Path], bool] = file_calls.exchange


def take(path: Path) -> Original:
    """Read a file that may be replaced: a regular one with one name, which nobody is writing.

    Raises MetadataUnsafe, FileBusy, FileChanged, FileVanished, FileUnreadable.
    """
    with translated(path):
        before = path.lstat()
        _require_plain(path, before)
        with _open(path) as descriptor:
            if is_being_written(descriptor):
                raise FileBusy(path, "another program has it open for writing")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                data = file.read()
            seen = Seen.of(os.fstat(descriptor))
    if seen != Seen.of(before) or len(data) != seen.size:
        raise FileChanged(path, "it changed while it was read")
    return Original(path, data, seen)


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
    intent = Intent.to_write(original.path, original.seen, data, ours)
    with _intended(intent, ledger):
        _make_copy(intent.part, original, data)
        verify(intent.part)
        _finish_copy(intent, original, options)
        placed = Seen.of(intent.swap.lstat())
        with _kept(intent, original, options):
            _put_in_place(intent, original, placed, options)
        file_calls.sync_folder(original.path.parent)
        signature = _left(original.path, placed)
        intent.swap.unlink(missing_ok=True)
    ledger.done(intent, signature)
    return signature


def create(path: Path, data: bytes, *, like: Path, ledger: Ledger, ours: Keywords) -> Signature:
    """Put a new file there, with the owner and the permissions of `like`; its owner may write it
    in any case.

    Raises FileChanged where there is one by now.
    """
    intent = Intent.to_write(path, None, data, ours)
    with _intended(intent, ledger):
        permissions = like.stat()
        with _new_file(intent.part, data) as descriptor:
            os.fchmod(descriptor, permissions.st_mode & 0o666 | stat.S_IWUSR)
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, permissions.st_uid, permissions.st_gid)
            os.fsync(descriptor)
        placed = Seen.of(intent.part.lstat())
        try:
            file_calls.rename_new(intent.part, path)
        except FileExistsError as error:
            raise FileChanged(path, "another program made it meanwhile") from error
        file_calls.sync_folder(path.parent)
        signature = _left(path, placed)
    ledger.done(intent, signature)
    return signature


def remove(original: Original, *, ledger: Ledger) -> None:
    """Take away a file that is still as it was read. Raises FileChanged where it is not."""
    intent = Intent.to_write(original.path, original.seen, None)
    with _intended(intent, ledger):
        file_calls.rename_new(original.path, intent.swap)
        if Seen.of(intent.swap.lstat()) != original.seen:
            raise FileChanged(original.path, "another program wrote it meanwhile")
        intent.swap.unlink()
        file_calls.sync_folder(original.path.parent)
    ledger.done(intent, None)


@contextlib.contextmanager
def _intended(intent: Intent, ledger: Ledger) -> Iterator[None]:
    """Tell the ledger first; whatever goes wrong is set right as after a kill. Where that has to
    wait, such as for a disk that went in the midst of it, the ledger keeps it."""
    with translated(intent.path), file_calls.followed(intent.path.parent) as folder:
        ledger.begin(intent)
        try:
            yield
        except BaseException:
            there = replace_fields(intent, path=folder() / intent.path.name)
            came = recover(there)
            if came is not Recovered.AWAITED:
                is_written = came is Recovered.WRITTEN and bool(intent.digest)
                ledger.done(intent, signature_of(there.path.lstat()) if is_written else None)
            raise


@contextlib.contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _new_file(path: Path, data: bytes) -> Iterator[int]:
    descriptor = os.open(path, _NEW, 0o600)
    try:
        file_calls.write_all(descriptor, data)
        yield descriptor
    finally:
        os.close(descriptor)


def _require_plain(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a link to a file" if stat.S_ISLNK(found.st_mode) else "no regular file"
        raise MetadataUnsafe(path, f"it is {kind}, which a replacement would not be")
    if found.st_nlink > 1:
        raise MetadataUnsafe(
            path, f"it has {found.st_nlink} names (hard links), and only one would change"
        )


def _make_copy(part: Path, original: Original, data: bytes) -> None:
    with _new_file(part, data) as descriptor:
        file_calls.copy_attributes(original.path, descriptor)


def _finish_copy(intent: Intent, original: Original, options: WriteOptions) -> None:
    """Times last, since what came before changes them; then the name that says: whole."""
    _complete(intent.part, original, keep_times=options.preserve_mtime)
    intent.part.rename(intent.swap)


def _complete(copy: Path, original: Original, *, keep_times: bool) -> None:
    with _open(copy) as descriptor:
        if keep_times:
            accessed = original.path.lstat().st_atime_ns
            os.utime(descriptor, ns=(accessed, original.seen.mtime_ns))
        os.fsync(descriptor)


@contextlib.contextmanager
def _kept(intent: Intent, original: Original, options: WriteOptions) -> Iterator[None]:
    """Keep what was read beside the photo before that changes, so that neither a kill nor a failure
    costs it; but not where the photo then does not change."""
    path = original.path
    kept = path.with_name(f"{path.name}_original")
    try:
        is_due = options.keep_original and not kept.exists()
    except OSError as error:  # the one that a name which cannot be gives
        raise MetadataUnsafe(path, "its name is too long for NAME_original beside it") from error
    if not is_due:
        yield
        return
    _make_copy(intent.part, original, original.data)
    _complete(intent.part, original, keep_times=True)
    file_calls.rename_new(intent.part, kept)
    try:
        yield
    except BaseException:
        kept.unlink(missing_ok=True)
        raise


def _put_in_place(intent: Intent, original: Original, ours: Seen, options: WriteOptions) -> None:
    with _open(original.path) as descriptor:
        if is_being_written(descriptor):
            raise FileBusy(original.path, "another program has it open for writing")
        if not options.exchange(intent.swap, original.path):
            # The instant between this look and the rename is what the exchange is there to close.
            _require_unchanged(original, original.path)
            intent.swap.replace(original.path)
            return
        if is_being_written(descriptor) or not _came_out(intent, original):
            _put_back(intent, original, ours, options)


def _left(path: Path, ours: Seen) -> Signature:
    """The signature of what we put there, which another program may have replaced since: what it
    made of it must not be taken for ours."""
    found = path.lstat()
    if Seen.of(found) != ours:
        raise FileChanged(path, "another program wrote it meanwhile")
    return signature_of(found)


def _came_out(intent: Intent, original: Original) -> bool:
    return Seen.of(intent.swap.lstat()) == original.seen


def _require_unchanged(original: Original, place: Path) -> None:
    if Seen.of(place.lstat()) != original.seen:
        raise FileChanged(original.path, "another program wrote it meanwhile")


def _put_back(intent: Intent, original: Original, ours: Seen, options: WriteOptions) -> None:
    """Give the photo's name back to what another program made of it, however often it does so.

    What comes out is what was put there, ours or what is outdated by now, or else newer still.
    """
    placed, newest = ours, Seen.of(intent.swap.lstat())
    for _ in range(_MOST_EXCHANGES):
        options.exchange(intent.swap, original.path)
        out = Seen.of(intent.swap.lstat())
        if out == placed:
            intent.swap.unlink()
            break
        placed, newest = newest, out
    raise FileChanged(original.path, "another program wrote it meanwhile")
