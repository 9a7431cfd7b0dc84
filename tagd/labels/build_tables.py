"""Build `data/wordnet.tsv` from WordNet 3.0 and check the curated tables against it.

    python -m tagd.labels.build_tables /usr/share/wordnet [--classes FILE …] [--check]

The argument is the folder with WordNet's `data.noun` (Debian's package wordnet-base has it).
`--classes` names further lists of synset ids, one a line, such as timm's
`timm/data/_info/imagenet22k_synsets.txt`; ImageNet-1k's is always among them. `--check` writes
nothing. The curated tables, `display.tsv` and `names.*.tsv`, are only checked: what they lack, or
say against WordNet, is listed and the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tagd.labels.tables import DATA, languages, rows
from tagd.labels.vocabulary import fold

IMAGENET_1K = "data/_info/imagenet_synsets.txt"  # inside timm, in the order of the classes
HEADER = (
    "# WordNet 3.0 nouns: ImageNet's classes and all their hypernyms. Built by build_tables.py.\n"
    "# Copyright 2006 Princeton University, WordNet 3.0 licence: see LICENSE.wordnet.\n"
    "# Index: position among ImageNet-1k's classes, from timm/data/_info/imagenet_synsets.txt.\n"
    "#id\tparents\tlemmas\tindex\n"
)


@dataclass(frozen=True, slots=True)
class Synset:
    """One noun of WordNet: its words and its hypernyms, instances' included."""

    id: str
    lemmas: tuple[str, ...]
    parents: tuple[str, ...]


def read_nouns(path: Path) -> dict[str, Synset]:
    """WordNet's `data.noun`; its format is described in wndb(5WN)."""
    nouns = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith("  "):
            synset = _parse(line)
            nouns[synset.id] = synset
    return nouns


def _parse(line: str) -> Synset:
    cells = line.split(" ")
    words = int(cells[3], 16)
    after = 4 + 2 * words
    pointers = [cells[after + 1 + 4 * i : after + 5 + 4 * i] for i in range(int(cells[after]))]
    return Synset(
        id=f"n{cells[0]}",
        lemmas=tuple(cells[4 + 2 * i].replace("_", " ") for i in range(words)),
        parents=tuple(f"n{p[1]}" for p in pointers if p[0] in {"@", "@i"} and p[2] == "n"),
    )


def with_hypernyms(classes: list[str], nouns: dict[str, Synset]) -> list[str]:
    """The classes and everything above them, sorted by id."""
    found: set[str] = set()
    todo = list(classes)
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo += nouns[here].parents
    return sorted(found)


def table(classes: list[str], index: dict[str, int], nouns: dict[str, Synset]) -> str:
    """The text of `wordnet.tsv`."""
    lines = []
    for id_ in with_hypernyms(classes, nouns):
        synset = nouns[id_]
        position = str(index[id_]) if id_ in index else ""
        lines.append("\t".join([id_, ";".join(synset.parents), ";".join(synset.lemmas), position]))
    return HEADER + "\n".join(lines) + "\n"


def faults_of_display(nouns: dict[str, Synset], known: set[str]) -> list[str]:
    """What `display.tsv` says that WordNet does not bear out."""
    faults = []
    for kind, id_, other, *_ in rows("display.tsv"):
        if id_ not in known:
            faults.append(f"display.tsv: {id_} is not in the table")
        elif kind == "cut" and other not in nouns[id_].parents:
            faults.append(f"display.tsv: {id_} has no parent {other} to cut")
        elif kind == "join" and other not in with_hypernyms([id_], nouns):
            faults.append(f"display.tsv: {other} is no hypernym of {id_}")
    return faults


def faults_of_names(needed: set[str]) -> list[str]:
    """Which names the languages lack, give to nothing, or give twice."""
    faults = []
    may_share = {frozenset(row[1:3]) for row in rows("display.tsv") if row[0] == "same"}
    for language in languages():
        name = f"names.{language}.tsv"
        named: dict[str, str] = {}
        first: dict[str, str] = {}
        for id_, called, *_ in rows(name):
            named[id_] = called
            other = first.setdefault(fold(called), id_)
            if other != id_ and frozenset({other, id_}) not in may_share:
                faults.append(f"{name}: {id_} and {other} are both called {called}")
        faults += [f"{name}: {id_} has no name" for id_ in sorted(needed - named.keys())]
        faults += [f"{name}: {id_} is not shown" for id_ in sorted(named.keys() - needed)]
    return faults


def imagenet_1k() -> list[str]:
    """ImageNet-1k's synset ids in the order of its classes, found without importing timm."""
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        sys.exit("timm is not installed: it has the list of ImageNet-1k's classes")
    return (Path(spec.origin).parent / IMAGENET_1K).read_text(encoding="ascii").split()


def main() -> int:
    """Write the table, then list what is wrong with the curated ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("wordnet", type=Path, help="folder that holds data.noun")
    parser.add_argument("--classes", type=Path, nargs="*", default=[], help="further synset ids")
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked = parser.parse_args()
    nouns = read_nouns(asked.wordnet / "data.noun")
    thousand = imagenet_1k()
    further = [id_ for path in asked.classes for id_ in path.read_text(encoding="ascii").split()]
    unknown = sorted(set(further) - nouns.keys())
    classes = thousand + [id_ for id_ in further if id_ in nouns]
    index = {id_: position for position, id_ in enumerate(thousand)}
    text = table(classes, index, nouns)
    faults = [f"{id_} is not in WordNet 3.0, left out" for id_ in unknown]
    if asked.check:
        same = (DATA / "wordnet.tsv").read_text(encoding="utf-8") == text
        faults += [] if same else ["wordnet.tsv: differs from what would be built"]
    else:
        (DATA / "wordnet.tsv").write_text(text, encoding="utf-8")
    shown = {row[1] for row in rows("display.tsv") if row[0] in {"tag", "broad"}}
    known = {row[0] for row in rows("wordnet.tsv")}
    faults += faults_of_display(nouns, known) + faults_of_names(set(classes) | shown)
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
