"""The commands about the work itself: `status` and `failed`."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from json import loads as parse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tagd.app.paths import unknown
from tagd.app.schemas import iso
from tagd.cli import output
from tagd.cli.control import told_by
from tagd.cli.fitting import said_of, terminal_columns, wrapped
from tagd.cli.options import AsJson, ConfigFile, NullPaths, absolute, configuration, named, reading
from tagd.cli.retag import opening, window_fields
from tagd.cli.stages import show_stages, stage_fields
from tagd.cli.unread import unread_lines
from tagd.domain import JobState
from tagd.fs import display, key_of
from tagd.installation import as_typed
from tagd.work.stage_times import StageTimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.db.lock import Holder
    from tagd.catalogue.db.mode import Standing
    from tagd.catalogue.reports.overview import Failure, Status
    from tagd.config import Config
    from tagd.revise.hold import Hold

JOB_WORDS: Final = {
    JobState.WAITING: "waiting",
    JobState.LEASED: "at work",
    JobState.QUARANTINED: "given up",
}
Engine = dict[str, str]  # the model and the device that the worker last used; empty: none yet

NAMES, BETWEEN = 11, 2  # columns of the names before the values, and the blank ones of these
RATE_SECONDS = 60.0  # what `Status.tagged_last_minute` spans


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(status)
    app.command()(failed)


def status(
    config: ConfigFile = None,
    json: AsJson = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it live, until q or Ctrl-C.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Also show how long each stage takes for a photo."),
    ] = False,
) -> None:
    """Show what is wrong, what waits, how quickly, and what failed."""
    settings = configuration(config)
    path = settings.catalogue.path
    # Lazy: `tagd --help` needs it not.
    from tagd.catalogue.db.engine import open_reader  # noqa: PLC0415

    with open_reader(path) as catalogue:
        if watch:
            _watch(catalogue, settings)
            return
        with catalogue.read() as tx:
            told = _look(tx, settings)
    if json:
        fields = status_fields(path, told.standing, told.holder, told.engine)
        stages = {"stages": stage_fields(told.times)} if verbose else {}
        window = window_fields(settings)
        told_by_it = {
            "mode": told.told.mode,
            "troubles": told.troubles,
            "unread": None if told.unread is None else dict(told.unread),
        }
        held = hold_fields(told.retag_hold)
        output.as_json(
            {**fields, **told_by_it, "retag_window": window, "retag_held": held, **stages}
        )
        return
    room = terminal_columns() - NAMES
    output.facts([line for fact in told.lines(room) for line in _whole(*fact, room)])
    if verbose:
        show_stages(told.times)


def _whole(name: str, value: str, room: int) -> Iterable[tuple[str, str]]:
    """The fact in lines of so many columns; a path in one, so that it can be copied."""
    return [(name, value)] if name == "catalogue" else wrapped(name, value, room)


def _watch(catalogue: Catalogue, settings: Config) -> None:
    from tagd.cli import live  # noqa: PLC0415  lazy: rich's screens cost 0.1 s

    def look(room: int) -> live.Screen:
        with catalogue.read() as tx:
            return live.gather(tx, _look(tx, settings).lines(room - NAMES), time.time())

    live.watch(output.console(), look)


@dataclass(frozen=True, slots=True)
class _Told:
    """How things stand, what a person told the daemon, and what does the work."""

    catalogue: Path
    standing: Status
    told: Standing
    holder: Holder | None
    troubles: tuple[str, ...]  # what the daemon says is wrong
    unread: Mapping[str, int] | None  # pictures that it does not read; None where none answers
    engine: Engine
    windows: tuple[str, ...]  # the hours of work
    retag_hold: Hold | None  # what re-tagging waits for
    retag_per_hour: int
    times: StageTimes | None  # of the stages; None before a photo

    def lines(self, room: int) -> list[tuple[str, str]]:
        """For a person: (name, value), for values of so many columns. What matters most is first:
        a small screen has no more."""
        now = time.time()
        [daemon, *lines] = status_lines(
            self.catalogue, self.standing, self.holder, self.engine, now
        )
        names = ["troubles", *[""] * len(self.troubles)]
        return [
            daemon,
            *(
                each
                for pair in zip(names, self.troubles, strict=False)
                for each in wrapped(*pair, room)
            ),
            *mode_lines(self.told, self.windows),
            *lines,
            *unread_lines(self.unread or {}),
            *retag_lines(self.standing, self.retag_hold, self.retag_per_hour, now),
            *failure_lines(self.standing, room),
        ]


def _look(tx: Connection, config: Config) -> _Told:
    from tagd.catalogue.db import mode, settings  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.db.engine import owner_of  # noqa: PLC0415
    from tagd.catalogue.plans import stale  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.reports import overview  # noqa: PLC0415  lazy, as above
    from tagd.revise import hold, pace  # noqa: PLC0415

    path = config.catalogue.path
    kept = settings.get(tx, settings.STAGE_TIMES)
    holder = owner_of(path)
    reply = told_by(holder, settings.get(tx, settings.CONTROL))
    return _Told(
        catalogue=path,
        standing=overview.status(tx, time.time()),
        told=mode.get(tx),
        holder=holder,
        troubles=reply.troubles if reply else (),
        unread=reply.unread if reply else None,
        engine=parse(settings.get(tx, settings.WORKING_WITH) or "{}"),
        windows=config.worker.windows,
        retag_hold=hold.held(
            opening(config),
            pace.load(tx, config.retag.per_hour),
            stale.queue(tx),
            datetime.now(UTC),
        ),
        retag_per_hour=config.retag.per_hour,
        times=None if kept is None else StageTimes.loaded(kept),
    )


def failed(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH", parser=named, help="Only these photos, and those in these folders."
        ),
    ] = None,
    config: ConfigFile = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try them again.")] = False,
    json: AsJson = False,
    null: NullPaths = False,
) -> None:
    """List photos that were given up, and why, or try them again."""
    wanted = [absolute(path) for path in paths] if paths else None
    if retry:
        _retry(config, wanted, json=json)
        return
    with reading(configuration(config)) as catalogue, catalogue.read() as tx:
        from tagd.catalogue.reports.overview import failed as look_up  # noqa: PLC0415  lazy, as above

        _require(tx, wanted)
        failures = [each for each in look_up(tx) if lies_in(each.path, wanted)]
    if json:
        output.as_json([failure_fields(each) for each in failures])
    elif null:
        output.null_paths(key_of(each.path) for each in failures)
    elif failures:
        _list(failures)
    else:
        output.note("nothing failed")


def _list(failures: Sequence[Failure]) -> None:
    """A line each; on a terminal the path alone in one, which can be copied however long it is."""
    if sys.stdout.isatty():
        for each in failures:
            output.line(display(each.path))
            output.line(f"    {each.reason} (since {output.local(each.failed_at)})")
        return
    rows = [
        (display(each.path), as_typed(each.reason), output.local(each.failed_at))
        for each in failures
    ]
    output.table(["path", "reason", "since"], rows)


def _require(tx: Connection, wanted: Sequence[Path] | None) -> None:
    """Raise TagdError where a path is neither there nor known, as one that is mistyped."""
    from tagd.catalogue.reports.overview import photos_at  # noqa: PLC0415  lazy, as above

    for each in wanted or ():
        if not os.path.lexists(each) and not photos_at(tx, each):
            raise unknown(each)


def _retry(config: Path | None, wanted: Sequence[Path] | None, *, json: bool) -> None:
    settings = configuration(config)
    from tagd.catalogue.db.engine import open_writer, owner_of  # noqa: PLC0415
    from tagd.catalogue.queue import jobs  # noqa: PLC0415  lazy, as above

    path = settings.catalogue.path
    with closing(open_writer(path)) as catalogue, catalogue.write() as tx:
        _require(tx, wanted)
        number = jobs.retry_failed(tx, wanted, time.time())
    if json:
        output.as_json({"retried": number})
        return
    output.line(f"{output.count(number, 'photo')} will be tried again")
    if number and owner_of(path) is None:
        output.note("no tagd is running; `tagd run` will do it")


def lies_in(path: Path, places: Sequence[Path] | None) -> bool:
    """Whether the path is one of these, or below one; everything lies in None."""
    return places is None or any(path.is_relative_to(place) for place in places)


def failure_fields(failure: Failure) -> dict[str, Any]:
    """A failure as JSON has it."""
    return {
        "path": display(failure.path),
        "code": failure.code,
        "reason": failure.reason,
        "failed_at": iso(failure.failed_at),
        "attempts": failure.attempts,
    }


def pace(standing: Status) -> tuple[float, float | None]:
    """Photos a second over the last minute, and how many seconds the queue takes at that; None
    where that cannot be told."""
    rate = standing.tagged_last_minute / RATE_SECONDS
    left = standing.queue[JobState.WAITING] + standing.queue[JobState.LEASED]
    if not left:
        return rate, 0.0
    return rate, left / rate if rate else None


def status_fields(
    catalogue: Path, standing: Status, holder: Holder | None, engine: Engine
) -> dict[str, Any]:
    """How things stand, as `tagd status --json` prints it."""
    rate, eta = pace(standing)
    waiting = standing.oldest_waiting
    return {
        "catalogue": display(catalogue),
        "daemon": holder and {"pid": holder.pid, "what": holder.what, "since": iso(holder.since)},
        "model": engine.get("model"),
        "device": engine.get("device"),
        "files": dict(standing.files),
        "queue": dict(standing.queue),
        "photos_per_second": round(rate, 3),
        "eta_seconds": None if eta is None else round(eta, 1),
        "tagged_last_hour": standing.tagged_last_hour,
        "oldest_waiting": None if waiting is None else iso(waiting),
        "stale": standing.stale,
        "to_refine": standing.to_refine,
        "last_failures": [failure_fields(each) for each in standing.last_failures],
    }


def status_lines(
    catalogue: Path, standing: Status, holder: Holder | None, engine: Engine, now: float
) -> Iterator[tuple[str, str]]:
    """How things stand, for a person: (name, value)."""
    yield "daemon", str(holder) if holder else "not running"
    if engine:
        worker = f"{engine['model']} on {engine['device']}"
        yield "model", worker if holder else f"{worker}, when it last ran"
    yield "catalogue", display(catalogue)
    yield "files", _numbers(standing.files)
    yield "queue", _numbers({JOB_WORDS[state]: n for state, n in standing.queue.items()})
    yield "pace", _pace_in_words(standing, holder, now)


def failure_lines(standing: Status, room: int) -> Iterator[tuple[str, str]]:
    """What failed last, each in one line of so many columns, for a person."""
    for number, each in enumerate(standing.last_failures):
        yield "" if number else "failures", said_of(each.path, as_typed(each.reason), room)
    more = standing.failures - len(standing.last_failures)
    if more > 0:
        yield "", f"… and {more:,} more: `tagd failed`"


def retag_lines(
    standing: Status, hold: Hold | None, per_hour: int, now: float
) -> Iterator[tuple[str, str]]:
    """Which tags are to catch up, and what holds that back, for a person."""
    if standing.stale:
        number = output.count(standing.stale, "photo is", "photos are")
        held = _held_in_words(hold, per_hour, now)
        yield "re-tag", f"{number} to be tagged by other models{held}"
    if standing.to_refine:
        number = output.count(standing.to_refine, "photo has", "photos have")
        yield "refine", f"{number} the tags of a quick model for now, until nothing else waits"


def hold_fields(hold: Hold | None) -> dict[str, Any] | None:
    """What holds re-tagging back, as JSON has it."""
    if hold is None:
        return None
    return {"by": hold.by, "until": hold.until and iso(hold.until.timestamp())}


def _held_in_words(hold: Hold | None, per_hour: int, now: float) -> str:
    if hold is None:
        return ""
    if hold.by == "first":
        return "; new ones go first"
    if hold.until is None:
        return "; [retag] windows names no hours, so only with --now"
    left = output.duration(max(0.0, hold.until.timestamp() - now))
    why = "outside its hours" if hold.by == "window" else f"{per_hour:,} an hour are done"
    return f"; held back until {hold.until:%H:%M} (in {left}): {why}"


def mode_lines(told: Standing, windows: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What a person told the daemon to do, and when it works, where that is not simply always."""
    if windows:
        yield "hours", ", ".join(windows)
    if told.since is not None and told.mode != "working":
        yield "mode", f"{told.mode} since {output.local(told.since)}: `tagd resume` continues"


def _numbers(counts: dict[Any, int]) -> str:
    """`1,204 tagged, 3 failed`: what there is of each kind, or `none`."""
    return ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number) or "none"


def _pace_in_words(standing: Status, holder: Holder | None, now: float) -> str:
    rate, eta = pace(standing)
    if eta == 0.0:
        return f"idle; {output.count(standing.tagged_last_hour, 'photo')} tagged in the last hour"
    if holder is None:
        return "waits for `tagd run`"
    words = [f"{rate:.1f} photos/s"]
    if eta is not None:
        words.append(f"about {output.duration(eta)} left")
    if standing.oldest_waiting is not None:
        words.append(f"the oldest waits {output.duration(max(0.0, now - standing.oldest_waiting))}")
    return ", ".join(words)
