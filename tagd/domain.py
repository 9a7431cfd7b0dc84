"""What travels along a photo's journey: frozen values, one a stage.

    PathEvent → SettledFile → Job → DecodedPhoto → Choice → Predictions → Tags

A change returns a copy. A prediction never travels without the identity of its photo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


class EventKind(StrEnum):
    """What happened to a path."""

    WRITTEN = "written"  # a writer closed the file: it is whole
    ARRIVED = "arrived"  # renamed into place from outside the watch: it is whole
    CHANGED = "changed"  # created or modified: perhaps still growing
    MOVED = "moved"  # renamed inside the watch: `path` became `destination`
    GONE = "gone"  # deleted, or renamed out of the watch


@dataclass(frozen=True, slots=True)
class PathEvent:
    """One thing that a watcher or a scan noticed about one path."""

    kind: EventKind
    path: Path
    destination: Path | None = None
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What says that a file is unchanged without opening it (`os.stat`, nanoseconds, bytes).

    `inode` is 0 on file systems that do not keep it stable.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Priority(IntEnum):
    """Who goes first; a smaller number does."""

    ASKED = 0  # a person named this file
    NEW = 10  # the watch saw it arrive
    RESCAN = 20  # a scan found it
    REFINE = 25  # tagged already, by a quick model in place of the one that it deserves
    RETAG = 30  # tagged already, by models that are not those wanted any more
    EMBED = 35  # tagged already, and looked at for its embedding alone
    LAST = 40  # took a decoder too long, or lies beside one that did: nobody waits for it


@dataclass(frozen=True, slots=True)
class SettledFile:
    """A file that nobody seems to be writing any more."""

    path: Path
    signature: Signature
    priority: Priority


class FileState(StrEnum):
    """Where a file stands, as `v_files.state` shows it."""

    QUEUED = "queued"  # waits for its first tags, or for new ones after its content changed
    TAGGED = "tagged"  # its photo went through a model (and may well have no tags)
    FAILED = "failed"  # given up, `reason` says why
    MISSING = "missing"  # was there once


class JobKind(StrEnum):
    """What is to be done with a file."""

    TAG = "tag"  # read, classify, record
    WRITE = "write"  # put the tags where other programs read them


class Place(StrEnum):
    """Where other programs read a photo's tags."""

    EMBEDDED = "embedded"  # in the photo itself
    SIDECAR = "sidecar"  # in an XMP file that goes with it


class JobState(StrEnum):
    """Where a job stands; a job that is done is no longer there."""

    WAITING = "waiting"  # to be claimed once `not_before` has passed
    LEASED = "leased"  # claimed by a worker whose lease runs
    QUARANTINED = "quarantined"  # given up until its file changes or a person retries it


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed piece of work. `lease` guards every change of it: a job submitted anew since then
    is no longer ours to complete."""

    id: int
    kind: JobKind
    file_id: int
    path: Path
    priority: Priority
    queued_at: float  # seconds since 1970
    attempts: int  # tries before this one
    crashes: int  # decoders that died on it before this try
    tried: Signature | None  # the file's signature at the last try that found it truncated
    lease: str

    def __hash__(self) -> int:
        return hash((self.id, self.lease))  # they tell claims apart; a path takes long to hash


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a picture becomes a model's input: resize, then a centred crop, as `uint8` RGB.

    `resize` is the length of the shortest edge, or (height, width) where the aspect is given up.
    Padding with black where the crop exceeds the resized picture, as torchvision's CenterCrop does.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int]  # height, width
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bicubic"


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What a file says about its picture. Width and height are those stored, before orientation.
    `flaw` says, for a person, what is wrong with a picture that was tagged all the same."""

    format: str  # JPEG, PNG, WEBP, GIF, BMP, TIFF, HEIF, AVIF, or a RAW kind such as CR2
    width: int
    height: int
    orientation: int = 1  # EXIF, 1 to 8
    camera_make: str | None = None
    camera_model: str | None = None
    taken_at: str | None = None  # ISO 8601 as the camera wrote it, with its offset where given
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """What a file and its sidecar say beside the picture, None where they say nothing.

    `keywords` are those of each place that can hold any, by field; a place whose keywords were
    never written, or were stripped off with all else, is absent. So is a field that holds none, but
    for one that somebody has emptied since tagd wrote it. `by_tagd` are the names of tags that some
    tagd has written there, `by_person` those of them that a person gave. Stars are from -1
    (rejected) to 5, latitude and longitude degrees, north and east above zero. Camera and time as
    in `PhotoFacts`, whose gaps they fill. What is missing from a `damaged` place, nobody need have
    taken away. `sidecars` are those that were read.
    """

    keywords: Mapping[Place, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    by_tagd: tuple[str, ...] = ()
    by_person: tuple[str, ...] = ()
    damaged: frozenset[Place] = frozenset()
    rating: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    taken_at: str | None = None
    sidecars: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """One read of one file: who the photo is, and its pixels as each asked-for model input.

    `photo_id` is 32 hexadecimal digits, a hash of the image payload without metadata.
    `inputs` are `uint8` arrays of shape (crop height, crop width, 3).
    """

    path: Path
    photo_id: str
    signature: Signature  # of the very bytes that were hashed and decoded
    facts: PhotoFacts
    inputs: Mapping[Geometry, NDArray[np.uint8]] = field(repr=False)
    readings: Readings = field(default_factory=Readings)
    former_ids: tuple[str, ...] = ()  # as earlier versions identified it
    previews: tuple[bytes, ...] = field(default=(), repr=False)  # small pictures, as WebP


@dataclass(frozen=True, slots=True)
class Stage:
    """One model of a choice. Its answer stands from a confidence of `settles_at`, taken at
    `temperature`; else the next stage decides. The last stage has none: what it says counts."""

    model: str
    settles_at: float | None = None
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Which model, or which cascade of models, and why in words. `refine`: a quicker one than the
    photo deserves, since many wait; to be looked at again when there is time."""

    stages: tuple[Stage, ...]
    reason: str
    refine: bool = False


@dataclass(frozen=True, slots=True)
class Want:
    """A choice as it can be compared: `key` changes with every model's fingerprint and with how
    sure each must be. `models` is for people. `refine` as in `Choice`."""

    key: str
    models: str
    fingerprints: tuple[str, ...] = ()
    refine: bool = False


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model said of one photo: its best logits, sorted downwards, and the log-sum-exp of
    all, so that probabilities (at any temperature near 1) follow without the rest."""

    photo_id: str
    model: str
    fingerprint: str
    labels: tuple[str, ...]  # label ids, such as n02123045, best first
    logits: NDArray[np.float32] = field(repr=False)
    log_sum_exp: float

    def probabilities(self) -> tuple[float, ...]:
        """Return the softmax probability of each of `labels`. Only the best are kept: they sum to <
        1."""
        return tuple(math.exp(float(logit) - self.log_sum_exp) for logit in self.logits)

    @property
    def best_probability(self) -> float:
        """Return the probability of the first label: how sure the model is."""
        return math.exp(float(self.logits[0]) - self.log_sum_exp)


@dataclass(frozen=True, slots=True)
class Embedding:
    """What one model sees in one photo before it names anything; None where the network has no such
    place."""

    photo_id: str
    model: str
    fingerprint: str
    vector: NDArray[np.float32] | None = field(repr=False)


# Taggers: the one that every photo is looked at by, and everyday words from what that sees.
CLASSIFIER: Final = "classifier"
LEARNED: Final = "learned"  # whose tags heads give that were taught by a person
EVERYDAY: Final = "everyday"


class TagSource(StrEnum):
    """Who says so."""

    PERSON = "person"  # said by a person; outranks every model
    LEARNED = "learned"  # by a head that was taught a person's own tag
    MODEL = "model"  # derived from a prediction
    METADATA = "metadata"  # read from the photo

    @property
    def rank(self) -> int:
        """Return its precedence: where several sources give a label, the highest tells of it."""
        return _RANKS[self]


# The one table of precedence. The catalogue's views are made from it.
_RANKS: Final = {
    TagSource.PERSON: 40,
    TagSource.LEARNED: 30,
    TagSource.MODEL: 20,
    TagSource.METADATA: 10,
}


class TagState(StrEnum):
    """Whether it counts."""

    ACTIVE = "active"  # in force
    CONFIRMED = "confirmed"  # in force, and a person said that it is right
    REJECTED = "rejected"  # a person said that it is wrong; never comes back by itself


@dataclass(frozen=True, slots=True)
class Tag:
    """A label with the probability that it is in the photo."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags derived for one photo, most confident first."""

    photo_id: str
    tags: tuple[Tag, ...]
