"""How things stand, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tagd.app.failures import lies_in
from tagd.app.schemas import embedding_fields, hold_fields, iso, status_fields
from tagd.app.status import KeptEmbeddings, StatusReport
from tagd.catalogue.db.lock import Holder
from tagd.catalogue.db.mode import Standing
from tagd.catalogue.reports.overview import Failure, Status
from tagd.catalogue.tagging.embedded import Kept, Source
from tagd.cli.status import embedding_lines, failure_lines, retag_lines, status_lines, unread_lines
from tagd.domain import FileState, JobState
from tagd.installation import adding
from tagd.revise.hold import By, Hold

NOW = 1_800_000_000.0
LATER = datetime(2026, 6, 1, 6).astimezone()
HOLDER = Holder(pid=7, host="attic", since=NOW - 100, what="tagd run")


def standing(*, waiting: int = 0, leased: int = 0, last_minute: int = 0, failed: int = 0) -> Status:
    failures = tuple(
        Failure(Path(f"/p/{number}.jpg"), "corrupt", "ends too early", NOW, 5)
        for number in range(min(failed, 5))
    )
    return Status(
        files={
            FileState.QUEUED: waiting,
            FileState.TAGGED: 1204,
            FileState.FAILED: failed,
            FileState.MISSING: 0,
        },
        queue={JobState.WAITING: waiting, JobState.LEASED: leased, JobState.QUARANTINED: failed},
        tagged_last_minute=last_minute,
        tagged_last_hour=last_minute,
        oldest_waiting=NOW - 90 if waiting else None,
        last_failures=failures,
        failures=failed,
    )


def report(status: Status, engine: dict[str, str]) -> StatusReport:
    return StatusReport(
        at=NOW,
        catalogue=Path("/c.db"),
        status=status,
        mode=Standing(),
        holder=HOLDER,
        issues=(),
        unread=None,
        engine=engine,
        windows=(),
        retag_opens_at=None,
        retag_hold=None,
        retag_per_hour=0,
        times=None,
        embeddings=KeptEmbeddings(),
    )


def words(
    status: Status, holder: Holder | None = HOLDER, engine: dict[str, str] | None = None
) -> str:
    lines = [*status_lines(Path("/c.db"), status, holder, engine or {}, NOW)]
    lines += failure_lines(status, 200)
    return "\n".join(f"{name}: {value}" for name, value in lines)


@pytest.mark.parametrize(
    ("waiting", "leased", "last_minute", "expected"),
    [
        (0, 0, 0, (0.0, 0.0)),
        (0, 0, 30, (0.5, 0.0)),
        (100, 20, 0, (0.0, None)),
        (100, 20, 60, (1.0, 120.0)),
    ],
)
def test_the_pace(
    waiting: int, leased: int, last_minute: int, expected: tuple[float, float | None]
) -> None:
    status = standing(waiting=waiting, leased=leased, last_minute=last_minute)
    assert (status.photos_per_second, status.seconds_left) == expected


def test_at_work() -> None:
    told = words(
        standing(waiting=100, leased=20, last_minute=60),
        engine={"model": "efficientnet-lite0", "device": "cpu"},
    )
    assert "daemon: tagd run (process 7 on attic, since" in told
    assert "model: efficientnet-lite0 on cpu\n" in told
    assert "files: 100 queued, 1,204 tagged\n" in told
    assert "pace: 1.0 photos/s, about 2 min 0 s left, the oldest waits 1 min 30 s" in told


def test_idle() -> None:
    told = words(standing(last_minute=1))
    assert "queue: none" in told
    assert "pace: idle; 1 photo tagged in the last hour" in told


def test_nobody_works() -> None:
    told = words(standing(waiting=1), None, {"model": "lite0", "device": "cpu"})
    assert "daemon: not running" in told
    assert "lite0 on cpu, when it last ran" in told
    assert "waits for `tagd run`" in told


def test_failures_beyond_those_shown_are_counted() -> None:
    told = words(standing(failed=1005))
    assert told.count("ends too early") == 5
    assert "… and 1,000 more: `tagd failed`" in told


def test_as_json() -> None:
    status = standing(waiting=3, last_minute=6, failed=1)
    fields = status_fields(report(status, {"model": "lite0", "device": "cuda"}))
    assert fields["daemon"] == {"pid": 7, "what": "tagd run", "since": "2027-01-15T07:58:20.000Z"}
    assert (fields["model"], fields["device"]) == ("lite0", "cuda")
    assert fields["queue"] == {"waiting": 3, "leased": 0, "quarantined": 1}
    assert (fields["photos_per_second"], fields["eta_seconds"]) == (0.1, 30.0)
    assert fields["last_failures"][0]["reason"] == "ends too early"


def test_a_place_is_a_file_or_a_folder_never_a_beginning_of_a_name() -> None:
    assert lies_in(Path("/p/a.jpg"), None)
    assert lies_in(Path("/p/a.jpg"), [Path("/p")])
    assert lies_in(Path("/p/a.jpg"), [Path("/q"), Path("/p/a.jpg")])
    assert not lies_in(Path("/photos2/a.jpg"), [Path("/photos")])


@pytest.mark.parametrize(
    ("hold", "told"),
    [
        (None, ""),
        (Hold(By.FIRST), "; new ones go first"),
        (Hold(By.WINDOW), "; [retag] windows names no hours, so only with --now"),
        (Hold(By.WINDOW, LATER), "; held back until 06:00 (in 4 h 0 min): outside its hours"),
        (
            Hold(By.PER_HOUR, LATER),
            "; held back until 06:00 (in 4 h 0 min): 1,500 an hour are done",
        ),
    ],
)
def test_what_holds_re_tagging_back(hold: Hold | None, told: str) -> None:
    at = LATER.timestamp() - 4 * 3600
    [line] = retag_lines(replace(standing(), stale=3), hold, 1500, at)
    assert line == ("re-tag", f"3 photos are to be tagged by other models{told}")


def test_what_holds_re_tagging_back_for_programs() -> None:
    assert hold_fields(None) is None
    assert hold_fields(Hold(By.PER_HOUR, LATER)) == {
        "by": "per_hour",
        "until": iso(LATER.timestamp()),
    }


def test_pictures_that_are_not_read_are_counted_with_what_helps() -> None:
    assert list(unread_lines({})) == []
    [(_, said)] = unread_lines({"JPEG XL": 2, "Photoshop": 1})
    assert said.startswith("3 files are pictures that tagd does not read: 2 JPEG XL, 1 Photoshop;")
    assert adding("jxl") in said
    [(_, said)] = unread_lines({"JPEG 2000": 1})
    assert said.startswith("1 file is a picture that tagd does not read: 1 JPEG 2000;")
    assert "jxl" not in said


KEPT = Kept(Source("lite0", "f" * 64), 1200, 1_540_800)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (KeptEmbeddings(lacking=0), []),
        (KeptEmbeddings(keep=False, lacking=9), []),
        (KeptEmbeddings(kept=(KEPT,)), ["1,200 photos by lite0 (1.5 MB)"]),
        (KeptEmbeddings(kept=(KEPT,), lacking=9), ["1,200 photos by lite0", "9 to be filled in"]),
        (KeptEmbeddings(keep=False, kept=(KEPT,), lacking=9), ["by lite0", "being removed"]),
    ],
)
def test_status_says_of_how_many_photos_embeddings_are_kept(
    found: KeptEmbeddings, words: list[str]
) -> None:
    lines = list(embedding_lines(found))
    assert bool(lines) == bool(words)
    assert all(word in line for _, line in lines for word in words)
    assert ("to be filled" in str(lines)) == ("9 to be filled in" in words)


def test_status_counts_embeddings_in_json() -> None:
    fields = embedding_fields(KeptEmbeddings(kept=(KEPT,), lacking=9))
    assert fields["to_fill"] == 9
    [kept] = fields["kept"]
    assert (kept["model"], kept["photos"], kept["bytes"]) == ("lite0", 1200, 1_540_800)
    assert embedding_fields(KeptEmbeddings(keep=False, lacking=9))["to_fill"] == 0
