"""How a command line is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from tagd.cli import app_for
from tagd.cli.grammar import as_options, options_first

FLAGS, VALUED = {"--json", "-0", "-h"}, {"--limit", "--config"}


def commands(
    command: TyperCommand | TyperGroup, name: str = "tagd"
) -> Iterator[tuple[str, TyperGroup]]:
    """All groups of commands, with their names."""
    if isinstance(command, TyperGroup):
        yield name, command
        for word, each in command.commands.items():
            yield from commands(cast(Any, each), f"{name} {word}")


GROUPS = dict(commands(cast(TyperGroup, get_command(app_for()))))


@pytest.mark.parametrize("name", GROUPS)
def test_every_summary_fits_into_80_columns_uncut(name: str) -> None:
    group = GROUPS[name]
    with group.make_context(name, [], resilient_parsing=True, terminal_width=80) as ctx:
        told = group.get_help(ctx)
    _, _, listed = told.partition("Commands:")
    assert listed
    assert max(map(len, told.splitlines())) <= 80
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["-dog"], ["--", "-dog"]),
        (["-hawk", "-0"], ["-0", "--", "-hawk"]),
        (["cat", "-dog", "--limit", "5"], ["--limit", "5", "--", "cat", "-dog"]),
        (["--limit", "-5", "cat"], ["--limit", "-5", "--", "cat"]),
        (["--", "-0", "--json"], ["--", "-0", "--json"]),
        (["-- -dog"], ["--", "-dog"]),
        (["cat", "--jsno"], ["--jsno", "--", "cat"]),
        (["--limit"], ["--limit", "--"]),
    ],
)
def test_words_of_a_query_may_begin_with_a_minus(typed: list[str], meant: list[str]) -> None:
    assert options_first(typed, FLAGS, VALUED) == meant


@given(st.lists(st.sampled_from(["cat", "-dog", "--json", "-0", "--limit=3"])))
def test_no_word_is_lost_and_they_keep_their_order(typed: list[str]) -> None:
    meant = options_first(typed, FLAGS, VALUED)
    words = [each for each in typed if each in {"cat", "-dog"}]
    assert meant == [*(each for each in typed if each not in words), "--", *words]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["help"], ["--help"]),
        (["help", "tags", "rederive"], ["tags", "rederive", "--help"]),
        (["version"], ["--version"]),
        (["search", "help"], ["search", "help"]),
        (["search", "version"], ["search", "version"]),
        ([], []),
    ],
)
def test_help_and_version_are_words_too(typed: list[str], meant: list[str]) -> None:
    assert as_options(typed) == meant
