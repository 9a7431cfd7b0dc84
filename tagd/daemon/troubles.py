"""What is wrong with the running whole at the moment, in words, for `tagd status`.

It is told over the control socket: a catalogue on a full disk could not keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tagd.intake.intake import IntakeState
    from tagd.ops.pulse import Late


class Part(Protocol):
    """A part of the whole that knows what is wrong with it."""

    @property
    def troubles(self) -> Iterable[str]: ...


def of(intake: IntakeState, parts: Sequence[Part], late: Sequence[Late]) -> Iterator[str]:
    """What stands, a line each."""
    for each in intake.troubles:
        yield f"{each.message}; {each.hint}" if each.hint else each.message
    for part in parts:
        yield from part.troubles
    for silent in late:
        yield f"the thread {silent.thread} has made no progress for {silent.seconds:.0f} s"
