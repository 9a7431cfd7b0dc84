"""The pages of documentation, and what stands in them to be tried."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from tagd.cli import app_for

PROJECT = Path(__file__).parents[1]
PAGES = [
    *sorted(page.name for page in PROJECT.glob("README*.md")),
    *sorted(f"docs/{page.name}" for page in (PROJECT / "docs").glob("*.md")),
]
KINDS = {"console", "sh", "text", "toml", "sql", "python"}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Where a command ends and the shell's own begins.
SHELL = {"|", ">", ">>", "&", "&&", ";", "<"}


@cache
def read(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    """The fenced blocks of this kind."""
    return [text for name, text in BLOCK.findall(read(page)) if name == kind]


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return BLOCK.sub("", read(page))


def all_blocks(kind: str) -> list[tuple[str, str]]:
    """The fenced blocks of this kind on all pages, each with its page."""
    return [(page, text) for page in PAGES for text in blocks(page, kind)]


def anchors(markdown: str) -> set[str]:
    """What a link to a heading of this page may end with, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in headings}


@dataclass(frozen=True, slots=True)
class Screen:
    """What a person types, and what it prints there: `…` stands for anything, a number for any
    number, and columns may be wider. What it prints may be unsaid."""

    command: str
    output: str | None = None

    def matches(self, printed: str) -> bool:
        return self.output is None or re.fullmatch(pattern(self.output), printed) is not None


def pattern(output: str) -> str:
    """The regular expression of a screen: `…` alone is any lines, elsewhere any part of one."""
    lines = ("(?:.*\n)*" if line == "…" else _of_line(line) for line in output.splitlines())
    return "".join(lines)


def _of_line(line: str) -> str:
    escaped = re.sub(r"(\\[ \t])+", r"[ \t]+", re.escape(line.rstrip()))
    return re.sub(r"\d+", r"\\d+", escaped).replace("…", ".*") + "[ ]*\n"


def screens(page: str) -> list[Screen]:
    """Each command of the page's `console` blocks with what stands below it."""
    return [screen for block in blocks(page, "console") for screen in _screens_in(block)]


def steps(page: str) -> list[Screen]:
    """All that the page has to be run, in its order; what never ends is left out."""
    found = []
    for kind, text in BLOCK.findall(read(page)):
        if kind == "console":
            found += [screen for screen in _screens_in(text) if "tagd run" not in screen.command]
        elif kind == "sh":
            found += [Screen(line) for line in text.splitlines() if line.strip()]
    return found


def _screens_in(block: str) -> list[Screen]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [
        Screen(command, output) for command, _, output in (part.partition("\n") for part in parts)
    ]


def named_commands(page: str) -> list[list[str]]:
    """Each `tagd …` of the page in words, be it in a block or in a sentence."""
    lines = "\n".join((*blocks(page, "text"), *blocks(page, "sh"))).splitlines()
    lines += [screen.command for screen in screens(page)]
    lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(page))]
    found = []
    for line in lines:
        _, begin, rest = f" {line.strip()}".partition(" tagd ")
        if begin and line.strip().split()[0] in {"tagd", "sudo", "$"}:
            found.append(_until_shell(shlex.split(rest, comments=True)))
    return found


def _until_shell(words: list[str]) -> list[str]:
    end = next((place for place, word in enumerate(words) if word in SHELL), len(words))
    return words[:end]


@cache
def program() -> Any:
    """The command `tagd` with all that is below it, as typer has it."""
    return get_command(app_for())


def misspelt(words: list[str]) -> str | None:
    """Return what of a command there is not, or None where all is: commands and options."""
    command, rest = program(), list(words)
    while rest and hasattr(command, "commands"):
        word = rest.pop(0)
        if word.startswith("-"):
            continue
        if word not in command.commands:
            return word
        command = command.commands[word]
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    options |= {"--help", "-h", "--config", "--debug", "--version"}
    asked = [word.partition("=")[0] for word in rest if re.match(r"--\w", word)]
    return next((option for option in asked if option not in options), None)
