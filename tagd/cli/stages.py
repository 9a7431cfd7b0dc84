"""Where the time of a photo goes, as `tagd status --verbose` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.cli import output
from tagd.work.stage_times import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.work.stage_times import StageTimes

STAGES_IN_WORDS = {
    Stage.DECODE: "in the decoders, beside the rest",
    Stage.WAIT: "for decoded photos",
    Stage.FORWARD: "models chosen and asked",
    Stage.DERIVE: "from predictions to tags",
    Stage.RECORD: "into the catalogue",
}


def stage_rows(times: StageTimes) -> Iterator[tuple[str, str, str]]:
    """Where the time goes, for a person: stage, milliseconds a photo, what that is."""
    for stage, words in STAGES_IN_WORDS.items():
        yield stage.value, f"{times.milliseconds(stage):.1f}", words


def show_stages(times: StageTimes | None) -> None:
    """Print the table, or that there is nothing to tell yet."""
    if times is None:
        output.note("no photo has been tagged yet, so there is nothing to say of its time")
    else:
        output.table(["stage", "ms a photo", ""], list(stage_rows(times)), "ms a photo")
