"""The classes of ImageNet's larger sets: known where a photo has them, and read nowhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tagd.labels import tables
from tagd.labels.build_tables import Noun, further_table
from tagd.labels.derivation import Derivation
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.meaning import Meaning
from tagd.labels.rules import TagRules
from tagd.labels.vocabulary import Vocabulary
from tests.labels import predicted

PLANT, PERSON, TABBY = "n00017222", "n00007846", "n02123045"
ROSE, BANKSIA, DAMASK = "n12620196", "n12620969", "n12621410"
AGENT, ORGANISM = "n10400618", "n00004475"


def tags(of: dict[str, float]) -> set[str]:
    derivation = Derivation.by(TagRules())
    return {derivation.name_of(tag.label) for tag in derivation.tags_of(predicted(of)).tags}


def test_kinds_of_roses_add_up_to_a_rose() -> None:
    assert tags({BANKSIA: 0.3, DAMASK: 0.3}) == {"rose", "plant"}


def test_a_sure_class_has_wordnets_name_and_what_it_is_a_kind_of() -> None:
    assert tags({BANKSIA: 0.9}) == {"banksia rose", "rose", "plant"}


def test_no_model_says_more_of_a_person_than_that() -> None:
    assert tags({AGENT: 0.9}) == {"person"}
    hidden = [each for each in tables.synsets().values() if each.use == tables.HIDDEN]
    assert len(hidden) > 3000
    assert {each.words for each in hidden} == {("person",)}


def test_a_class_that_nobody_searches_for_is_no_tag() -> None:
    assert tags({ORGANISM: 0.9}) == set()


def test_what_a_photo_album_calls_wrong_stays_cut() -> None:
    shipped = Hierarchy.load()
    assert shipped.knowing([BANKSIA]).ancestors(TABBY) == shipped.ancestors(TABBY)


def test_every_parent_is_known() -> None:
    every = tables.synsets()
    assert {parent for each in every.values() for parent in each.parents} <= every.keys()


@pytest.mark.parametrize("word", ["rose", "Rosa banksia", "plant", "植物", BANKSIA])
def test_a_search_finds_it_where_a_photo_has_it(word: str) -> None:
    meaning = Meaning.by(TagRules(), {BANKSIA: "banksia rose"})
    assert BANKSIA in meaning.labels(word)


def test_a_rejected_rose_takes_its_kinds_along() -> None:
    derivation = Derivation.by(TagRules())
    assert derivation.kinds_of(ROSE, [BANKSIA, DAMASK, TABBY]) == {BANKSIA, DAMASK}


def test_rules_may_name_it_by_its_label() -> None:
    assert Vocabulary.load().resolve(BANKSIA) == {BANKSIA}


def test_a_catalogue_without_such_classes_does_not_read_them() -> None:
    script = (
        "from tagd.labels import tables\n"
        "from tagd.labels.meaning import Meaning\n"
        "from tagd.labels.rules import TagRules\n"
        f"meaning = Meaning.by(TagRules(), {{{TABBY!r}: 'tabby', 'own:Ada': 'Ada'}})\n"
        "assert meaning.labels('cat') and not meaning.labels('no such thing')\n"
        "assert tables.synsets.cache_info().currsize == 0\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def noun(label: str, *parents: str) -> Noun:
    return Noun(label, (f"a {label}",), parents, (f"{label}%1",))


def test_the_builder_tells_what_is_useful_above_others() -> None:
    many = [noun(f"moss{number}", "mosses") for number in range(13)]
    nouns = [
        noun("entity"), noun("mosses", "entity"), noun("oak", "entity"), noun("holm oak", "oak"),
        noun(PERSON, "entity"), noun("cook", PERSON), *many,
    ]  # fmt: skip
    known = {each.id: each for each in nouns}
    classes = sorted(known.keys() - {"entity", PERSON})

    def use(counts: dict[str, int]) -> dict[str, str]:
        text = further_table(classes, {"entity", PERSON}, known, counts)
        lines = [line.split("\t") for line in text.splitlines() if line[0] != "#"]
        return {label: use for label, _, _, use in lines}

    found = use({})
    assert (found["oak"], found["holm oak"], found["cook"]) == (tables.USEFUL, "", tables.HIDDEN)
    assert (found["mosses"], use({"mosses%1": 2})["mosses"]) == ("", tables.USEFUL)
