"""Everything that can go wrong, as one tree.

    TagdError                    something a person can read and act on
    ├── ConfigError              a key, its value, what is wrong with it
    ├── CatalogueError           the database cannot be used
    │   ├── CatalogueMissing     there is none yet
    │   ├── CatalogueHeld        another process works on it
    │   ├── CatalogueBusy        locked for longer than we wait (transient)
    │   ├── CatalogueTooNew      written by a newer tagd
    │   ├── CatalogueCorrupt     SQLite says that the file is damaged
    │   └── CatalogueUnsuitable  its place cannot hold it: network file system, no rights, full disk
    ├── QueryError               a search that says nothing, with the place in its text
    ├── ModelError               a model cannot be had
    │   ├── ModelUnknown         no such id
    │   ├── WeightsMissing       known, but its files are not on this disk
    │   ├── WeightsRefused       tampered with, unsafe to load, or not what the labels say
    │   └── DeviceUnavailable    the device asked for is not there
    ├── TagUnknown               a word that means no tag, or one of several
    ├── ControlError             the running daemon cannot be spoken to
    ├── MetricsError, WebError   metrics, or the pages in the browser, cannot be served
    ├── ServiceError             systemd does not do what was asked
    ├── DecoderUnavailable       no decoder process can be started
    └── PhotoError               one photo, by path, with the reason
        ├── PermanentPhotoError  will not get better by itself
        │   ├── NotAnImage
        │   ├── UnsupportedImage an image of a kind that this installation does not read
        │   ├── CorruptImage
        │   ├── TooLarge
        │   ├── MetadataMalformed    its metadata cannot be read, and is never rewritten
        │   ├── MetadataUnsafe       nothing can be written without harm to something else
        │   ├── NameTooLong          its file system takes no name so long
        │   ├── NotWritable          its folder, or the file, may not be written to
        │   └── EndedTagd            tagd died of it, again and again
        └── TransientPhotoError  worth another try
            ├── TruncatedImage   perhaps still being written
            ├── FileChanged      changed while it was read
            ├── FileVanished     not there any more
            ├── FileUnreadable   no permission, I/O error
            ├── ModelUnavailable the model that its rule names cannot be had now
            ├── DecoderDied      the decoder crashed on it
            ├── DecoderHung      the decoder took too long and was killed
            ├── StorageHung      its network file system did not answer in time
            ├── Deferred         others of its folder have just taken too long
            ├── FileBusy         another program has it open for writing
            ├── DiskFull         no room for a second copy beside it
            └── InternalFault    a fault of tagd's own

Errors of libraries are translated at the edge where they arise; nothing above sees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LONGEST_WORDS = 200  # characters of what was raised
_MOST_SHOWN = 160  # letters of a query


class TagdError(Exception):
    """Something a person can read and act on: `message` says what, `hint` what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


def in_a_line(error: Exception) -> str:
    """Say what is wrong and what to do, in one line."""
    return "; ".join(map(str.strip, str(error).splitlines()))


class ConfigError(TagdError):
    """A configuration that cannot be used; `key` is dotted, such as `watch.settle_seconds`."""

    def __init__(self, message: str, *, key: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.key = key


class CatalogueError(TagdError):
    """The catalogue cannot be used."""


class CatalogueMissing(CatalogueError):
    """There is no catalogue at this path yet."""


class CatalogueHeld(CatalogueError):
    """Another process works on this catalogue."""

    def __init__(self, message: str, *, pid: int | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pid = pid


class CatalogueBusy(CatalogueError):
    """Locked by another program for longer than we wait. Transient."""


class CatalogueTooNew(CatalogueError):
    """Its schema was written by a newer tagd than this one."""


class CatalogueCorrupt(CatalogueError):
    """SQLite says that the file is damaged."""


class CatalogueUnsuitable(CatalogueError):
    """Its place cannot hold it: a network file system, no permission, no space."""


class QueryError(TagdError):
    """A search that cannot be meant. `text` is the whole query, `at` the place in it where the
    mistake is, and `suggestions` what may have been meant there, the likeliest first; `elsewhere`
    says what other query finds the word."""

    def __init__(
        self,
        reason: str,
        *,
        text: str,
        at: int,
        hint: str = "",
        suggestions: Sequence[str] = (),
        elsewhere: str = "",
    ) -> None:
        shown, there = _excerpt(text, at)
        pointed = f"{shown}\n  {' ' * columns(shown[:there])}^"
        near = f"did you mean {' or '.join(suggestions)}?" if suggestions else ""
        super().__init__(reason, hint="\n  ".join(filter(None, (pointed, elsewhere, near or hint))))
        self.reason = reason
        self.text = text
        self.at = at
        self.suggestions = tuple(suggestions)


def _excerpt(text: str, at: int) -> tuple[str, int]:
    """Return what a person is shown of a long text, and where in that the place is."""
    if len(text) <= _MOST_SHOWN:
        return text, at
    start = max(0, at - _MOST_SHOWN // 2)
    end = start + _MOST_SHOWN
    before, after = "…" * (start > 0), "…" * (end < len(text))
    return f"{before}{text[start:end]}{after}", at - start + len(before)


def columns(text: str) -> int:
    """Count the columns that a terminal takes for a text."""
    return sum(1 + (east_asian_width(sign) in "WF") for sign in text if not combining(sign))


class ModelError(TagdError):
    """A model cannot be had."""


class ModelUnknown(ModelError):
    """No model has this id."""


class WeightsMissing(ModelError):
    """The model is known, but its files are not on this disk."""


class WeightsRefused(ModelError):
    """The files must not be used: tampered with, unsafe to load, or not what the labels say."""


class DeviceUnavailable(ModelError):
    """The device asked for is not there."""


class TagUnknown(TagdError):
    """A word that means no tag, or one of several; the command line is to say which."""


class ControlError(TagdError):
    """The running daemon cannot be spoken to."""


class MetricsError(TagdError):
    """Metrics cannot be served."""


class WebError(TagdError):
    """The pages in the browser cannot be served."""


class ServiceError(TagdError):
    """systemd, or this user's rights, do not do what was asked."""


class DecoderUnavailable(TagdError):
    """No decoder process can be started."""


class PhotoError(TagdError):
    """One photo cannot be tagged, now or ever.

    `code` is stable and stored; `reason` is for people and holds no path, `remedy` is what they can
    do, where that is always the same, and `afterwards` how it then goes on by itself, or does not.
    """

    code: ClassVar[str] = "photo-error"
    remedy: ClassVar[str] = ""
    afterwards: ClassVar[str] = ""
    signature: tuple[int, ...] | None = None  # of the file that was read, where that is known
    shows: tuple[str, ...] = ()  # what photos with its bytes are called, now and formerly; likewise

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    @property
    def advice(self) -> str:
        """Return the reason, and what to do, for a photo that is in the queue."""
        return "; ".join(filter(None, (self.reason, self.remedy, self.afterwards)))

    @property
    def advice_at_once(self) -> str:
        """Return the reason, and what to do, after a command that leaves nothing in the queue."""
        return f"{self.reason}; {self.remedy}, and run this again" if self.remedy else self.reason


class PermanentPhotoError(PhotoError):
    """Will not get better by itself; only a change of the file reopens it."""


class NotAnImage(PermanentPhotoError):
    """The content is no image, whatever the name says."""

    code = "not-an-image"


class UnsupportedImage(PermanentPhotoError):
    """An image of a kind that this installation does not read."""

    code = "unsupported"


class CorruptImage(PermanentPhotoError):
    """An image whose data contradicts itself."""

    code = "corrupt"


class TooLarge(PermanentPhotoError):
    """More pixels than `max_megapixels`, or more memory than a decoder may take."""

    code = "too-large"


class MetadataMalformed(PermanentPhotoError):
    """Its metadata cannot be read, and what cannot be read is never rewritten."""

    code = "metadata-malformed"


class MetadataUnsafe(PermanentPhotoError):
    """Nothing can be written into it without harm to something else; a sidecar still can."""

    code = "metadata-unsafe"


class NameTooLong(PermanentPhotoError):
    """Its name, or that of what is to lie beside it, is longer than its file system takes."""

    code = "name-too-long"
    remedy = "give the photo, or its folder, a shorter name"
    afterwards = "then: `tagd failed --retry`"


class NotWritable(PermanentPhotoError):
    """Its folder, or the file itself, may not be written to."""

    code = "not-writable"
    remedy = "let tagd write there, or name a sidecar_folder in [metadata]"
    afterwards = "then: `tagd failed --retry`"


class EndedTagd(PermanentPhotoError):
    """The whole process ended without a word while it was at work on this photo, again and again.
    Not raised, as nobody is left to do so: `words` are its reason."""

    code = "ended-tagd"
    remedy = "please report it"
    afterwards = "to try it again: `tagd failed --retry`"
    words: ClassVar[str] = (
        "tagd was killed or crashed five times while it was at work on this photo"
        f"; {remedy}; {afterwards}"
    )


class TransientPhotoError(PhotoError):
    """Worth another try."""


class TruncatedImage(TransientPhotoError):
    """Ends too early. Permanent once the file has stood still between two tries."""

    code = "truncated"


class FileChanged(TransientPhotoError):
    """Changed while it was being read."""

    code = "changed"


class FileVanished(TransientPhotoError):
    """Not there any more."""

    code = "vanished"


class FileUnreadable(TransientPhotoError):
    """No permission, or the device reports an error."""

    code = "unreadable"


class ModelUnavailable(TransientPhotoError):
    """The model that the photo's rule names cannot be had now, and is not replaced by another."""

    code = "model-unavailable"


class DecoderDied(TransientPhotoError):
    """The decoder process ended while it worked on this photo."""

    code = "decoder-died"


class DecoderHung(TransientPhotoError):
    """The decoder process exceeded its time on this photo and was killed."""

    code = "decoder-hung"


class StorageHung(TransientPhotoError):
    """The network file system that it lies on did not answer in time, which says nothing of it."""

    code = "storage-hung"


class Deferred(TransientPhotoError):
    """Photos of its folder have just taken too long, so that it waits until others are done."""

    code = "deferred"


class NeedsRoom(TransientPhotoError):
    """It may take more memory than there is beside other photos, so that it is read alone."""

    code = "needs-room"


class FileBusy(TransientPhotoError):
    """Another program has it open for writing."""

    code = "busy"


class DiskFull(TransientPhotoError):
    """There is no room for a second copy beside it. Nothing was changed."""

    code = "disk-full"
    remedy = "make some"
    afterwards = "it is tried again by itself"


class InternalFault(TransientPhotoError):
    """tagd itself failed on it. What was raised is its cause."""

    code = "internal-error"
    remedy = "please report it, with its traceback"

    @classmethod
    def of(cls, path: Path, raised: Exception) -> InternalFault:
        """Wrap what somebody should have translated, and nobody did."""
        # The system's own words, without the path that Python adds.
        said = (raised.strerror if isinstance(raised, OSError) else None) or str(raised)
        words = ": ".join(filter(None, (type(raised).__name__, *said.splitlines()[:1])))
        fault = cls(path, f"an internal error ({words[:_LONGEST_WORDS]})")
        fault.__cause__ = raised
        return fault

    @classmethod
    def translated(cls, path: Path, raised: Exception) -> PhotoError:
        """Return what was raised while the photo at `path` was in hand, as an error of a photo."""
        return raised if isinstance(raised, PhotoError) else cls.of(path, raised)
