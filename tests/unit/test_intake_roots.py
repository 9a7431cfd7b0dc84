"""Whether a scan may call files of a watched folder missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.intake.exclude import Excludes
from tagd.intake.intake import outermost
from tagd.intake.roots import RootIdentity, Verdict, explain, judge

HERE = RootIdentity(device=1, inode=2)
NO_INODES = RootIdentity(device=1, inode=0)
ELSEWHERE = RootIdentity(device=7, inode=2)
COUNTS = st.integers(0, 100)


@pytest.mark.parametrize(
    ("record", "seen", "known", "found", "files", "verdict"),
    [
        (HERE, HERE, 10, 10, 12, Verdict.TRUSTED),
        (HERE, HERE, 10, 1, 1, Verdict.TRUSTED),
        (HERE, HERE, 10, 0, 1, Verdict.TRUSTED),  # other files are there: these were deleted
        (HERE, HERE, 10, 0, 0, Verdict.EMPTIED),
        (HERE, HERE, 0, 0, 0, Verdict.TRUSTED),
        (HERE, NO_INODES, 10, 9, 9, Verdict.TRUSTED),
        (HERE, None, 10, 0, 0, Verdict.ABSENT),
        (HERE, ELSEWHERE, 10, 4, 400, Verdict.REPLACED),
        (HERE, ELSEWHERE, 10, 5, 5, Verdict.ADOPTED),
        (HERE, ELSEWHERE, 10, 0, 0, Verdict.EMPTIED),
        (HERE, ELSEWHERE, 0, 0, 5, Verdict.ADOPTED),
        (None, HERE, 0, 0, 5, Verdict.TRUSTED),
        (None, HERE, 10, 5, 5, Verdict.TRUSTED),
        (None, HERE, 10, 0, 5, Verdict.REPLACED),
    ],
)
def test_verdicts(
    *,
    record: RootIdentity | None,
    seen: RootIdentity | None,
    known: int,
    found: int,
    files: int,
    verdict: Verdict,
) -> None:
    assert judge(record, seen, known=known, found=found, files=files) is verdict


@given(st.sampled_from([None, HERE, ELSEWHERE]), st.sampled_from([None, HERE]), COUNTS, COUNTS)
def test_only_the_folder_that_we_know_is_judged(
    record: RootIdentity | None, seen: RootIdentity | None, known: int, files: int
) -> None:
    for found in range(min(known, files) + 1):
        verdict = judge(record, seen, known=known, found=found, files=files)
        if verdict.may_judge:
            assert seen == HERE
            assert record == HERE or (record is None and found * 2 >= known)
            assert files > 0 or known == 0
        if verdict.remember:
            assert seen is not None


def test_every_verdict_has_words() -> None:
    for verdict in Verdict:
        assert "/photos" in explain(verdict, Path("/photos"), 3)


def test_a_folder_inside_another_is_watched_once() -> None:
    folders = [Path("/p/2024"), Path("/p"), Path("/p2"), Path("/p")]
    assert outermost(folders, Excludes()) == (Path("/p"), Path("/p2"))


def test_a_folder_that_the_other_leaves_out_is_watched_by_itself() -> None:
    folders = [Path("/p"), Path("/p/.private/holiday")]
    assert outermost(folders, Excludes()) == tuple(folders)
