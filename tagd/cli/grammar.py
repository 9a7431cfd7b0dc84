"""How a command line is read, beyond what typer does: `tagd help`, queries that begin with a minus,
and mistakes in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_options(arguments: Sequence[str]) -> list[str]:
    """Read `tagd help search` and `tagd version` as the options that they mean."""
    match list(arguments):
        case ["help", *words]:
            return [*words, "--help"]
        case ["version"]:
            return ["--version"]
        case unchanged:
            return unchanged


class Group(TyperGroup):
    """Commands whose mistakes are told in our words, not in those of a library."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as mistake:
            from tagd.config.mistakes import in_our_words  # lazy: seldom

            mistake.message = in_our_words(mistake.message)
            raise


class QueryCommand(TyperCommand):
    """A command that takes a query, whose words may begin with a minus: `cat -dog`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        options = [each for each in self.get_params(ctx) if each.param_type_name == "option"]
        flags = {name for each in options if _is_flag(each) for name in each.opts}
        valued = {name for each in options if not _is_flag(each) for name in each.opts}
        return super().parse_args(ctx, options_first(args, flags, valued))


def options_first(args: Sequence[str], flags: set[str], valued: set[str]) -> list[str]:
    """Return the arguments with `--` before the words of the query, which are all that is no
    option: what begins with one minus and is none either, too."""
    options: list[str] = []
    words: list[str] = []
    rest = iter(args)
    for each in rest:
        if each == "--":
            words += rest
        elif each in valued:
            options += [each, *[value for value in [next(rest, None)] if value is not None]]
        elif each in flags or (each.startswith("--") and " " not in each):
            options.append(each)
        else:
            words.append(each.removeprefix("-- "))  # quoted together with the query
    return [*options, "--", *words]


def _is_flag(option: Any) -> bool:
    return bool(option.is_flag) or bool(option.count)
