"""All that the pages say is there in Japanese, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tagd.web.pages import rendering
from tagd.web.words import words_in

WEB = Path(rendering.__file__).parent.parent
# What is said of a value: states of files and tags, changes, sources, facts of a file.
VALUES = {
    *("queued", "discovered", "settling", "tagged", "missing", "changed", "failed"),
    *("active", "confirmed", "rejected", "added", "removed", "restored", "undone"),
    *("person", "metadata", "model", "file", "folder", "size", "picture", "camera", "taken"),
    *("photos", "review", "tags", "status"),
}


def said() -> set[str]:
    found = set(VALUES)
    for template in (WEB / "templates").glob("*.html"):
        found.update(re.findall(r"""say\('([^']+)'""", template.read_text(encoding="utf-8")))
    for source in ("welcome.py", "pages/entrance.py"):
        text = (WEB / source).read_text(encoding="utf-8")
        found.update(re.findall(r"""say\(["']([^"']+)["']\)""", text))
        found.update(re.findall(r'wrong="([^"]+)"', text))
    for script in (WEB / "static").glob("*.js"):
        phrases = re.findall(r"""\bsay\("([^"]+)\"""", script.read_text(encoding="utf-8"))
        if script.name != "htmx.min.js":
            assert set(phrases) <= set(rendering.WORDS_IN_SCRIPTS), script.name
    return found | set(rendering.WORDS_IN_SCRIPTS)


def test_every_phrase_has_a_translation_with_the_same_values() -> None:
    japanese = json.loads((WEB / "words.ja.json").read_text(encoding="utf-8"))
    assert said() - japanese.keys() == set()
    assert japanese.keys() - said() == set()
    for phrase, translation in japanese.items():
        assert sorted(re.findall(r"{\w+}", phrase)) == sorted(re.findall(r"{\w+}", translation))


def test_values_are_put_in() -> None:
    assert words_in("ja")("{count} to look at", count=3) == "残り 3 枚"
    assert words_in("en")("{count} to look at", count=3) == "3 to look at"
    assert words_in("ja")("no such phrase") == "no such phrase"
