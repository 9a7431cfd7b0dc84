"""Which sidecar is a photo's: `photo.jpg.xmp` or `photo.xmp`, and what a sidecar says of that.

The short name is Adobe's, made for RAW. Where a RAW file and a JPEG share a stem it is the RAW
file's, and the JPEG's sidecar is found by its full name only. A name may go to another photo, and
so what the sidecar says counts first: the content that tagd wrote it for, the ending that Adobe's
programs name, the photo that darktable's duplicate is one of. So no two photos ever share one.
"""

from __future__ import annotations

import errno
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from pathlib import Path
from typing import Final

from tagd.containers import former_hashes
from tagd.fs import read_regular
from tagd.metadata import reader, xmp, xmp_reading

RAW_SUFFIXES: Final = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos"}
    | {".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf"}
    | {".srw", ".x3f"}
)
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
# No films: Apple's Live Photos are a picture and a film with one sidecar, and tagd takes no films.
_PICTURE_SUFFIXES: Final = frozenset(
    {".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jif", ".jpe"}
    | {".jpeg", ".jpg", ".jxl", ".png", ".tif", ".tiff", ".webp"}
)
_ENDINGS: Final = (".xmp", ".XMP")
_DUPLICATE: Final = re.compile(r"(.+)_\d\d+(\.[^.]+)")  # darktable: a.jpg, its duplicate a_01.jpg

There = Callable[[str], bool]  # whether another picture of this name is in the photo's folder


def _spellings(suffixes: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*((suffix, suffix.upper(), suffix.title()) for suffix in suffixes))


# As cameras and programs spell them: to list a folder of 10,000 files would take far longer.
_RAW_SPELLINGS: Final = _spellings(RAW_SUFFIXES)
_ALL_SPELLINGS: Final = _spellings(RAW_SUFFIXES | _PICTURE_SUFFIXES)


class Whose(Enum):
    """Whether a sidecar that lies under a photo's name is that photo's."""

    ITS = auto()
    ANOTHERS = auto()  # of another picture beside it
    OUTDATED = auto()  # of the content that had the photo's name before


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sidecar says of the photo that it is for, None where nothing: the photo's content (as
    tagd writes it), the ending of its name (Adobe), the name of the photo that it is a duplicate
    of (darktable)."""

    content: str | None = None
    ending: str | None = None
    source: str | None = None


def whose(photo: str, content: str | None, sidecar: str, said: Subject, there: There) -> Whose:
    """Whose a sidecar of this name is, that `said` this. `content` is the photo's, None where that
    is not known. Pure."""
    if content is not None and said.content is not None:
        if said.content == content:
            return Whose.ITS
        return Whose.ANOTHERS if _has_rivals(photo, sidecar, there) else Whose.OUTDATED
    if sidecar[:-4] == photo:
        return Whose.ANOTHERS if _is_of_duplicate(photo, said, there) else Whose.ITS
    if said.ending is not None:
        own = Path(photo).suffix[1:]
        twin = said.ending != own and there(f"{Path(photo).stem}.{said.ending}")
        return Whose.ITS if said.ending.lower() == own.lower() and not twin else Whose.ANOTHERS
    return Whose.ITS if may_be_short(photo, there) else Whose.ANOTHERS


def may_be_short(photo: str, there: There) -> bool:
    """Return whether no other picture of the same stem can lay claim to `photo.xmp`. Pure."""
    name = Path(photo)
    is_raw = name.suffix.lower() in RAW_SUFFIXES
    rivals = _RAW_SPELLINGS if is_raw else _ALL_SPELLINGS
    return not any(there(name.stem + suffix) for suffix in rivals - {name.suffix})


def _has_rivals(photo: str, sidecar: str, there: There) -> bool:
    """Return whether a sidecar of this name may be that of another picture that is there."""
    name = Path(photo)
    rivals = _ALL_SPELLINGS - {name.suffix}
    return sidecar[:-4] != photo and any(there(name.stem + suffix) for suffix in rivals)


def _is_of_duplicate(photo: str, said: Subject, there: There) -> bool:
    """Return whether `a_01.jpg.xmp` is darktable's, of a second version of `a.jpg`."""
    found = _DUPLICATE.fullmatch(photo)
    source = "" if found is None else found[1] + found[2]
    return source != "" and said.source == source and there(source)


class SidecarName(StrEnum):
    """How a new sidecar is named."""

    FULL = "photo.jpg.xmp"  # darktable, digiKam, Immich, PhotoPrism
    SHORT = "photo.xmp"  # Lightroom, Bridge, Capture One


@dataclass(frozen=True, slots=True)
class SidecarRule:
    """Where sidecars lie: beside the photos, or in `folder`, below the whole path of their photo,
    so that no two photos share one."""

    name: SidecarName = SidecarName.FULL
    folder: Path | None = None

    def mirror_of(self, place: Path) -> Path:
        """Return the folder for the sidecars of the photos in this one, an absolute path."""
        return place if self.folder is None else self.folder / place.relative_to(place.anchor)

    def beside(self, sidecar: Path) -> Path:
        """Return where a sidecar would lie if it lay beside its photo."""
        if self.folder is None or not sidecar.is_relative_to(self.folder):
            return sidecar
        return Path(sidecar.anchor) / sidecar.relative_to(self.folder)


BESIDE: Final = SidecarRule()


def find(photo: Path, rule: SidecarRule, content: str | None = None) -> Path | None:
    """Find the sidecar that the photo with this content has, of either name; None where it has
    none."""
    found = _under_its_names(photo, rule, content)
    return next((path for path, whose in found if whose is Whose.ITS), None)


def of(photo: Path, rule: SidecarRule, content: str | None = None) -> list[Path]:
    """Return all sidecars that the photo has: the one that `find` finds, and before any other its
    word counts; and one that other programs keep beside the photo, where tagd's lie elsewhere."""
    found = (find(photo, known, content) for known in dict.fromkeys((rule, BESIDE)))
    return list(dict.fromkeys(filter(None, found)))


def outdated(photo: Path, rule: SidecarRule, content: str) -> list[Path]:
    """Return the sidecars under the photo's name that tagd wrote for another photo, which had that
    name before."""
    rules = dict.fromkeys((rule, BESIDE))
    found = (pair for rule in rules for pair in _under_its_names(photo, rule, content))
    return list(dict.fromkeys(path for path, whose in found if whose is Whose.OUTDATED))


def choose(photo: Path, rule: SidecarRule, content: str | None = None) -> Path:
    """Choose the sidecar that the photo has, or the one that it should get. Under that name may lie
    one that is outdated."""
    found = dict(_under_its_names(photo, rule, content))
    own = next((path for path, whose in found.items() if whose is Whose.ITS), None)
    if own is not None:
        return own
    wanted = home(photo, rule)
    return full(photo, rule) if found.get(wanted) is Whose.ANOTHERS else wanted


def home(photo: Path, rule: SidecarRule) -> Path:
    """Return the sidecar that a photo without any should get, whatever lies there."""
    if rule.name is SidecarName.SHORT and may_be_short(photo.name, _beside(photo)):
        return rule.mirror_of(photo.parent) / f"{photo.stem}.xmp"
    return full(photo, rule)


def renamed(photo: Path, before: Path, rule: SidecarRule) -> Path:
    """Return where a sidecar belongs that lay there `before` the photo was called as it is now: it
    keeps the kind of its name where it can."""
    was_short = Path(before.stem).suffix.lower() not in RAW_SUFFIXES | _PICTURE_SUFFIXES
    name = SidecarName.SHORT if was_short else SidecarName.FULL
    return home(photo, SidecarRule(name, rule.folder))


def full(photo: Path, rule: SidecarRule) -> Path:
    """Return the sidecar by the photo's full name."""
    return rule.mirror_of(photo.parent) / f"{photo.name}.xmp"


def is_named_for(photo: Path, sidecar: Path, rule: SidecarRule) -> bool:
    """Return whether the photo's sidecar may lie there, by name and folder."""
    if sidecar.parent not in {photo.parent, rule.mirror_of(photo.parent)}:
        return False
    if sidecar.suffix.lower() != ".xmp" or sidecar.stem not in {photo.name, photo.stem}:
        return False
    return sidecar.stem == photo.name or may_be_short(photo.name, _beside(photo))


def subject_of(sidecar: Path) -> Subject:
    """Return what a sidecar says of the photo that it is for; nothing where it cannot be read."""
    try:
        said = xmp.texts(xmp_reading.read(reader.packet_of(sidecar)))
    except (OSError, xmp.MalformedPacket):
        return Subject()
    names = (xmp.PHOTO_ID, xmp.SIDECAR_FOR, "xmpMM:DerivedFrom")
    return Subject(*(said.get(xmp.qualified(name)) for name in names))


def said_of(photo: Path, content: str | None, sidecar: Path) -> Subject:
    """Return what `subject_of` does, where what a former version took for the photo's content is
    its content."""
    said = subject_of(sidecar)
    if said.content not in {None, content} and said.content in _former_ids(photo):
        return replace(said, content=content)
    return said


def _under_its_names(
    photo: Path, rule: SidecarRule, content: str | None
) -> Iterator[tuple[Path, Whose]]:
    """Yield what lies where the photo's sidecar would, the full name first, and whose each is."""
    there = _beside(photo)
    for found in _places(photo, rule):
        if _is_file(found):
            said = said_of(photo, content, found)
            yield found, whose(photo.name, content, found.name, said, there)


def places(photo: Path, rule: SidecarRule) -> tuple[Path, ...]:
    """Everywhere that a sidecar of the photo may lie, in an order that is always the same."""
    rules = dict.fromkeys((rule, BESIDE))
    return tuple(dict.fromkeys(path for rule in rules for path in _places(photo, rule)))


def _places(photo: Path, rule: SidecarRule) -> Iterator[Path]:
    place = rule.mirror_of(photo.parent)
    for name in dict.fromkeys((photo.name, photo.stem)):
        for ending in _ENDINGS:
            yield place / (name + ending)


def _former_ids(photo: Path) -> tuple[str, ...]:
    """Return what a former version took for the photo's content, and wrote into its sidecar."""
    try:
        return former_hashes(read_regular(photo))
    except OSError:
        return ()


def _is_file(path: Path) -> bool:
    """Return whether there is one. Nothing has a name that is too long. Raises OSError where nobody
    can tell."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return False
        raise


def _beside(photo: Path) -> There:
    """Return whether there is one that is not the photo itself, as it is by another spelling where
    the file system knows no case."""

    def there(name: str) -> bool:
        try:
            return not photo.with_name(name).samefile(photo)
        except OSError:
            return False

    return there
