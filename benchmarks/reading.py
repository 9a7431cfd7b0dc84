"""What the files of a library hold by now: nothing of it lost, and the keywords beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.held import Held, subjects

SIDECAR = re.compile(r"\.xmp(_orphan\d*)?$")


def unlike(keywords: frozenset[str], tags: frozenset[str] | None, theirs: frozenset[str]) -> str:
    """How keywords differ from the tags in force, those of others apart; empty for not at all, as
    where no tags are known, which says that anything will do."""
    if tags is None or tags - theirs == keywords - theirs:
        return ""
    return f"{sorted(keywords)}, not {sorted(tags)}"


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
        by path below `top`; and whatever lies beside them but sidecars."""
        found = {
            str(each.relative_to(self.top))
            for each in self.top.rglob("*")
            if each.is_file() and not SIDECAR.search(each.name)
        }
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
            if words := unlike(read.keywords, in_force.get(name), held.keywords):
                yield f"{name} holds {words}"


def _read(data: bytes, held: Held) -> Read:
    return Read(subjects(data) if held.is_photo else frozenset(), held.lacks(data))
