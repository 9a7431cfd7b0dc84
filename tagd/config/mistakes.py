"""What is wrong with a configuration, as a person would say it: key, value, reason, what to do."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from tagd.config.keys import SECTIONS
from tagd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_PLAIN = {
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "model_type": "must be a table of keys",
    "dict_type": "must be a table of keys",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "bool_type": "must be true or false",
}
_HEADER = re.compile(r"^\s*\[{1,2}\s*([\w\-.]+)\s*\]")
_KEY = re.compile(r"^\s*([\w\-.]+)\s*=")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong. `key` is dotted; `where` says who wrote it."""

    key: str
    text: str
    where: str
    hint: str = ""
    line: int = 0


def refuse(mistakes: Sequence[Mistake]) -> NoReturn:
    """Raise one `ConfigError` for all of them."""
    first = mistakes[0]
    if len(mistakes) == 1:
        raise ConfigError(f"{first.where}: {first.text}", key=first.key, hint=first.hint)
    lines = [
        f"\n  {mistake.where}: {mistake.text}{f' ({mistake.hint})' if mistake.hint else ''}"
        for mistake in mistakes
    ]
    raise ConfigError(
        f"{len(mistakes)} mistakes in the configuration:{''.join(lines)}", key=first.key
    )


def mistakes_in(
    error: ValidationError, *, file: Path | None = None, text: str = ""
) -> list[Mistake]:
    """Describe what pydantic found, in the words of a file's keys or, without one, of the
    variables."""
    found = [_mistake(details, file, text) for details in error.errors(include_url=False)]
    return sorted(found, key=lambda mistake: mistake.line)


def unknown_section(variable: str, value: str) -> Mistake:
    """Describe a TAGD_* variable whose first part names no table."""
    key = variable[len("TAGD_") :].lower().replace("__", ".")
    return Mistake(key, f"unknown key {key} = {value!r}", f"variable {variable}", _nearest(key))


def of_unread(variables: Iterable[str]) -> Iterator[str]:
    """Describe TAGD_* variables that nothing reads, a line each."""
    for name in sorted(variables):
        key = name[len("TAGD_") :].lower()
        near = _elsewhere(key).removeprefix("did you mean ").removesuffix("?").replace(".", "__")
        hint = f"did you mean TAGD_{near.upper()}?" if near else "keys are TAGD_SECTION__KEY"
        yield f"nothing reads the variable {name}; {hint}"


def _mistake(details: ErrorDetails, file: Path | None, text: str) -> Mistake:
    path = [str(part) for part in details["loc"] if isinstance(part, str)]
    key = ".".join(path)
    line = line_of(text, path, _table_of(details)) or 0
    if file is None:
        where = f"variable TAGD_{'__'.join(path).upper()}"
    else:
        where = f"{file}, line {line}" if line else str(file)
    value = _shown(details["input"])
    if details["type"] == "extra_forbidden":
        return Mistake(key, f"unknown key {key} = {value}", where, _nearest(key), line)
    steps = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in details["loc"])
    shown_key = "".join(steps).removeprefix(".")
    return Mistake(key, f"{shown_key} = {value}: {_reason(details)}", where, line=line)


def _table_of(details: ErrorDetails) -> int:
    """Return which of several tables of one name it is in, from 0: `[[policy.rules]]`."""
    loc = details["loc"]
    return next((part for part in loc[:-1] if isinstance(part, int)), 0)


def _reason(details: ErrorDetails) -> str:
    plain = _PLAIN.get(details["type"])
    if plain:
        return plain
    message = in_our_words(details["msg"])
    return message[:1].lower() + message[1:]


def in_our_words(message: str) -> str:
    """Say what pydantic does of a value, without its own names of things."""
    message = message.removeprefix("Value error, ").partition(", unable to parse")[0]
    message = message.replace("a valid integer", "a whole number").replace("a valid", "a")
    return message.replace("Input should be", "must be")


def _shown(value: Any) -> str:
    """Show the value as TOML would have it, near enough, and never a page of it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        value = list(value)
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _nearest(key: str) -> str:
    """Name the key that was probably meant, as a hint; else the keys that there are."""
    section, _, name = key.rpartition(".")
    if section in SECTIONS:
        near = get_close_matches(name, SECTIONS[section], n=1)
        if near:
            return f"did you mean {near[0]}?"
        return _elsewhere(name) or f"[{section}] has {', '.join(SECTIONS[section])}"
    near = get_close_matches(section or name, SECTIONS, n=1)
    if near:
        return f"did you mean [{near[0]}]?"
    return _elsewhere(name) or f"there are {', '.join(f'[{known}]' for known in SECTIONS)}"


def _elsewhere(name: str) -> str:
    """Describe a key that stands in another table than where it was written."""
    dotted = {key: f"{section}.{key}" for section, keys in SECTIONS.items() for key in keys}
    near = get_close_matches(name, dotted, n=1, cutoff=0.8)
    return f"did you mean {dotted[near[0]]}?" if near else ""


def line_of(text: str, path: Sequence[str], table: int = 0) -> int | None:
    """Find where `path` is set in TOML text, from 1; None where it cannot be told. Of several
    tables of one name it is in this one, from 0.

    tomllib keeps no positions. This knows headers, dotted keys and bare keys, as people write them.
    """
    header: list[str] = []
    seen: Counter[str] = Counter()
    another = False  # whether this is a table of that name before the one meant
    for number, line in enumerate(text.splitlines(), 1):
        if found := _HEADER.match(line):
            header = found[1].split(".")
            seen[found[1]] += 1
            another = line.lstrip().startswith("[[") and seen[found[1]] <= table
            if header == list(path) and not another:
                return number
        elif key := _KEY.match(line):
            here = header + key[1].split(".")
            if another:
                continue
            known = min(len(here), len(path))  # either may go further down: alias.cat, or { cat =
            if here[:known] == list(path[:known]):
                return number
    return None
