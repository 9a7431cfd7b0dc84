"""What `tagd write` did, or would do, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tagd.cli import output
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.app.writeback import WriteResult
    from tagd.metadata.writer import WriteReport
    from tagd.writeback.bulk import Written

FAILURES_SHOWN = 10
FILES_SHOWN, KEYWORDS_SHOWN = 5, 10  # of a dry run: beyond so many files they are summed up


def written_lines(result: WriteResult, *, dry_run: bool, verbose: bool = False) -> Iterator[str]:
    """Yield the difference where nothing was written, else a line; then what failed. Many files are
    summed up, unless it is to be `verbose`."""
    done, run = result.done, result.run
    is_whole = verbose or len(done.reports) <= FILES_SHOWN
    if dry_run:
        yield from _differences(done.reports) if is_whole else _summary(done.reports)
    verb = "would change" if dry_run else "written"
    right = done.files - done.changed - len(done.failed) - done.left
    text = f"{output.count(len(done.reports), 'file')} {verb}"
    if right > 0:
        text += f", {right:,} need nothing"
    if done.failed:
        text += f", {len(done.failed):,} failed"
    if done.left:
        text += f", {done.left:,} left"
    if run is not None and done.reports:
        text += f" (`tagd write --undo {run}` takes it back)"
    if dry_run and not is_whole:
        text += "; --verbose lists them"
    yield text
    yield from () if dry_run else _aside_lines(done)
    for path, reason in done.failed[:FAILURES_SHOWN]:
        yield f"  {display(path)}: {reason}"
    if len(done.failed) > FAILURES_SHOWN:
        yield f"  … and {len(done.failed) - FAILURES_SHOWN:,} more"


def _differences(reports: Sequence[WriteReport]) -> Iterator[str]:
    for each in reports:
        yield display(each.path)
        yield from (f"  {line}" for line in each.difference())
        yield from (f"  not {line}" for line in each.left_out)


def _summary(reports: Sequence[WriteReport]) -> Iterator[str]:
    """Count the keywords that come and go: in each field, and each of the tags' own names."""
    from tagd.metadata.keywords import Field  # lazy: lxml

    for which in Field:
        come = sum(len(each.added.get(which, ())) for each in reports)
        go = sum(len(each.removed.get(which, ())) for each in reports)
        if come or go:
            yield f"{which}: {come:,} come, {go:,} go"
    for sign, keywords in (
        ("+", [name for each in reports for name in each.added.get(Field.SUBJECT, ())]),
        ("-", [name for each in reports for name in each.removed.get(Field.SUBJECT, ())]),
    ):
        if keywords:
            yield f"{sign} {_most_common(keywords)}"
    if left_out := [reason for each in reports for reason in each.left_out]:
        yield f"not {_most_common(left_out)}"


def _most_common(texts: Sequence[str]) -> str:
    """Write `animal 40, cat 12, … and 3 others`."""
    counted = Counter(texts).most_common()
    shown = ", ".join(f"{text} {number:,}" for text, number in counted[:KEYWORDS_SHOWN])
    more = len(counted) - KEYWORDS_SHOWN
    return f"{shown}, … and {output.count(more, 'other')}" if more > 0 else shown


def _aside_lines(done: Written) -> Iterator[str]:
    """Sidecars that were in the way."""
    for each in done.reports:
        if each.aside is not None:
            why = "it is of the photo that had this name before"
            yield f"  {display(each.path)} was there: {display(each.aside)} now, since {why}"
