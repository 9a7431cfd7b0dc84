"""What lies beside the photos of a library: each sidecar its photo's, and none left over.

NAME.xmp         says whose it is: of the photo of that name, or of one that went
NAME.xmp_orphan  was set aside, of one that went
what others put there is as they left it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.library import Library
from benchmarks.reading import SIDECAR, unlike
from tagd.metadata import reader, sidecar
from tagd.metadata.keywords import Field


@dataclass(frozen=True, slots=True)
class Said:
    """Which photo a sidecar says that it is for, and its keywords."""

    photo_id: str | None
    keywords: frozenset[str]


@dataclass(slots=True)
class Beside:
    """Reads again only what has changed."""

    library: Library
    _known: dict[tuple[object, ...], Said] = field(default_factory=dict)

    def differences(
        self, in_force: Mapping[str, frozenset[str]], *, are_written: bool
    ) -> Iterator[str]:
        """Where a sidecar is not what it must be. `are_written`: every photo that may have one must
        have one, with the tags in force, if it has tags beside its own keywords; else the photos
        that take no keywords alone."""
        found = self._found()
        for name, said in sorted(found.items()):
            yield from self._misplaced(name, said, are_written=are_written)
        for name, held in sorted(self.library.files.items()):
            is_written = are_written or not held.takes_keywords
            if not held.is_photo or not is_written or self.library.is_blocked(name):
                continue
            tags = in_force.get(name, frozenset())
            its = found.get(f"{name}.xmp")
            if held.is_doubtful:
                continue
            if its is None:
                if tags - held.keywords and not held.is_bare:
                    yield f"{name} has no sidecar"
            elif words := unlike(its.keywords, tags, held.keywords):
                yield f"{name}.xmp holds {words}"

    def _found(self) -> dict[str, Said]:
        """The sidecars by path below the library."""
        top, known, found = self.library.top, self._known, {}
        self._known = {}
        for place in top.rglob("*"):
            name = str(place.relative_to(top))
            if not SIDECAR.search(name) or name in self.library.hindered:
                continue
            facts = place.stat()
            key = (name, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
            found[name] = self._known[key] = known.get(key) or _read(place)
        return found

    def _misplaced(self, beside: str, said: Said, *, are_written: bool) -> Iterator[str]:
        """Whether it belongs to a photo that is not called so."""
        held = self.library.files.get(SIDECAR.sub("", beside))
        is_aside = not beside.endswith(".xmp")
        if held is not None and not is_aside and held.payload == said.photo_id:
            return
        if said.photo_id not in self.library.left:
            yield f"{beside} is of {said.photo_id}"
        # Where none is written it stays.
        elif held is not None and held.is_photo and are_written:
            if is_aside or held.is_bare or held.is_doubtful:
                return
            yield f"{beside} is still of {said.photo_id}"

    def changed(self) -> Iterator[str]:
        """What others put in a sidecar's place and is not as they left it."""
        for name, data in self.library.hindered.items():
            place = self.library.top / name
            if place.is_dir() if data is None else place.is_file() and place.read_bytes() == data:
                continue
            yield f"{name} is not as it was left"


def _read(place: Path) -> Said:
    keywords = reader.of_packets([place.read_bytes()]).of(Field.SUBJECT)
    return Said(sidecar.subject_of(place).content, frozenset(keywords))
