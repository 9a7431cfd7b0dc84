"""The commented file that `tagd init` writes: every key with its default, its unit and its why."""

from __future__ import annotations

import json
import sys
import textwrap
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagd.config.keys import SECTIONS, section_of
from tagd.config.section import Section, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = (
    "All settings of tagd, with their defaults. To change one, remove the # before its key.",
    "Paths may begin with ~ and contain $VARIABLES; relative ones start at this file's folder."
    " Environment variables override this file: TAGD_TAGS__TOP_K=3 for top_k in [tags], lists as"
    " JSON. `tagd config check` checks it.",
)


def text(chosen: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Return the whole file. Keys are commented out, so that an untouched one follows new
    defaults, but for those that are `chosen`, by section."""
    head = [line for paragraph in HEAD for line in [*_comment(paragraph), ""]]
    tables = (_table(name, (chosen or {}).get(name, {})) for name in SECTIONS)
    return "\n".join([*head, *chain.from_iterable(tables)])


def _table(name: str, chosen: Mapping[str, Any]) -> list[str]:
    section = section_of(name)
    lines = [*_comment(section.__doc__ or ""), f"[{name}]", ""]
    for key, field in section.model_fields.items():
        unit = next((f"  # {item.name}" for item in field.metadata if isinstance(item, Unit)), "")
        sign, value = ("", chosen[key]) if key in chosen else ("#", field.default)
        lines += [*_comment(str(field.description)), f"{sign}{key} = {as_toml(value)}{unit}", ""]
    return lines


def _comment(prose: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(prose, 96)]


def as_toml(value: Any) -> str:
    """Write a default as TOML. JSON's text, numbers, booleans and lists are TOML's."""
    if isinstance(value, tuple):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    if isinstance(value, Section):
        pairs = (f"{key} = {as_toml(item)}" for key, item in value)
        return f"{{ {', '.join(pairs)} }}"
    if value is None:
        return '""'
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write(text())
