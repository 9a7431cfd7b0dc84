"""Kinds of kinds: several parents, cuts and joins, and how quickly it is there."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tagd.labels.hierarchy import Hierarchy, read

if TYPE_CHECKING:
    from pathlib import Path

TABBY, CAT, DOG, ANIMAL = "n02123045", "n02121808", "n02084071", "n00015388"

# A piano is both: two ways up to `instrument`.
TWO_WAYS = Hierarchy(
    parents={
        "piano": ("keyboard", "strings"),
        "organ": ("keyboard",),
        "harp": ("strings",),
        "keyboard": ("instrument",),
        "strings": ("instrument",),
    },
    classes=("piano", "organ", "harp"),
    tags=frozenset({"keyboard", "strings", "instrument"}),
)


def test_an_ancestor_is_listed_once_whatever_the_ways_to_it() -> None:
    assert TWO_WAYS.ancestors("piano") == ("keyboard", "strings", "instrument")


def test_what_is_below_is_listed_once() -> None:
    below = TWO_WAYS.descendants("instrument")
    assert sorted(below) == ["harp", "keyboard", "organ", "piano", "strings"]
    assert TWO_WAYS.descendants("piano") == ()
    assert TWO_WAYS.children["keyboard"] == ("organ", "piano")


def test_a_label_from_elsewhere_stands_alone() -> None:
    assert TWO_WAYS.ancestors("our car") == TWO_WAYS.shown_above("our car") == ()
    assert TWO_WAYS.descendants("our car") == ()
    assert TWO_WAYS.may_be_tag("our car")


def test_the_shipped_one_knows_cats_and_dogs() -> None:
    shipped = Hierarchy.load()
    assert shipped.shown_above(TABBY)[0] == CAT
    assert set(shipped.shown_above(TABBY)) == {CAT, "n02120997", "n01861778", ANIMAL}
    assert len(set(shipped.descendants(DOG)) - shipped.children.keys()) == 118
    assert "n03575240" not in shipped.shown, "instrumentality is no word to search for"
    assert not shipped.may_be_tag("n03575240")


def test_cuts_and_joins_hold() -> None:
    shipped = Hierarchy.load()
    assert "n04490091" not in shipped.ancestors("n03770679"), "a minivan is no truck"
    assert "n04490091" in shipped.ancestors("n03796401"), "a moving van is one"
    assert "n07679356" not in shipped.ancestors("n07871810"), "meatloaf is no bread"
    assert "n07881800" in shipped.ancestors("n07930864"), "a cup holds a drink"


def test_it_is_read_once() -> None:
    assert Hierarchy.load() is Hierarchy.load()


def test_tables_of_ones_own_are_read(tmp_path: Path) -> None:
    (tmp_path / "wordnet.tsv").write_text("# x\na\t\tall\t\nb\ta\tbird\t\nc\tb;a\tcrow\t0\n")
    (tmp_path / "display.tsv").write_text("tag\tb\t\tbird\nbroad\ta\t\tall\ncut\tc\ta\tno\n")
    (tmp_path / "everyday.tsv").write_text("flight\td\tb\nbird\tb\t\n")
    own = read(tmp_path)
    assert own.parents["c"] == ("b",) == own.parents["d"]
    assert own.tags == {"b", "d"}
    assert own.classes == ("c",)
    assert own.shown_above("c") == ("b", "a")


def test_neither_hierarchy_nor_vocabulary_imports_anything_heavy() -> None:
    program = (
        "import sys, tagd.labels.derive, tagd.labels.hierarchy as h, tagd.labels.vocabulary as v;"
        "h.Hierarchy.load(); v.Vocabulary.load().resolve('cat');"
        "print(*({'numpy', 'torch', 'PIL', 'sqlalchemy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == []
