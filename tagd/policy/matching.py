"""Whether a rule is about a photo. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from tagd.containers import RAW_FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.domain import PhotoFacts
    from tagd.policy.context import PolicyContext
    from tagd.policy.preferences import Rule

RAW = "RAW"  # every camera's own kind


def first_match(rules: Sequence[Rule], context: PolicyContext) -> Rule | None:
    """Return the first rule that is about this photo."""
    return next((rule for rule in rules if why_not(rule, context) is None), None)


def matches_at_some_hour(rules: Sequence[Rule], context: PolicyContext) -> tuple[Rule | None, ...]:
    """Return the rules that count for this photo at one hour or another, in their order; the last
    one, None for no rule, whenever none of the others holds."""
    found: list[Rule | None] = []
    for rule in rules:
        at_any_hour = rule if rule.hours is None else replace(rule, hours=None)
        if why_not(at_any_hour, context) is None:
            found.append(rule)
            if rule.hours is None:
                return tuple(found)
    return (*found, None)


def why_not(rule: Rule, context: PolicyContext) -> str | None:
    """Say why the rule is not about this photo; None where it is."""
    if rule.path and not matches_path(rule.path, context.path):
        return f"its path is not {rule.path}"
    if rule.camera and not _matches_camera(rule.camera, context.photo):
        return f"its camera is not {rule.camera}"
    if rule.type and not _matches_type(rule.type, context.photo.format):
        return f"it is {context.photo.format}, not {rule.type}"
    size = megapixels(context.photo)
    if rule.min_megapixels is not None and size < rule.min_megapixels:
        return f"it has {size:.1f} megapixels, fewer than {rule.min_megapixels:g}"
    if rule.max_megapixels is not None and size > rule.max_megapixels:
        return f"it has {size:.1f} megapixels, more than {rule.max_megapixels:g}"
    if rule.hours is not None and not rule.hours.hold(context.machine.at):
        return f"it is {context.machine.at:%H:%M}"
    return None


def may_match(rule: Rule, path: Path) -> bool:
    """Return whether the rule may turn out to be about the file at this path, which nobody has
    read."""
    return not rule.path or matches_path(rule.path, path)


def matches_path(pattern: str, path: Path) -> bool:
    """Return whether a glob matches: without a slash the name of the file or of a folder above it,
    with one the end of the path, with one in front the whole. `*` stops at slashes, `**` does
    not."""
    if "/" not in pattern:
        return any(fnmatchcase(part, pattern) for part in path.parts)
    return _compiled(pattern).fullmatch(str(path)) is not None


_TOKEN = re.compile(r"(\*\*/)|(\*\*)|(\*)|(\?)|(.)", re.DOTALL)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    start = "" if pattern.startswith("/") else "(?:.*/)?"
    return re.compile(start + _TOKEN.sub(_translated, pattern), re.DOTALL)


def _translated(token: re.Match[str]) -> str:
    return ("(?:.*/)?", ".*", "[^/]*", "[^/]", re.escape(token[0]))[(token.lastindex or 5) - 1]


def _matches_camera(pattern: str, photo: PhotoFacts) -> bool:
    make, model = photo.camera_make or "", photo.camera_model or ""
    wanted = pattern.casefold()
    return any(
        fnmatchcase(name.strip().casefold(), wanted)
        for name in (make, model, f"{make} {model}")
        if name.strip()
    )


def _matches_type(wanted: str, kind: str) -> bool:
    return kind == wanted.upper() or (wanted.upper() == RAW and kind in {*RAW_FORMATS, RAW})


def megapixels(photo: PhotoFacts) -> float:
    """Return the picture's size in megapixels."""
    return photo.width * photo.height / 1e6
