"""Moments as the catalogue compares them. Pure."""

from __future__ import annotations

_NO_SIGNS = {ord(sign): None for sign in "-:T"}


def moment(taken_at: str | None) -> int:
    """A photo's own time, ISO 8601, as `file.taken` has it: its digits down to seconds, on the
    camera's clock. 0 where nobody knows."""
    digits = (taken_at or "")[:19].translate(_NO_SIGNS)
    return int(digits.ljust(14, "0")[:14]) if digits.isascii() and digits.isdecimal() else 0
