"""The base class of every table, and the types of its values."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from tagd.config.paths import expand
from tagd.fs import current_folder


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts, in the plural."""

    name: str


class Section(BaseModel):
    """A table of the file. Unknown keys and wrong types are refused, never guessed at."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


def as_tuple(value: Any) -> Any:
    """Make a tuple of a list, as TOML and JSON have it; leave anything else to be judged."""
    return tuple(value) if isinstance(value, list) else value


def _absolute(value: Any, info: ValidationInfo) -> Any:
    # An absolute Path was expanded before; doing it again would read a `$` in a name anew.
    if isinstance(value, Path) and value.is_absolute():
        return value
    if not isinstance(value, str | Path):
        raise ValueError("must be a path in quotes")  # noqa: TRY004  pydantic wants it
    context = info.context or {"base": current_folder(), "environ": os.environ}
    return expand(str(value), context["base"], context["environ"])


def _absolute_if_any(value: Any, info: ValidationInfo) -> Any:
    return None if value is None or value == "" else _absolute(value, info)


AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
OptionalPath = Annotated[Path | None, BeforeValidator(_absolute_if_any)]
