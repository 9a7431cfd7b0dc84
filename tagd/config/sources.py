"""Which file is read, and how the environment's variables lie over it."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tagd.config.keys import SECTIONS, Config
from tagd.config.mistakes import Mistake, line_of, mistakes_in, of_unread, refuse, unknown_section
from tagd.config.paths import expand
from tagd.config.rules import rules_of
from tagd.errors import ConfigError
from tagd.fs import current_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tagd.labels.wording import Fault

SYSTEM_FILE = Path("/etc/tagd/config.toml")
USER_FILE = "$XDG_CONFIG_HOME/tagd/config.toml"
PREFIX, SEPARATOR = "TAGD_", "__"
# Variables that are no keys, and are read nevertheless.
_OTHERS = ("TAGD_CONFIG", "TAGD_DEBUG")

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where a person's own configuration lies, and where `tagd init` writes one."""
    return expand(USER_FILE, current_folder(), environ)


def find(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find the file that `load` reads: `path`, TAGD_CONFIG, the user's, the system's, or none.

    Raises `ConfigError` where a file that was named is not there.
    """
    named = path or (Path(environ["TAGD_CONFIG"]) if environ.get("TAGD_CONFIG") else None)
    if named is not None:
        named = expand(str(named), current_folder(), environ)
        if not named.exists():  # a pipe will do
            told = "--config" if path else "TAGD_CONFIG"
            raise ConfigError(
                f"there is no configuration at {named}",
                hint=f"{told} names it; `tagd init --config {named}` writes one",
            )
        return named
    return next((file for file in (user_file(environ), SYSTEM_FILE) if file.is_file()), None)


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Load the current configuration. Raises `ConfigError`, which lists every mistake there is;
    what names in rules mean is looked at when all else is well."""
    file = find(path, environ)
    given, mistakes = _from_file(file, environ) if file else ({}, [])
    variables = {
        name: value
        for name, value in environ.items()
        if name.upper().startswith(PREFIX) and SEPARATOR in name[len(PREFIX) :] and value
    }
    if variables:
        above, more = _from_variables(variables, environ)
        mistakes += more
        given = {key: {**given.get(key, {}), **above.get(key, {})} for key in given | above}
    if mistakes:
        refuse(mistakes)
    config = _validated(given, current_folder(), environ)
    if faults := rules_of(config.tags)[1]:
        told = [_mistake(fault, file, variables) for fault in faults]
        refuse(sorted(told, key=lambda mistake: mistake.line))
    return config


def unread(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Describe TAGD_* variables that look like keys and are none, a line each."""
    names = (name for name in environ if name.startswith(PREFIX) and SEPARATOR not in name)
    return list(of_unread(name for name in names if name not in _OTHERS))


def _mistake(fault: Fault, file: Path | None, variables: Mapping[str, str]) -> Mistake:
    """Describe what is wrong with a rule, which may be so because of another one elsewhere."""
    key = f"tags.{fault.key}"
    inside = f"{PREFIX}TAGS{SEPARATOR}{fault.key}".upper()
    by_variable = next((name for name in variables if name.upper().startswith(inside)), None)
    if file is None or by_variable:
        return Mistake(key, f"{key}: {fault.reason}", f"variable {by_variable}", fault.hint)
    line = line_of(_read(file)[0], ["tags", fault.key]) or 0
    where = f"{file}, line {line}" if line else str(file)
    return Mistake(key, f"{key}: {fault.reason}", where, fault.hint, line)


def _from_file(file: Path, environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Mistake]]:
    """Read what the file sets, validated, with paths made absolute; and what is wrong with it."""
    text, table = _read(file)
    try:
        config = _validated(table, file.parent.absolute(), environ)
    except ValidationError as error:
        return {}, mistakes_in(error, file=file, text=text)
    return config.model_dump(exclude_unset=True), []


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")  # with or without a mark
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8, as TOML must be") from error
    except tomllib.TOMLDecodeError as error:
        position = _POSITION.search(str(error))
        reason = _POSITION.sub("", str(error))
        line = (position and position[1]) or str(text.count("\n") + 1)
        raise ConfigError(f"{file}, line {line}: not valid TOML: {reason}") from error


def _from_variables(
    variables: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[Mistake]]:
    """Read what TAGD_* variables set; their relative paths start at the current folder."""
    # Lazy: pydantic_settings costs 0.1 s, and hardly anyone has such variables.
    from tagd.config.environment import read  # noqa: PLC0415

    mistakes = [
        unknown_section(name, value)
        for name, value in variables.items()
        if name[len(PREFIX) :].lower().partition(SEPARATOR)[0] not in SECTIONS
    ]
    try:
        config = _validated(read(variables), current_folder(), environ)
    except ValidationError as error:
        return {}, mistakes + mistakes_in(error)
    return config.model_dump(exclude_unset=True), mistakes


def _validated(table: Mapping[str, Any], base: Path, environ: Mapping[str, str]) -> Config:
    # Sections that are not given are validated too, so that their defaults see `environ`.
    whole = {section: {} for section in SECTIONS} | dict(table)
    return Config.model_validate(whole, context={"base": base, "environ": environ})
