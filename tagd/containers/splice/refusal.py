"""What the splicers have in common: why something is not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.containers.trailers import stands_alone

if TYPE_CHECKING:
    from tagd.containers.segments import Segment


class CannotSplice(ValueError):
    """The file is whole, but putting a packet in, or taking it out, would harm something in it."""


def require_alone(data: bytes, found: list[Segment]) -> None:
    """Raise CannotSplice where something follows the picture that may be found by its distance from
    the start of the file."""
    last = found[-1]
    if last.kind == "TRAILER" and not stands_alone(data, last.start, last.end):
        raise CannotSplice("what follows the picture may be found by its distance from the start")
