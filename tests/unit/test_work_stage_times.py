"""The stopwatch gives every second to one stage."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.app.schemas import stage_fields
from tagd.cli.status import STAGES_IN_WORDS, stage_rows
from tagd.work.stage_times import Stage, StageTimes, Stopwatch

SECONDS = st.floats(0, 100, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from(Stage), SECONDS), max_size=20))
def test_laps_add_up_to_what_has_passed(laps: list[tuple[Stage, float]]) -> None:
    moments = itertools.accumulate([7.0, *(seconds for _, seconds in laps)])
    watch = Stopwatch(lambda: next(moments))
    watch.start()
    for stage, _ in laps:
        watch.lap(stage)
    times = watch.times()
    assert sum(times.seconds.values()) == pytest.approx(sum(seconds for _, seconds in laps))
    for stage in Stage:
        mine = sum(seconds for each, seconds in laps if each is stage)
        assert times.seconds[stage] == pytest.approx(mine, abs=1e-6)


@given(st.integers(0, 10**9), st.fixed_dictionaries(dict.fromkeys(Stage, SECONDS)))
def test_what_is_kept_is_read_again(photos: int, seconds: dict[Stage, float]) -> None:
    times = StageTimes(photos, seconds)
    assert StageTimes.loaded(times.dumped()) == times


def test_times_are_told_a_photo() -> None:
    watch = Stopwatch(lambda: 0.0)
    watch.add(Stage.DECODE, 3.0)
    watch.count(100)
    rows = {stage: took for stage, took, _ in stage_rows(watch.times())}
    assert rows["decode"] == "30.0"
    assert rows["record"] == "0.0"
    fields = stage_fields(watch.times())
    assert fields is not None
    assert fields["photos"] == 100
    assert fields["milliseconds_a_photo"]["decode"] == 30.0
    assert stage_fields(None) is None


def test_before_a_photo_nothing_took_any_time() -> None:
    assert [took for _, took, _ in stage_rows(Stopwatch(lambda: 0.0).times())] == ["0.0"] * 5


def test_every_stage_has_its_words() -> None:
    assert list(STAGES_IN_WORDS) == list(Stage)
