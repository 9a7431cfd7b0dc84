"""Orders to the daemon that works on a catalogue: pause, resume, drain, stop and reload;
and what a picture shows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import open_reader, owner_of
from tagd.errors import (
    CatalogueMissing,
    ControlError,
    CorruptImage,
    DecoderDied,
    DecoderHung,
    NotAnImage,
    TooLarge,
    TruncatedImage,
    UnsupportedImage,
)
from tagd.fs import display
from tagd.ops.control import Command, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tagd.config import Config

__all__ = ["Command", "look", "order", "wait_for_end"]

DAEMON = "tagd run"
END_SECONDS = 15.0  # a daemon stops within 5
LOOK_SECONDS = 0.1
# What may be wrong with a picture that is looked at.
_FLAWS = (NotAnImage, UnsupportedImage, TooLarge, TruncatedImage, DecoderHung, DecoderDied)


def order(config: Config, command: Command) -> str:
    """Have the daemon do it, and return what it says of it. Raises `ControlError` where none runs,
    where it is another user's, or where it cannot be done."""
    reply = tell(_listener(config.catalogue.path), command)
    if not reply.ok:
        raise ControlError(reply.message, hint=reply.hint)
    return reply.message


def look(config: Config, path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the tags that the daemon's models give the picture at this path, as `Reply.tags` has
    them. Raises as `order` does, and `PhotoError` for what is no picture that tagd reads."""
    reply = tell(_listener(config.catalogue.path), Command.LOOK, picture=str(path))
    if reply.code:
        kind = next((kind for kind in _FLAWS if kind.code == reply.code), CorruptImage)
        raise kind(path, reply.message)
    if not reply.ok:
        raise ControlError(reply.message, hint=reply.hint)
    return reply.tags


def wait_for_end(config: Config) -> None:
    """Return once no daemon works on the catalogue. Raises `ControlError` where that takes longer
    than a daemon takes to stop."""
    deadline = time.monotonic() + END_SECONDS
    while (holder := owner_of(config.catalogue.path)) is not None and holder.what == DAEMON:
        if time.monotonic() > deadline:
            raise ControlError(f"{holder} has not ended yet", hint="see its log")
        time.sleep(LOOK_SECONDS)


def _listener(catalogue: Path) -> Path:
    """Return where the daemon of this catalogue listens. Raises `ControlError` where none does."""
    holder = owner_of(catalogue)
    if holder is None:
        raise ControlError(
            f"no tagd is running on {display(catalogue)}", hint="`tagd run` starts one"
        )
    if holder.what != DAEMON:
        raise ControlError(f"{holder} is using the catalogue, and takes no commands")
    try:
        with open_reader(catalogue) as opened, opened.read() as tx:
            place = settings.get(tx, settings.CONTROL)
    except CatalogueMissing:
        place = None
    if place is None:
        raise ControlError(f"{holder} does not listen yet", hint="try again in a moment")
    return Path(place)
