"""The tables in `data/`: tab-separated UTF-8 text, `#` begins a comment line.

    wordnet.tsv     id, parents, lemmas, index in ImageNet-1k   (built by `build_tables.py`)
    display.tsv     what of WordNet becomes a tag               (curated)
    names.XX.tsv    id, display name, synonyms; XX is the language (curated)
    LICENSE.wordnet the licence of everything that comes from WordNet

Parents, lemmas and synonyms are lists, separated by `;`. A further language is a further file: what
it has no name for is called as in English, and `build_tables.py --check` lists what is missing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent / "data"
ALL, NAMES, KINDS = "*.tsv", "names.*.tsv", "[!n]*.tsv"  # KINDS: those that are not about names


def rows(name: str, folder: Path = DATA) -> Iterator[list[str]]:
    """The rows of one table, each as its cells."""
    for line in (folder / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            yield line.split("\t")


def many(cell: str) -> tuple[str, ...]:
    """A cell that holds a list."""
    return tuple(cell.split(";")) if cell else ()


def languages(folder: Path = DATA) -> tuple[str, ...]:
    """The languages that there are names in, as in `names.en.tsv`; English first."""
    found = {path.name.split(".")[1] for path in folder.glob("names.*.tsv")}
    return ("en", *sorted(found - {"en"}))


def digest(folder: Path = DATA, tables: str = ALL) -> str:
    """A hash of the tables with such file names: what was made with others is to be made anew."""
    state = hashlib.sha256()
    for path in sorted(folder.glob(tables)):
        state.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:16]
