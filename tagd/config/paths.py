"""Paths as a person writes them: `~`, `$VARIABLES`, and relative to where they were written."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

# What these mean where they are not set. Source: XDG Base Directory Specification 0.8.
XDG = {
    "XDG_CONFIG_HOME": "~/.config",
    "XDG_DATA_HOME": "~/.local/share",
    "XDG_STATE_HOME": "~/.local/state",
    "XDG_CACHE_HOME": "~/.cache",
}


class NoHome(ConfigError, ValueError):
    """This user has no home folder."""


_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def expand(text: str, base: Path, environ: Mapping[str, str]) -> Path:
    """Return the absolute path that `text` means when written in `base`.

    `..` is taken out lexically, so that one file has one path whatever way it was named. Raises
    `ValueError` for a variable that is not set and for an unknown user.
    """
    if not text or "\0" in text:
        raise ValueError("must be a path")

    def value_of(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        value = environ.get(name) or XDG.get(name)
        if not value:
            raise ValueError(f"${name} is not set")
        return value

    expanded = _home(_VARIABLE.sub(value_of, text), environ)
    return Path(os.path.normpath(base / expanded))


def _home(text: str, environ: Mapping[str, str]) -> str:
    user, slash, rest = text.partition("/")
    if not user.startswith("~"):
        return text
    home = environ.get("HOME") if user == "~" else None
    home = home or os.path.expanduser(user)  # noqa: PTH111  Path.expanduser raises RuntimeError
    if home == "~":
        hint = "Set HOME to a folder of this user's."
        raise NoHome("this user has no home folder, and HOME is not set", hint=hint)
    if home.startswith("~"):
        raise ValueError(f"there is no home folder {user}")
    return home + slash + rest
