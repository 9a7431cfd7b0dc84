"""`tagd export`: what a query finds, one row a file, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tagd.app.schemas import row_fields
from tagd.cli.grammar import QueryCommand
from tagd.cli.options import ConfigFile, configuration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tagd.app.search import Found

COLUMNS = (
    *("path", "tags", "state", "taken_at", "camera_make", "camera_model", "format", "width"),
    *("height", "size", "modified_at", "photo_id"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for one, and runs
_BOM = "\ufeff"  # without it Excel takes UTF-8 for something else


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(cls=QueryCommand)(export)


def export(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="As for `tagd search`.")
    ] = None,
    *,
    config: ConfigFile = None,
    format: Annotated[  # noqa: A002  the option's name
        Format,
        typer.Option(
            "--format",
            help="A table; JSON objects with all tags in full, one a line, or as one list.",
        ),
    ] = Format.CSV,
) -> None:
    """Print what a query finds as a table, or everything.

    Without a query it is every file that is there. Columns: path, tags, state, taken_at,
    camera_make, camera_model, format, width, height, size, modified_at, photo_id. The table opens
    in spreadsheets: tags are separated by semicolons, and a cell that would be a formula has an
    apostrophe before it.
    """
    # To be read by programs: UTF-8, whatever the terminal has.
    out = io.TextIOWrapper(
        sys.stdout.buffer, encoding="utf-8", errors="backslashreplace", newline=""
    )
    from tagd.app.search import SearchRequest, moment

    with moment(configuration(config)) as catalogue:
        found = catalogue.found(SearchRequest(" ".join(query or ())))
        try:
            _WRITERS[format](out, found)
            out.flush()
        finally:
            out.detach()


def _as_csv(out: io.TextIOWrapper, found: Iterable[Found]) -> None:
    table, began = csv.writer(out), False
    for each in found:
        if not began:
            _begin(out)
            began = True
        fields = row_fields(each) | {"tags": "; ".join(tag.name for tag in each.tags)}
        table.writerow([_cell(fields[column]) for column in COLUMNS])
    if not began:
        _begin(out)


def _begin(out: io.TextIOWrapper) -> None:
    out.write(_BOM)
    csv.writer(out).writerow(COLUMNS)


def _as_jsonl(out: io.TextIOWrapper, found: Iterable[Found]) -> None:
    out.writelines(json.dumps(row_fields(each), ensure_ascii=False) + "\n" for each in found)


def _as_json(out: io.TextIOWrapper, found: Iterable[Found]) -> None:
    before = "[\n"
    for each in found:
        out.write(before + json.dumps(row_fields(each), ensure_ascii=False))
        before = ",\n"
    out.write("[]\n" if before == "[\n" else "\n]\n")


_WRITERS: Final = {Format.CSV: _as_csv, Format.JSONL: _as_jsonl, Format.JSON: _as_json}


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
