"""The tables in `data/`: tab-separated UTF-8 text, `#` begins a comment line.

    wordnet.tsv     id, parents, lemmas, index in ImageNet-1k   (built by `build_tables.py`)
    further.tsv     the same of ImageNet's larger sets: id, parents, lemmas, use   (built, too)
    display.tsv     what of WordNet becomes a tag               (curated)
    everyday.tsv    words for what people photograph: word, id, parents (curated)
    names.XX.tsv    id, display name, synonyms, readings; XX is the language (curated)
    near.tsv        words that call no tag: word, ids of the nearest (curated)
    namesakes.tsv   words that name people and places     (curated)
    LICENSE.wordnet the licence of everything that comes from WordNet

Parents, lemmas, synonyms and readings are lists, separated by `;`. Readings are what words in kanji
sound like, as ねこ for 猫. A further language is a further file: what it has no name for is called
as in English, and `build_tables.py --check` lists what is missing.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATA = Path(__file__).parent / "data"
ALL, NAMES, KINDS = "*.tsv", "names.*.tsv", "[!n]*.tsv"  # KINDS: those that are not about names

USEFUL, HIDDEN = "tag", "never"  # what `further.tsv` says of use


class Synset(NamedTuple):
    """A synset as WordNet has it."""

    parents: tuple[str, ...]
    words: tuple[str, ...]  # the usual one first
    use: str


@cache
def synsets() -> Mapping[str, Synset]:
    """Read `wordnet.tsv` and `further.tsv` by id: 23,000 rows, which most catalogues do without."""
    known = [(*row[:3], "") for row in rows("wordnet.tsv")]
    return {
        label: Synset(many(parents), many(words), use)
        for label, parents, words, use in (*known, *rows("further.tsv"))
    }


def is_synset(label: str) -> bool:
    """Return whether a label has the form of a synset's id, such as n02123045."""
    return len(label) == 9 and label[0] == "n" and label[1:].isdecimal()


def rows(name: str, folder: Path = DATA) -> Iterator[list[str]]:
    """Read the rows of one table, each as its cells."""
    for line in (folder / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            yield line.split("\t")


def many(cell: str) -> tuple[str, ...]:
    """Split a cell that holds a list."""
    return tuple(cell.split(";")) if cell else ()


def languages(folder: Path = DATA) -> tuple[str, ...]:
    """Return the languages that there are names in, as in `names.en.tsv`; English first."""
    found = {path.name.split(".")[1] for path in folder.glob("names.*.tsv")}
    return ("en", *sorted(found - {"en"}))


def digest(folder: Path = DATA, tables: str = ALL) -> str:
    """Return a hash of the tables with such file names: what was made with others is to be made
    anew."""
    state = hashlib.sha256()
    for path in sorted(folder.glob(tables)):
        state.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:16]
