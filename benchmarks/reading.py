"""What the files of a library hold by now: nothing of it lost, and the keywords beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.library import Held, subjects


@dataclass(frozen=True, slots=True)
class Read:
    """`lost` is what a file has lost, in words."""

    keywords: frozenset[str]
    lost: str


@dataclass(slots=True)
class Reading:
    """Reads again only what has changed."""

    top: Path
    _known: dict[tuple[object, ...], Read] = field(default_factory=dict)

    def differences(
        self, files: Mapping[str, Held], in_force: Mapping[str, frozenset[str]]
    ) -> Iterator[str]:
        """Where a file is not what it must be: all that it held, and as keywords the tags in force,
        by path below `top`; and whatever lies beside them."""
        found = {str(each.relative_to(self.top)) for each in self.top.rglob("*") if each.is_file()}
        for name in sorted(found ^ files.keys()):
            yield f"{name} is {'left behind' if name in found else 'gone'}"
        known, self._known = self._known, {}
        for name in sorted(found & files.keys()):
            held, place = files[name], self.top / name
            facts = place.stat()
            key = (name, held, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
            read = self._known[key] = known.get(key) or _read(place.read_bytes(), held)
            if read.lost:
                yield f"{name} has lost {read.lost}"
            tags = in_force.get(name, frozenset())
            if read.keywords != tags:
                yield f"{name} holds {sorted(read.keywords)}, not {sorted(tags)}"


def _read(data: bytes, held: Held) -> Read:
    return Read(subjects(data) if held.is_photo else frozenset(), held.lacks(data))
