"""What every table of the file is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


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
    """A list, as TOML and JSON have it, becomes a tuple; anything else is left to be judged."""
    return tuple(value) if isinstance(value, list) else value
