"""Build `data/wordnet.tsv` and `data/further.tsv` from WordNet 3.0, and check the curated tables.

    python -m tagd.labels.build_tables /usr/share/wordnet [--check]

The argument is the folder with WordNet's `data.noun` (Debian's package wordnet-base has it); the
classes are those of timm's lists. `--check` writes nothing. The curated tables, `display.tsv`,
`everyday.tsv`, `names.*.tsv` and `namesakes.tsv`, are only checked: what they lack, or say against
WordNet, is listed and the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.labels import everyday
from tagd.labels.everyday import EVERYDAY
from tagd.labels.namesakes import BRANCH
from tagd.labels.tables import DATA, HIDDEN, USEFUL, is_synset, languages, many, rows
from tagd.labels.vocabulary import Vocabulary, fold

if TYPE_CHECKING:
    from collections.abc import Container

LISTS = "data/_info"  # inside timm; in each list the order of the classes
IMAGENET_1K = "imagenet_synsets.txt"
FURTHER = (
    "imagenet12k_synsets.txt",
    "imagenet21k_goog_synsets.txt",
    "imagenet21k_miil_synsets.txt",
    "imagenet22k_synsets.txt",
    "imagenet22k_ms_synsets.txt",
)
PERSON = "n00007846"
FEW = 12  # leaves below a kind that is still as special as a class of ImageNet-1k
LICENCE = "# Copyright 2006 Princeton University, WordNet 3.0 licence: see LICENSE.wordnet.\n"
HEADER = (
    "# WordNet 3.0 nouns: ImageNet's classes and all their hypernyms. Built by build_tables.py.\n"
    f"{LICENCE}"
    "# Index: position among ImageNet-1k's classes, from timm/data/_info/imagenet_synsets.txt.\n"
    "#id\tparents\tlemmas\tindex\n"
)
FURTHER_HEADER = (
    "# WordNet 3.0 nouns: of ImageNet's larger sets, what wordnet.tsv lacks. Built as that is.\n"
    f"{LICENCE}"
    f"# Use: {USEFUL} is a tag above others, too: few leaves below it, or an everyday word.\n"
    f"# {HIDDEN} is never a tag: a kind of person, of whom no model should say more than that.\n"
    "#id\tparents\tlemmas\tuse\n"
)


@dataclass(frozen=True, slots=True)
class Noun:
    """One noun of WordNet: its words and its hypernyms, instances' included. `senses`: the keys
    that `cntlist.rev` counts the words by in this meaning."""

    id: str
    lemmas: tuple[str, ...]
    parents: tuple[str, ...]
    senses: tuple[str, ...] = ()


def read_nouns(path: Path) -> dict[str, Noun]:
    """WordNet's `data.noun`; its format is described in wndb(5WN)."""
    nouns = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith("  "):
            synset = _parse(line)
            nouns[synset.id] = synset
    return nouns


def _parse(line: str) -> Noun:
    cells = line.split(" ")
    words = int(cells[3], 16)
    after = 4 + 2 * words
    pointers = [cells[after + 1 + 4 * i : after + 5 + 4 * i] for i in range(int(cells[after]))]
    return Noun(
        id=f"n{cells[0]}",
        lemmas=tuple(cells[4 + 2 * i].replace("_", " ") for i in range(words)),
        parents=tuple(f"n{p[1]}" for p in pointers if p[0] in {"@", "@i"} and p[2] == "n"),
        senses=tuple(
            f"{cells[4 + 2 * i].lower()}%1:{cells[1]}:{int(cells[5 + 2 * i], 16):02d}::"
            for i in range(words)
        ),
    )


def read_counts(path: Path) -> dict[str, int]:
    """WordNet's `cntlist.rev`: how often each sense was met in texts."""
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {sense: int(times) for sense, _, times in lines}


def with_hypernyms(classes: list[str], nouns: dict[str, Noun]) -> list[str]:
    """Return the classes and everything above them, sorted by id."""
    found: set[str] = set()
    todo = list(classes)
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo += nouns[here].parents
    return sorted(found)


def table(classes: list[str], index: dict[str, int], nouns: dict[str, Noun]) -> str:
    """Write the text of `wordnet.tsv`."""
    lines = []
    for id_ in with_hypernyms(classes, nouns):
        synset = nouns[id_]
        position = str(index[id_]) if id_ in index else ""
        lines.append("\t".join([id_, ";".join(synset.parents), ";".join(synset.lemmas), position]))
    return HEADER + "\n".join(lines) + "\n"


def further_table(
    classes: list[str], known: set[str], nouns: dict[str, Noun], counts: dict[str, int]
) -> str:
    """Write the text of `further.tsv`: what is `known` is left out."""
    every, among = with_hypernyms(classes, nouns), set(classes)
    leaves = _leaves_below(every, nouns)
    lines = []
    for synset in (nouns[id_] for id_ in every if id_ not in known):
        if PERSON in with_hypernyms([synset.id], nouns):
            lines.append(f"{synset.id}\t{PERSON}\tperson\t{HIDDEN}")
            continue
        below = leaves[synset.id]
        common = len(below) <= FEW or any(counts.get(sense) for sense in synset.senses)
        use = USEFUL if below and common and synset.id in among else ""
        lines.append("\t".join([synset.id, ";".join(synset.parents), ";".join(synset.lemmas), use]))
    return FURTHER_HEADER + "\n".join(lines) + "\n"


def _leaves_below(ids: list[str], nouns: dict[str, Noun]) -> dict[str, set[str]]:
    """Return for each id those below it that nothing is below of."""
    inner = {parent for id_ in ids for parent in nouns[id_].parents}
    found: dict[str, set[str]] = {id_: set() for id_ in ids}
    for leaf in (id_ for id_ in ids if id_ not in inner):
        for above in with_hypernyms([leaf], nouns):
            found[above] |= {leaf} - {above}
    return found


def faults_of_display(nouns: dict[str, Noun], known: set[str]) -> list[str]:
    """Return what `display.tsv` says that WordNet does not bear out."""
    faults = []
    for kind, id_, other, *_ in rows("display.tsv"):
        if id_ not in known:
            faults.append(f"display.tsv: {id_} is not in the table")
        elif kind == "cut" and other not in nouns[id_].parents:
            faults.append(f"display.tsv: {id_} has no parent {other} to cut")
        elif kind == "join" and other not in with_hypernyms([id_], nouns):
            faults.append(f"display.tsv: {other} is no hypernym of {id_}")
    return faults


def faults_of_everyday(nouns: Container[str], known: set[str], hidden: set[str]) -> list[str]:
    """Return what `everyday.tsv` says of labels that cannot be. `known`: those of `wordnet.tsv`."""
    faults = []
    table = [(word, label, many(parents)) for word, label, parents in rows("everyday.tsv")]
    every = {*known, *(label for _, label, _ in table)}
    for word, label, parents in table:
        if label not in nouns if is_synset(label) else label != EVERYDAY + word:
            faults.append(f"everyday.tsv: {word} cannot be {label}")
        if label in hidden:
            faults.append(f"everyday.tsv: {label} is a kind of person, and never a tag")
        if parents and label in known:
            faults.append(f"everyday.tsv: {label} has its parents in wordnet.tsv")
        faults += [f"everyday.tsv: there is no {each}" for each in parents if each not in every]
    return faults


def faults_of_names(needed: set[str]) -> list[str]:
    """Return which names the languages lack, give to nothing, or give twice."""
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


def faults_of_namesakes() -> list[str]:
    """Return which words of `namesakes.tsv` call no label, or are levels of tagd's own
    hierarchy."""
    vocabulary, faults = Vocabulary.load(), []
    for kind, word, *_ in rows("namesakes.tsv"):
        if kind == BRANCH and vocabulary.named(word):
            faults.append(f"namesakes.tsv: {word} is a tag, and no branch for names alone")
        elif kind != BRANCH and not vocabulary.resolve(word):
            faults.append(f"namesakes.tsv: {word} calls no tag")
    return faults


def class_list(name: str) -> list[str]:
    """Return the synset ids of one of timm's lists, in its order, found without importing timm."""
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        sys.exit("timm is not installed: it has the lists of ImageNet's classes")
    return (Path(spec.origin).parent / LISTS / name).read_text(encoding="ascii").split()


def main() -> int:
    """Write the tables, then list what is wrong with the curated ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("wordnet", type=Path, help="folder that holds data.noun and cntlist.rev")
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked = parser.parse_args()
    nouns = read_nouns(asked.wordnet / "data.noun")
    thousand = class_list(IMAGENET_1K)
    known = set(with_hypernyms(thousand, nouns))
    further = sorted({id_ for name in FURTHER for id_ in class_list(name)})
    counts = read_counts(asked.wordnet / "cntlist.rev")
    built = {
        "wordnet.tsv": table(thousand, {id_: at for at, id_ in enumerate(thousand)}, nouns),
        "further.tsv": further_table(further, known, nouns, counts),
    }
    faults = []
    for name, text in built.items():
        if not asked.check:
            (DATA / name).write_text(text, encoding="utf-8")
        elif (DATA / name).read_text(encoding="utf-8") != text:
            faults.append(f"{name}: differs from what would be built")
    shown = {row[1] for row in rows("display.tsv") if row[0] in {"tag", "broad"}}
    shown |= set(everyday.labels().values())
    never = {row[0] for row in rows("further.tsv") if row[-1] == HIDDEN}
    faults += faults_of_display(nouns, known) + faults_of_names(set(thousand) | shown)
    faults += faults_of_everyday(nouns, known, never)
    faults += faults_of_namesakes()
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
