"""The log of `tagd run`: text for people, JSON for collectors, fields for systemd's journal.

Whoever logs gives an event in words and its facts as named values; how that looks is decided here.
Every line about a photo carries its `path` and `file_id`, and `photo_id` where that is known. Two
events have a look of their own:

    ready   folders, catalogue, model, device    the plain lines that a newcomer sees first
    tagged  path, tags, model                    a photo and its tags
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, assert_never

import structlog

from tagd.cli import journal
from tagd.fs import display
from tagd.installation import as_typed
from tagd.text import escaped_json, visible

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from structlog.typing import EventDict, Processor

Format = Literal["auto", "text", "json"]

_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m", "debug": "\x1b[2m"}
_FOR_PROGRAMS = ("file_id", "photo_id")  # nobody reads them; JSON and the journal have them
_RESET = "\x1b[0m"
_LIBRARY_LEVEL = logging.WARNING


def configure(level: str, format: Format, stream: TextIO | None = None) -> None:  # noqa: A002
    """Set up structlog for the whole process, and let libraries' own warnings join in. Lines go to
    `stream`, by default standard output."""
    stream = stream or sys.stdout
    lines: _Lines | journal.Journal = _Lines(stream)
    renderers = _renderers(format, stream)
    if format == "auto" and journal.is_behind(stream):
        lines = journal.Journal()
        trace = structlog.processors.format_exc_info
        renderers = [trace, journal.Entries(_Text(timed=False, coloured=False, leveled=False))]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,  # a reload may configure anew
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=_LIBRARY_LEVEL, force=True)
    logging.captureWarnings(True)


def _renderers(format: Format, stream: TextIO) -> list[Processor]:  # noqa: A002
    match format:
        case "json":
            return [
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(_json, default=_plain, ensure_ascii=False),
            ]
        case "auto" | "text":
            # The journal, which systemd connects us to with this variable, has times of its own.
            timed = format == "text" or "JOURNAL_STREAM" not in os.environ
            coloured = stream.isatty() and not os.environ.get("NO_COLOR")
            return [structlog.processors.format_exc_info, _Text(timed=timed, coloured=coloured)]
        case _:
            assert_never(format)


def _json(value: Any, **options: Any) -> str:
    return escaped_json(json.dumps(value, **options))


def _plain(value: Any) -> Any:
    """Write what JSON has no form for."""
    if isinstance(value, Path):
        return display(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)


class _Text:
    """`12:03:04 tagged /photos/a.jpg: cat, animal (model=efficientnet-lite0)`."""

    def __init__(
        self,
        *,
        timed: bool,
        coloured: bool,
        leveled: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._leveled = leveled
        self._timed = timed
        self._coloured = coloured
        self._clock = clock

    def __call__(self, _logger: object, _method: str, event: EventDict) -> str:
        facts = dict(event)
        level = str(facts.pop("level", "info"))
        trace = facts.pop("exception", "")
        lines = _greeting(facts) if facts.get("event") == "ready" else [_sentence(facts)]
        if self._leveled and level not in ("info", "debug"):
            lines[0] = f"{level}: {lines[0]}"
        if self._timed:
            stamp = time.strftime("%H:%M:%S ", time.localtime(self._clock()))
            lines = [stamp + lines[0], *(" " * len(stamp) + line for line in lines[1:])]
        told = [visible(as_typed(line)) for line in lines]
        text = "\n".join([*told, *([trace] if trace else [])])
        colour = _COLOURS.get(level) if self._coloured else None
        return f"{colour}{text}{_RESET}" if colour else text


def _greeting(facts: MutableMapping[str, Any]) -> list[str]:
    folders = ", ".join(_word(folder) for folder in facts["folders"])
    first = facts["folders"][0]
    return [
        f"ready: watching {folders} with {facts['model']} on {facts['device']}",
        f"the tags go to {_word(facts['catalogue'])}, which you and your group may query",
        f"drop a photo into {_word(first)}, then try:",
        *("    `tagd search animal`", "    `tagd tags`", "    `tagd status`"),
    ]


def _sentence(facts: MutableMapping[str, Any]) -> str:
    """Write the event, on what, with which result; what else is known in brackets."""
    text = str(facts.pop("event", ""))
    path = facts.pop("path", None)
    if path is not None and _word(path) not in text:
        text += f" {_word(path)}"
    result = facts.pop("tags", None) if "tags" in facts else facts.pop("reason", None)
    if result is not None:
        text += f": {_word(result) or 'no tags'}"
    rest = ", ".join(
        f"{name}={_word(value)}" for name, value in facts.items() if name not in _FOR_PROGRAMS
    )
    return f"{text} ({rest})" if rest else text


def _word(value: Any) -> str:
    if isinstance(value, Path):
        return display(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_word(item) for item in value)
    return str(value)


class _Lines:
    """Writes whole lines. A log that nobody can read any more must not stop the tagging."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, text: str) -> None:
        try:
            # One write, so that lines of several threads do not run into each other.
            self._stream.write(text + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return  # the reader has gone, the disk is full, or the stream is closed

    debug = info = warning = error = critical = exception = msg


class _FromLibraries(logging.Handler):
    """Warnings that libraries send to the standard logging appear among ours."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(
            record.levelno,
            record.getMessage().strip(),
            library=record.name,
            exc_info=record.exc_info,
        )
