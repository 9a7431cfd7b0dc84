"""What `tagd tag` says when it is done, and on the way."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tagd.app.tagging import Left, Summary
from tagd.app.work_schemas import summary_fields
from tagd.catalogue.db.lock import Holder
from tagd.cli.progress import bar, pace
from tagd.cli.tagging import summary_lines, waiting_line
from tagd.work.progress import Progress

SUMMARY = Summary(
    tagged=42,
    unchanged=3,
    duplicates=0,
    failed=(),
    seconds=5.1,
    model="efficientnet-lite0",
    device="cuda:0, bf16: NVIDIA H200",
)


def broken(number: int) -> tuple[tuple[Path, str], ...]:
    return tuple((Path(f"/p/{index}.jpg"), "not an image") for index in range(number))


def test_the_summary_is_one_line() -> None:
    assert list(summary_lines(SUMMARY)) == [
        "42 photos tagged, 3 unchanged in 5.1 s (8.2 photos/s) with efficientnet-lite0"
        " on cuda:0, bf16"
    ]


def test_nothing_to_do_names_no_rate() -> None:
    assert list(summary_lines(replace(SUMMARY, tagged=0, model="", device=""))) == [
        "0 photos tagged, 3 unchanged"
    ]


def test_failures_follow_with_their_reasons_up_to_ten() -> None:
    lines = list(summary_lines(replace(SUMMARY, tagged=1, duplicates=2, failed=broken(22))))
    assert lines[0].startswith("1 photo tagged, 2 copies known already, 3 unchanged, 22 failed in")
    assert lines[1] == "  /p/0.jpg: not an image"
    assert len(lines) == 12
    assert lines[11] == "  … and 12 more: `tagd failed`"
    assert len(list(summary_lines(replace(SUMMARY, failed=broken(10))))) == 11


def test_the_summary_as_json_has_every_failure() -> None:
    fields = summary_fields(replace(SUMMARY, failed=((Path("/p/\udcff.jpg"), "no"),)))
    assert fields["failed"] == [{"path": "/p/\\xff.jpg", "reason": "no"}]
    assert (fields["tagged"], fields["model"]) == (42, "efficientnet-lite0")
    assert fields["device"] == SUMMARY.device


def test_the_pace_says_what_is_known() -> None:
    early = Progress(done=0, total=9, failed=0, rate=0.0, eta_seconds=None, current="")
    assert pace(early) == ""
    late = replace(early, rate=8.24, eta_seconds=70.0, failed=1)
    assert pace(late) == "8.2 photos/s, 1 min 10 s left, 1 failed"


def test_the_bar_is_silent_where_nobody_watches() -> None:
    for is_terminal in (False, True):
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=is_terminal, width=120)
        with bar(console) as show:
            show(Progress(3, 9, 0, 8.2, 1.0, "/p/a.jpg"))
        assert ("3/9" in stream.getvalue()) is is_terminal


def test_what_waits_after_an_interruption_is_said_with_who_goes_on() -> None:
    daemon = Holder(7, "here", 0.0, "tagd run")
    assert waiting_line(Left(0, None)) == "interrupted; no photo waits in the queue"
    assert waiting_line(Left(2, None)).startswith("interrupted; 2 photos wait: the same command")
    assert waiting_line(Left(1, daemon)).startswith("interrupted; 1 photo waits, and tagd run (")
