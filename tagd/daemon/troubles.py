"""What is wrong with the running whole at the moment, in words, for `tagd status`.

It is told over the control socket: a catalogue on a full disk could not keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.daemon.care import Care
    from tagd.daemon.journal import Journal
    from tagd.daemon.tagging import Tagging
    from tagd.intake.intake import IntakeState
    from tagd.ops.pulse import Late


def of(
    intake: IntakeState, tagging: Tagging, care: Care, journal: Journal, late: Sequence[Late]
) -> Iterator[str]:
    """What stands, a line each."""
    yield from tagging.troubles
    for each in intake.troubles:
        yield f"{each.message}; {each.hint}" if each.hint else each.message
    yield from journal.troubles
    yield from care.troubles
    for silent in late:
        yield f"the thread {silent.thread} makes no progress for {silent.seconds:.0f} s"
