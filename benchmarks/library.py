"""A library of photos that a seeded person works on, and what the catalogue must say of it.

    drop, write, copy, move, rename a folder, replace, caption, delete, half a copy, nonsense

Every step is made on the real disk and in the model at once; the same seed makes the same steps.
Keywords may be written into the files meanwhile: pictures, captions and what is no photo stay.
"""

from __future__ import annotations

import io
import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tagd.containers.payload import payload_hash
from tagd.metadata import reader
from tagd.metadata.keywords import Field
from tests.photos import cat, coffee

MOST_FILES = 1200  # then more is deleted than made, so that what grows is not the library
PICTURE = (240, 160)
COMMENT = b"\xff\xfe"  # JPEG's marker
NONSENSE = b"Dear diary, this is no picture. "


@dataclass(frozen=True, slots=True)
class Held:
    """What a file holds, whatever keywords it is given: its picture, or all of it where none can be
    seen in it, and captions."""

    payload: str
    is_photo: bool = True
    captions: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, data: bytes, *, is_photo: bool = True) -> Held:
        """What these bytes are."""
        return cls(payload_hash(data), is_photo)

    @property
    def photo_id(self) -> str | None:
        """What it is to be known by; None where it cannot be tagged."""
        return self.payload if self.is_photo else None

    def lacks(self, data: bytes) -> str:
        """What of it these bytes have lost, in words; empty for nothing."""
        if payload_hash(data) != self.payload:
            return "its picture" if self.is_photo else "its bytes"
        return "" if all(caption in data for caption in self.captions) else "a caption"


def subjects(data: bytes) -> frozenset[str]:
    """The keywords in these bytes."""
    return frozenset(reader.of_photo(data).of(Field.SUBJECT))


@dataclass(slots=True)
class Library:
    """The folder `top`, changed step by step. `files` are those that are whole, by path below it;
    `staged` is a folder of the same file system that nobody watches."""

    top: Path
    staged: Path
    rng: random.Random
    files: dict[str, Held] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    _halves: dict[str, bytes] = field(default_factory=dict)
    _made: int = 0

    def step(self) -> None:
        """Do one thing, by chance; what needs a file drops one where there is none."""
        kinds: Sequence[tuple[Callable[[], None], int]] = (
            (self.drop, 10),
            (self.write, 6),
            (self.copy, 3),
            (self.move, 6),
            (self.rename_folder, 1),
            (self.replace, 4),
            (self.caption, 3),
            (self.delete, 5 if len(self.files) < MOST_FILES else 40),
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
            self._write(self._new_name(), (self.top / name).read_bytes(), self.files[name])

    def move(self) -> None:
        """A file gets another name, perhaps in another folder."""
        if name := self._any():
            target = self._new_name()
            (self.top / name).rename(self._place(target))
            self.files[target] = self.files.pop(name)

    def rename_folder(self) -> None:
        """An album gets another name, with all that is in it."""
        albums = sorted({name.partition("/")[0] for name in self.files})
        if not albums:
            return
        self.end_copies()
        old, new = self.rng.choice(albums), f"album-{self._number()}"
        (self.top / old).rename(self.top / new)
        for name in [name for name in self.files if name.startswith(f"{old}/")]:
            self.files[new + name.removeprefix(old)] = self.files.pop(name)

    def replace(self) -> None:
        """Another picture under the same name, in place or by a rename."""
        if name := self._any():
            picture = self._picture()
            self.rng.choice((self._drop, self._write))(name, picture, Held.of(picture))

    def caption(self) -> None:
        """A comment is put into the file: the picture stays the one that it is."""
        name = self._any()
        if not name or not (held := self.files[name]).is_photo:
            return
        words = f"caption {self._number()}".encode()
        segment = COMMENT + (len(words) + 2).to_bytes(2, "big") + words
        data = (self.top / name).read_bytes()
        captioned = replace(held, captions=(*held.captions, segment))
        self._drop(name, data[:2] + segment + data[2:], captioned)

    def delete(self) -> None:
        """A file is deleted."""
        if name := self._any():
            (self.top / name).unlink()
            del self.files[name]

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

    def _any(self) -> str | None:
        return self.rng.choice(sorted(self.files)) if self.files else None

    def _new_name(self) -> str:
        return f"album-{self.rng.randrange(8)}/{self._number():06d}.jpg"

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
