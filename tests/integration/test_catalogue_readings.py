"""What is read of photos on request fills what their EXIF leaves open, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tagd.catalogue import readings, record
from tagd.domain import Readings
from tests import catalogue as recorded

SAID = Readings(camera_model="Phone 1", taken_at="2023-05-06T07:08:09", rating=3)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ((None, None), ("Phone 1", "2023-05-06T07:08:09", 20230506070809)),
        (("D750", None), ("D750", "2023-05-06T07:08:09", 20230506070809)),
        ((None, "2024-06-01T12:00:00"), ("Phone 1", "2024-06-01T12:00:00", 20240601120000)),
    ],
)
def test_only_gaps_are_filled(
    known: tuple[str | None, str | None], told: tuple[str, str, int], tmp_path: Path
) -> None:
    model, taken_at = known
    with recorded.fresh(tmp_path) as catalogue, catalogue.write() as tx:
        recorded.submit(tx, recorded.settled("/p/a.jpg"))
        [job] = recorded.claim(tx)
        result = recorded.result(job, "a" * 32, "n00000000")
        facts = replace(result.facts, camera_make=None, camera_model=model, taken_at=taken_at)
        record.record(tx, [replace(result, facts=facts)], recorded.name_of, recorded.NOW)
        readings.put_facts(tx, {1: SAID})
        sql = "SELECT camera_model, taken_at, taken, rating FROM photo JOIN file ON photo_id = 1"
        assert recorded.rows(tx, sql) == [(*told, 3)]
