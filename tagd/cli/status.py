"""The commands about the work itself: `status` and `failed`."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tagd.app.schemas import failure_fields, stage_fields, status_fields
from tagd.cli import output
from tagd.cli.fitting import said_of, terminal_columns, wrapped
from tagd.cli.options import (
    AsJson,
    ConfigFile,
    NullPaths,
    absolute,
    configuration,
    named,
    reading,
)
from tagd.domain import JobState
from tagd.fs import display, key_of
from tagd.installation import adding, as_typed
from tagd.work.stage_times import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tagd.app.status import KeptEmbeddings, StatusReport
    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.db.lock import Holder
    from tagd.catalogue.db.mode import Standing
    from tagd.catalogue.reports.overview import Failure, Status
    from tagd.config import Config
    from tagd.revise.hold import Hold
    from tagd.work.stage_times import StageTimes

JOB_WORDS: Final = {
    JobState.WAITING: "waiting",
    JobState.LEASED: "at work",
    JobState.QUARANTINED: "given up",
}
STAGES_IN_WORDS: Final = {
    Stage.DECODE: "in the decoders, beside the rest",
    Stage.WAIT: "for decoded photos",
    Stage.FORWARD: "models chosen and asked",
    Stage.DERIVE: "from predictions to tags",
    Stage.RECORD: "into the catalogue",
}
NAMES, BETWEEN = 11, 2  # columns of the names before the values, and the blank ones of these
MEGABYTE = 1_000_000


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
    from tagd.app.status import status as look_up

    with reading(settings) as catalogue:
        if watch:
            _watch(catalogue, settings)
            return
        report = look_up(catalogue, settings)
    if json:
        stages = {"stages": stage_fields(report.times)} if verbose else {}
        output.as_json(status_fields(report) | stages)
        return
    room = terminal_columns() - NAMES
    output.facts([line for fact in report_lines(report, room) for line in _whole(*fact, room)])
    if verbose:
        show_stages(report.times)


def _whole(name: str, value: str, room: int) -> Iterable[tuple[str, str]]:
    """Write the fact in lines of so many columns; a path in one, so that it can be copied."""
    return [(name, value)] if name == "catalogue" else wrapped(name, value, room)


def _watch(catalogue: Catalogue, settings: Config) -> None:
    from tagd.app.status import watched
    from tagd.cli import live  # lazy: rich's screens cost 0.1 s

    def look(room: int) -> live.Screen:
        report, now = watched(catalogue, settings)
        facts = tuple(report_lines(report, room - NAMES))
        return live.Screen(facts, now.queue, now.pace, now.latest)

    live.watch(output.console(), look)


def report_lines(report: StatusReport, room: int) -> list[tuple[str, str]]:
    """Return how things stand, for a person: (name, value), for values of so many columns. What
    matters most is first: a small screen has no more."""
    status = report.status
    [daemon, *lines] = status_lines(
        report.catalogue, status, report.holder, report.engine, report.at
    )
    names = ["troubles", *[""] * len(report.issues)]
    issues = [wrapped(*pair, room) for pair in zip(names, report.issues, strict=False)]
    return [
        daemon,
        *chain.from_iterable(issues),
        *mode_lines(report.mode, report.windows),
        *lines,
        *unread_lines(report.unread or {}),
        *retag_lines(status, report.retag_hold, report.retag_per_hour, report.at),
        *tagger_lines(report.taggers, status.behind),
        *embedding_lines(report.embeddings),
        *failure_lines(status, room),
    ]


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
    from tagd.app.failures import failed as look_up

    with reading(configuration(config)) as catalogue:
        failures = look_up(catalogue, wanted)
    if json:
        output.as_json([failure_fields(each) for each in failures])
    elif null:
        output.null_paths(key_of(each.path) for each in failures)
    elif failures:
        _list(failures)
    else:
        output.note("nothing failed")


def _list(failures: Sequence[Failure]) -> None:
    """Write a line each; on a terminal the path alone in one, which can be copied however long it
    is."""
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


def _retry(config: Path | None, wanted: Sequence[Path] | None, *, json: bool) -> None:
    from tagd.app.failures import retry

    done = retry(configuration(config), wanted)
    if json:
        output.as_json({"retried": done.photos})
        return
    output.line(f"{output.count(done.photos, 'photo')} will be tried again")
    if done.photos and not done.is_running:
        output.note("no tagd is running; `tagd run` will do it")


def status_lines(
    catalogue: Path, standing: Status, holder: Holder | None, engine: Mapping[str, str], now: float
) -> Iterator[tuple[str, str]]:
    """Yield how things stand, for a person: (name, value)."""
    yield "daemon", str(holder) if holder else "not running"
    if engine:
        worker = f"{engine['model']} on {engine['device']}"
        yield "model", worker if holder else f"{worker}, when it last ran"
    yield "catalogue", display(catalogue)
    bare = f" ({standing.untagged:,} of them without tags)" if standing.untagged else ""
    files = {
        f"{state}{bare if state == 'tagged' else ''}": n for state, n in standing.files.items()
    }
    yield "files", _numbers(files)
    yield "queue", _numbers({JOB_WORDS[state]: n for state, n in standing.queue.items()})
    yield "pace", _pace_in_words(standing, holder, now)


def failure_lines(standing: Status, room: int) -> Iterator[tuple[str, str]]:
    """Yield what failed last, each in one line of so many columns, for a person."""
    for number, each in enumerate(standing.last_failures):
        yield "" if number else "failures", said_of(each.path, as_typed(each.reason), room)
    more = standing.failures - len(standing.last_failures)
    if more > 0:
        yield "", f"… and {more:,} more: `tagd failed`"


def unread_lines(unread: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the pictures in the watched folders that tagd does not read, and what would help."""
    if not unread:
        return
    number = output.count(sum(unread.values()), "file is a picture", "files are pictures")
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in unread.items())
    helps = []
    if "JPEG XL" in unread:
        helps.append(f"`{adding('jxl')}` and a restart would read JPEG XL")
    if unread.keys() - {"JPEG XL"}:
        helps.append("tagd reads copies that you save as JPEG, PNG or TIFF")
    yield "not read", f"{number} that tagd does not read: {kinds}; {'; '.join(helps)}"


def retag_lines(
    standing: Status, hold: Hold | None, per_hour: int, now: float
) -> Iterator[tuple[str, str]]:
    """Yield which tags are to catch up, and what holds that back, for a person."""
    if standing.stale:
        number = output.count(standing.stale, "photo is", "photos are")
        held = _held_in_words(hold, per_hour, now)
        yield "re-tag", f"{number} to be tagged by other models{held}"
    if standing.to_refine:
        number = output.count(standing.to_refine, "photo has", "photos have")
        yield "refine", f"{number} the tags of a quick model for now, until nothing else waits"


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


def tagger_lines(taggers: Sequence[str], behind: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield who looks at photos, and who is behind with photos that were tagged before; nothing
    where the classifier is alone."""
    if len(taggers) > 1 or behind:
        words = [", ".join(taggers)]
        for key, photos in behind.items():
            number = output.count(photos, "photo that was tagged before", "photos tagged before")
            words.append(f"{key} is still to tell of {number}, when nothing else waits")
        yield "taggers", "; ".join(words)


def embedding_lines(found: KeptEmbeddings) -> Iterator[tuple[str, str]]:
    """Yield which embeddings are kept and how many are to come; nothing where there is neither."""
    words = [
        f"embeddings of {output.count(each.photos, 'photo')} by {each.source.model}"
        f" ({each.bytes / MEGABYTE:,.1f} MB)"
        for each in found.kept
    ]
    if words and not found.keep:
        words.append("being removed")
    if found.keep and found.lacking:
        words.append(f"{found.lacking:,} to be filled in, in the hours of [retag]")
    if words:
        yield "vectors", "; ".join(words)


def mode_lines(told: Standing, windows: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what a person told the daemon to do, and when it works, where that is not simply
    always."""
    if windows:
        yield "hours", ", ".join(windows)
    if told.since is not None and told.mode != "working":
        yield "mode", f"{told.mode} since {output.local(told.since)}: `tagd resume` continues"


def _numbers(counts: dict[Any, int]) -> str:
    """Write `1,204 tagged, 3 failed`: what there is of each kind, or `none`."""
    return ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number) or "none"


def _pace_in_words(standing: Status, holder: Holder | None, now: float) -> str:
    rate, eta = standing.photos_per_second, standing.seconds_left
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


def stage_rows(times: StageTimes) -> Iterator[tuple[str, str, str]]:
    """Yield where the time goes, for a person: stage, milliseconds a photo, what that is."""
    for stage, words in STAGES_IN_WORDS.items():
        yield stage.value, f"{times.milliseconds(stage):.1f}", words


def show_stages(times: StageTimes | None) -> None:
    """Print the table, or that there is nothing to tell yet."""
    if times is None:
        output.note("no photo has been tagged yet, so there is nothing to say of its time")
    else:
        output.table(["stage", "ms a photo", ""], list(stage_rows(times)), "ms a photo")
