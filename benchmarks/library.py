"""A library of photos that a seeded person works on, and what the catalogue must say of it.

    drop, write, copy, move, rename, swap, rename a folder, replace, caption, delete, half a copy,
    nonsense, accidents; a new photo under an old name, a sidecar deleted, a folder in its place

Every step is made on the real disk and in the model at once; the same seed makes the same steps.
Keywords may be written into the files and beside them meanwhile: pictures, captions and what is no
photo stay.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from benchmarks import accidents
from benchmarks.held import Held
from tests.photos import cat, coffee

MOST_FILES = 1200  # then more is deleted than made, so that what grows is not the library
PICTURE = (240, 160)
Known = TypeVar("Known")
JPEG, COMMENT = b"\xff\xd8", b"\xff\xfe"  # its markers
NONSENSE = b"Dear diary, this is no picture. "


@dataclass(slots=True)
class Library:
    """The folder `top`, changed step by step. `files` are those that are whole, by path below it;
    `staged` is a folder of the same file system that nobody watches. `hindered` are paths of
    sidecars that tagd cannot write: what is there, None for a folder. `left` are the photos whose
    sidecars may stay where they were: those that went, or were edited, those whose names went from
    photo to photo, and those that moved on from a folder that had moved, or from one that moved
    after them, of which nobody can tell what became while tagd was dead."""

    top: Path
    staged: Path
    rng: random.Random
    keeps_inodes: bool = True  # else nobody can tell moves while tagd is dead from new photos
    files: dict[str, Held] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    hindered: dict[str, bytes | None] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    _vacated: dict[str, str] = field(default_factory=dict)
    _carried: set[str] = field(default_factory=set)  # by folders that moved, since the last rest
    _halves: dict[str, bytes] = field(default_factory=dict)
    _made: int = 0

    def step(self) -> None:
        """Do one thing, by chance; what needs a file drops one where there is none."""
        kinds: Sequence[tuple[Callable[[], None], float]] = (
            (self.drop, 10),
            (self.write, 6),
            (self.copy, 3),
            (self.move, 6),
            (self.rename, 3),
            (self.swap, 1),
            (self.rename_folder, 1),
            (self.replace, 4),
            (self.caption, 3),
            (self.delete, 5 if len(self.files) < MOST_FILES else 40),
            (self.take_old_name, 2),
            (self.delete_sidecar, 2),
            (self.obstruct, 1),
            (self.clear, 1),
            (self.accident, 5),
            (self.leave_pipe, 0.3),
            (self.begin_copy, 3),
            (self.end_copies, 1),
            (self.drop_nonsense, 2),
            (self.leave_half, 1),
        )
        [(chosen, _)] = self.rng.choices(kinds, [weight for _, weight in kinds])
        self.steps[chosen.__name__] += 1
        chosen()

    def drop(self) -> None:
        """A photo is renamed into place, as careful programs do."""
        picture = self._picture()
        self._drop(self._new_name(), picture, Held.of(picture))

    def write(self) -> None:
        """A photo is written in place."""
        picture = self._picture()
        self._write(self._new_name(), picture, Held.of(picture))

    def copy(self) -> None:
        """The same photo once more, with the keywords that it has by now."""
        if name := self._any():
            target = self._new_name(name)
            held = replace(self.files[name], is_bare=False, is_doubtful=False)
            self._write(target, (self.top / name).read_bytes(), held)

    def move(self) -> None:
        """A file gets another name, perhaps in another folder; or the name of one that went."""
        if name := self._any():
            self._move(name, self._old_name() or self._new_name(name))

    def rename(self) -> None:
        """A file gets another name in its folder."""
        if name := self._any():
            album = name.partition("/")[0]
            self._move(name, f"{album}/{self._number():06d}{Path(name).suffix}")

    def swap(self) -> None:
        """Two photos get each other's names."""
        first, second = self._any(), self._any()
        if first and second and first != second and not any(map(self.is_blocked, (first, second))):
            aside = f"{first.partition('/')[0]}/{self._number():06d}{Path(first).suffix}"
            self._move(first, aside)
            self._move(second, first)
            self._move(aside, second)

    def rename_folder(self) -> None:
        """An album gets another name, with all that is in it."""
        albums = sorted({name.partition("/")[0] for name in self.files})
        if not albums:
            return
        self.end_copies()
        old, new = self.rng.choice(albums), f"album-{self._number()}"
        (self.top / old).rename(self.top / new)
        inside = f"{old}/"
        self._carried |= {each.payload for n, each in self.files.items() if n.startswith(inside)}
        self.files = _renamed(self.files, inside, f"{new}/")
        self.hindered = _renamed(self.hindered, inside, f"{new}/")
        self.left |= {was for n, was in self._vacated.items() if n.startswith(inside)}
        self._vacated = {n: was for n, was in self._vacated.items() if not n.startswith(inside)}

    def replace(self) -> None:
        """Another picture under the same name, in place or by a rename."""
        name = self._any()
        if name and name.endswith(".jpg"):
            self._leave(name)
            picture = self._picture()
            self.rng.choice((self._drop, self._write))(name, picture, Held.of(picture))

    def caption(self) -> None:
        """A comment is put into the file: the picture stays the one that it is."""
        name = self._any()
        if not name:
            return
        held, data = self.files[name], (self.top / name).read_bytes()
        # One that is damaged would be another photo.
        if not held.is_photo or not held.takes_keywords or not data.startswith(JPEG):
            return
        words = f"caption {self._number()}".encode()
        segment = COMMENT + (len(words) + 2).to_bytes(2, "big") + words
        captioned = replace(held, captions=(*held.captions, segment))
        self._drop(name, data[:2] + segment + data[2:], captioned)

    def delete(self) -> None:
        """A file is deleted, with its sidecar or without."""
        if name := self._any():
            self._leave(name)
            self._vacated[name] = self.files.pop(name).payload
            (self.top / name).unlink()
            beside = f"{name}.xmp"
            if self.rng.random() < 0.5 and self.hindered.get(beside, b"") is not None:
                self._unlink_sidecar(name)
                self.hindered.pop(beside, None)

    def take_old_name(self) -> None:
        """A new photo under the name of one that went, whose sidecar may lie there yet."""
        if name := self._old_name():
            picture = self._picture()
            self.left.add(self._vacated.pop(name))
            self._drop(name, picture, Held.of(picture))

    def delete_sidecar(self) -> None:
        """A sidecar of tagd's is deleted."""
        name = self._any()
        if name and f"{name}.xmp" not in self.hindered:
            self._unlink_sidecar(name)
            self.files[name] = replace(self.files[name], is_bare=True)

    def obstruct(self) -> None:
        """A new photo, and a folder where its sidecar is to be."""
        name, picture = self._new_name(), self._picture()
        self._place(f"{name}.xmp").mkdir()
        self.hindered[f"{name}.xmp"] = None
        self._drop(name, picture, Held.of(picture))

    def clear(self) -> None:
        """What is in a sidecar's place goes."""
        if not self.hindered:
            return
        beside = self.rng.choice(sorted(self.hindered))
        place, name = self.top / beside, beside.removesuffix(".xmp")
        place.rmdir() if self.hindered.pop(beside) is None else place.unlink()
        if name in self.files:
            self.files[name] = replace(self.files[name], is_doubtful=True)

    def accident(self) -> None:
        """One of the files that nobody foresees."""
        number = self._number()
        made = self.rng.choice(accidents.KINDS)(self._picture(), number)
        name = self._new_name()[:-4] + made.ending
        if made.has_long_name:
            album, _, short = name.partition("/")
            name = f"{album}/{short.rjust(accidents.LONGEST_NAME - 2, 'n')}"
        if made.sidecar is not None:
            self._place(f"{name}.xmp").write_bytes(made.sidecar)
            self.hindered[f"{name}.xmp"] = made.sidecar
        self._drop(name, made.data, made.held)
        made.touch(self.top / name)

    def leave_pipe(self) -> None:
        """A FIFO that calls itself a photo, and that nobody writes into."""
        os.mkfifo(self._place(self._new_name()))

    def rest(self) -> None:
        """All that was done is known to tagd."""
        self._carried.clear()

    def is_blocked(self, name: str) -> bool:
        """Whether no sidecar can be written for the photo."""
        is_long = len(os.fsencode(Path(name).name)) + len(".xmp") > accidents.LONGEST_NAME
        return is_long or f"{name}.xmp" in self.hindered

    def begin_copy(self) -> None:
        """Half of a photo is there; the rest comes with `end_copies`."""
        name, picture = self._new_name(), self._picture()
        self._place(name).write_bytes(picture[: len(picture) // 2])
        self._halves[name] = picture

    def end_copies(self) -> None:
        """What was begun becomes whole."""
        for name, data in self._halves.items():
            with (self.top / name).open("ab") as file:
                file.write(data[len(data) // 2 :])
            self.files[name] = Held.of(data)
        self._halves.clear()

    def drop_nonsense(self) -> None:
        """A text that calls itself a photo."""
        nonsense = NONSENSE * self.rng.randrange(10, 99)
        self._drop(self._new_name(), nonsense, Held.of(nonsense, is_photo=False))

    def leave_half(self) -> None:
        """A copy that never ends."""
        picture = self._picture()
        half = picture[: len(picture) // 2]
        self._drop(self._new_name(), half, Held.of(half, is_photo=False))

    def differences(self, seen: Mapping[str, tuple[str, str | None]]) -> list[str]:
        """Where the catalogue (state and photo id by path below `top`) says other than it must."""
        found = []
        for name, held in self.files.items():
            must = ("failed", None) if held.photo_id is None else ("tagged", held.photo_id)
            state, photo_id = seen.get(name, ("unknown", None))
            if (state, photo_id if state == "tagged" else None) != must:
                found.append(f"{name} is {state} {photo_id}, not {must}")
        present = {name for name, (state, _) in seen.items() if state != "missing"}
        return found + [f"{name} is not there" for name in sorted(present - self.files.keys())]

    def _drop(self, name: str, data: bytes, held: Held) -> None:
        unseen = self.staged / str(self._number())
        unseen.write_bytes(data)
        shutil.move(unseen, self._place(name))
        self.files[name] = held

    def _write(self, name: str, data: bytes, held: Held) -> None:
        self._place(name).write_bytes(data)
        self.files[name] = held

    def _place(self, name: str) -> Path:
        place = self.top / name
        place.parent.mkdir(exist_ok=True)
        return place

    def _move(self, name: str, target: str) -> None:
        held = self.files.pop(name)
        (self.top / name).rename(self._place(target))
        self.files[target] = replace(held, is_doubtful=held.is_doubtful or self.is_blocked(name))
        self._vacated[name] = held.payload
        if held.payload in self._carried or not self.keeps_inodes:
            self.left.add(held.payload)
        if target in self._vacated:
            self.left |= {held.payload, self._vacated.pop(target)}

    def _unlink_sidecar(self, name: str) -> None:
        with contextlib.suppress(OSError):  # where there is none, nor could be
            (self.top / f"{name}.xmp").unlink()

    def _leave(self, name: str) -> None:
        """The content that a file had has its name no more."""
        self.left.add(self.files[name].payload)

    def _old_name(self) -> str | None:
        """The name of a photo that went, at times."""
        free = [n for n in self._vacated if n not in self.files and not self.is_blocked(n)]
        free = [name for name in free if name.endswith(".jpg")]
        return self.rng.choice(free) if free and self.rng.random() < 0.3 else None

    def _any(self) -> str | None:
        return self.rng.choice(sorted(self.files)) if self.files else None

    def _new_name(self, like: str = "a.jpg") -> str:
        return f"album-{self.rng.randrange(8)}/{self._number():06d}{Path(like).suffix}"

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _picture(self) -> bytes:
        """A crop that no earlier one equals, byte for byte."""
        number = self._number()
        source = (coffee, cat)[number % 2]()
        left, top = number // 2 % 89, number // 178 % 89
        made = io.BytesIO()
        box = (left, top, left + PICTURE[0], top + PICTURE[1])
        source.crop(box).save(made, "jpeg", quality=95 - number // 15_842 % 60)
        return made.getvalue()


def _renamed(known: Mapping[str, Known], old: str, new: str) -> dict[str, Known]:
    return {
        new + name.removeprefix(old) if name.startswith(old) else name: each
        for name, each in known.items()
    }
