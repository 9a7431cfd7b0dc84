"""A program that never ends its transaction: the write-ahead log stays bounded, and it is said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db import settings
from tagd.daemon import wal
from tagd.daemon.wal import WriteAheadLog
from tests.catalogue import fresh

MEGABYTE = 1 << 20


def test_a_reader_that_does_not_end_holds_up_the_photos_not_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "LARGE_BYTES", MEGABYTE)
    monkeypatch.setattr(wal, "FULL_BYTES", 3 * MEGABYTE)
    now = 0.0

    def look() -> str:
        """What is said, after the next look."""
        nonlocal now
        now += wal.EVERY_SECONDS
        kept.check()
        return " ".join(kept.troubles)

    with fresh(tmp_path) as catalogue:
        kept = WriteAheadLog(catalogue, lambda: now)

        def put(megabytes: int) -> None:
            for letter in "abcd"[:megabytes]:
                with catalogue.write() as tx:
                    settings.put(tx, "much", letter * MEGABYTE)

        assert not look()
        uri = f"file:{catalogue.path}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM fact").fetchone() == (0,)
            put(2)
            words = look()
            assert "close that program" in words
            assert "grows with each photo" in words
            assert not kept.is_full
            put(4)
            assert "photos wait" in look()
            assert reader.execute("SELECT count(*) FROM fact").fetchone() == (0,)
        put(1)
        assert not look()
        assert (kept.is_full, catalogue.log_bytes()) == (False, 0)
        with catalogue.read() as tx:
            assert settings.get(tx, "much") == "a" * MEGABYTE
