"""The rules for tags, as a person writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.config import load, tag_rules
from tests.configuration import refused, written

RULES = """
[tags]
max_tags = 3
prefix = "auto/"
deny = "猫"
[tags.thresholds]
dog = 0.8
[tags.alias]
tabby = "Minka"
[tags.parents]
Chihuahua = "our dogs"
pug = ["our dogs", "n02084071"]
"""


def test_rules_name_tags_in_any_way(tmp_path: Path, environ: dict[str, str]) -> None:
    rules = tag_rules(load(written(tmp_path, RULES), environ))
    assert (rules.top_k, rules.prefix) == (3, "auto/")
    assert rules.deny == {"n02121808"}
    assert rules.thresholds == {"n02084071": 0.8}
    assert rules.alias == {"n02123045": "own:Minka"}
    assert rules.parents == {
        "n02085620": ("own:our dogs",),
        "n02110958": ("own:our dogs", "n02084071"),
    }


def test_rules_from_a_variable_know_the_files(tmp_path: Path, environ: dict[str, str]) -> None:
    file = written(tmp_path, RULES)
    environ["TAGD_TAGS__ALLOW"] = '["our dogs", "dog"]'
    assert tag_rules(load(file, environ)).allow == {"own:our dogs", "n02084071"}
    environ["TAGD_TAGS__ALLOW"] = '["crane"]'
    assert "variable TAGD_TAGS__ALLOW: tags.allow: 'crane' may mean crane" in refused(file, environ)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[tags]\n\ndeny = ['cat', 'crane']",
            "config.toml, line 3: tags.deny: 'crane' may mean crane (n02012849) or construction"
            " crane (n03126707)\n  write the id of the one that you mean, such as n02012849",
        ),
        (
            "[tags]\n[tags.thresholds]\nchihuaha = 0.5",
            "line 2: tags.thresholds: there is no tag 'chihuaha'\n  did you mean Chihuahua?",
        ),
        ("[tags]\nparents = { cat = 'tabby' }", "'tabby cat' is a kind of 'cat', and cannot"),
        ("[tags.thresholds]\ncat = 1.5", "tags.thresholds.cat = 1.5: must be less than or equal"),
        ("[tags]\ndeny = ['']", "tags.deny[0] = '': must be the name of a tag"),
        ("[tags]\nprefix = 'a\\nb'", None),
        ('[tags]\nprefix = "a\\nb"', "tags.prefix = 'a\\nb': must be printable text on one line"),
        ("[tags]\ntop_k = 3\nmax_tags = 4", "top_k and max_tags are two names of one key: keep"),
        ("[tags]\nmax_tags = 0", "tags.max_tags = 0: must be greater than or equal to 1"),
    ],
)
def test_a_mistake_in_the_rules_is_told(
    text: str, told: str | None, tmp_path: Path, environ: dict[str, str]
) -> None:
    file = written(tmp_path, text)
    if told is None:
        assert load(file, environ).tags.prefix == "a\\nb"
    else:
        assert told in refused(file, environ)


def test_all_mistakes_in_the_rules_are_told(tmp_path: Path, environ: dict[str, str]) -> None:
    file = written(tmp_path, "[tags]\ndeny = ['crane']\nallow = ['qqqqqq']\nalias.crane = 'x'\n")
    lines = refused(file, environ).splitlines()
    assert lines[0] == "3 mistakes in the configuration:"
    assert [line.split(": ")[1] for line in lines[1:]] == ["tags.deny", "tags.allow", "tags.alias"]
