"""What `tagd run` says, as text and as JSON."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tagd.cli import logs
from tagd.intake.trouble import TroubleBoard, TroubleKind, unreadable
from tests.support import PATIENCE_SECONDS


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """A stream for the log; the process's logging is as before afterwards."""
    stream = io.StringIO()
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    handlers, level = logging.root.handlers[:], logging.root.level
    logging.root.handlers = []
    yield stream
    structlog.reset_defaults()
    logging.captureWarnings(False)
    logging.root.handlers = handlers
    logging.root.setLevel(level)


def log() -> Any:
    return structlog.get_logger()


def test_a_photo_is_a_line_with_its_path_and_tags(said: io.StringIO) -> None:
    logs.configure("info", "text", said)
    log().info("tagged", path=Path("/p/a\udcff\n.jpg"), tags=["cat", "animal"], model="lite0")
    clock, _, rest = said.getvalue().partition(" ")
    time.strptime(clock, "%H:%M:%S")
    assert rest == "tagged /p/a\\xff\\n.jpg: cat, animal (model=lite0)\n"


def test_no_tags_and_reasons_are_said(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    logs.configure("info", "auto", said)
    log().info("tagged", path=Path("/p/a.jpg"), tags=[])
    log().warning("failed", path=Path("/p/b.jpg"), reason="not an image", attempts=1)
    assert said.getvalue().splitlines() == [
        "tagged /p/a.jpg: no tags",
        "warning: failed /p/b.jpg: not an image (attempts=1)",
    ]


def test_what_is_wrong_with_a_folder_names_it_once(said: io.StringIO) -> None:
    logs.configure("info", "text", said)
    board = TroubleBoard(lambda level, text, fields: getattr(log(), level)(text, **fields))
    folder = Path("/p/a\udcff")
    board.report(unreadable(folder, "Permission denied"))
    board.clear(TroubleKind.UNREADABLE, folder)
    lines = said.getvalue().splitlines()
    assert [line.count("/p/a\\xff") for line in lines] == [1, 1]
    assert "over: /p/a\\xff cannot be read (Permission denied)" in lines[1]
    assert ["exclude it" in line for line in lines] == [True, False]


def test_the_first_lines_name_folders_catalogue_model_device_and_what_to_try(
    said: io.StringIO,
) -> None:
    logs.configure("info", "text", said)
    log().info(
        "ready",
        folders=(Path("/p"), Path("/q")),
        catalogue=Path("/c.db"),
        model="efficientnet-lite0",
        device="cpu",
    )
    shown = said.getvalue()
    assert len(shown.splitlines()) == 6
    for word in ("ready", "/p, /q", "/c.db", "efficientnet-lite0 on cpu", "tagd search"):
        assert word in shown


def test_json_is_one_object_a_line(said: io.StringIO) -> None:
    logs.configure("info", "json", said)
    log().info("tagged", path=Path("/p/a\udcff.jpg"), tags=("猫",))
    try:
        int("x")
    except ValueError:
        log().exception("broken", path=Path("/p/b.jpg"))
    first, second = [json.loads(line) for line in said.getvalue().splitlines()]
    assert (first["event"], first["path"], first["tags"]) == ("tagged", "/p/a\\xff.jpg", ["猫"])
    assert first["level"] == "info"
    assert first["timestamp"].endswith("Z")
    assert "ValueError: invalid literal" in second["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_name_turns_a_line_around(said: io.StringIO, form: logs.Format) -> None:
    logs.configure("info", form, said)
    log().info("tagged", path=Path("/p/a\u202egpj\u2028.exe"), tags=["\u2067cat\u2069"])
    line = said.getvalue()
    assert not set("\u202e\u2028\u2067\u2069").intersection(line)
    assert "\\u202e" in line
    if form == "json":
        assert json.loads(line)["tags"] == ["\u2067cat\u2069"]


def test_the_level_is_kept(said: io.StringIO) -> None:
    logs.configure("warning", "text", said)
    log().info("tagged", path=Path("/p/a.jpg"), tags=[])
    assert said.getvalue() == ""


def test_warnings_of_libraries_join_in(said: io.StringIO) -> None:
    logs.configure("info", "text", said)
    logging.getLogger("PIL").warning("odd %s", "chunk")
    logging.getLogger("PIL").info("not this")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("careful", stacklevel=1)
    first, second = said.getvalue().splitlines()
    assert first.endswith("warning: odd chunk (library=PIL)")
    assert "careful" in second


def test_a_log_that_nobody_reads_stops_nothing(said: io.StringIO) -> None:
    logs.configure("info", "text", said)
    said.close()
    log().info("tagged", path=Path("/p/a.jpg"), tags=[])
    reopened = io.StringIO()
    logs.configure("info", "text", reopened)
    log().info("tagged", path=Path("/p/b.jpg"), tags=[])
    assert reopened.getvalue().endswith("tagged /p/b.jpg: no tags\n")


def test_a_line_that_a_full_disk_takes_costs_no_later_one(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("info", "text", said)

    def write(_text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(said, "write", write)
        log().info("tagged", path=Path("/p/a.jpg"), tags=[])
    log().info("tagged", path=Path("/p/b.jpg"), tags=[])
    [line] = said.getvalue().splitlines()
    assert line.endswith("tagged /p/b.jpg: no tags")


def test_colours_only_on_a_terminal(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    logs.configure("info", "text", said)
    log().warning("the disk is full")
    assert said.getvalue().startswith("\x1b[33m")
    monkeypatch.setenv("NO_COLOR", "1")
    logs.configure("info", "text", said)
    log().warning("the disk is full")
    assert "\x1b" not in said.getvalue().splitlines()[-1]


def test_the_journal_has_a_field_for_each_fact(
    said: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del said
    monkeypatch.setattr("tagd.cli.journal.SOCKET", str(tmp_path / "journal"))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard,
        (tmp_path / "stdout").open("w") as stream,
    ):
        heard.bind(str(tmp_path / "journal"))
        heard.settimeout(PATIENCE_SECONDS)
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        logs.configure("info", "auto", stream)
        path = Path("/p/a\udcff\n.jpg")
        log().warning("failed", path=path, file_id=7, reason="not an image")
        fields = heard.recv(65536)
    assert b"MESSAGE=failed /p/a\\xff\\n.jpg: not an image\n" in fields
    assert b"PRIORITY=4\n" in fields
    assert b"TAGD_FILE_ID=7\n" in fields
    name = b"/p/a\\xff\n.jpg"
    assert b"TAGD_PATH\n" + len(name).to_bytes(8, "little") + name + b"\n" in fields
    assert (tmp_path / "stdout").read_text() == ""
