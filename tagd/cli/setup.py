"""The commands that set tagd up and look after it: `init`, `config check`, `doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.cli import language, output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.errors import ConfigError
from tagd.fs import display

if TYPE_CHECKING:
    from tagd.app.health import Finding

config_commands = typer.Typer(name="config", help="Check the configuration.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(doctor)
    app.add_typer(config_commands)


def init(
    config: ConfigFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace one that is there.")] = False,
) -> None:
    """Write a commented configuration, with every key and its default.

    Under a locale that tags have names in, such as a Japanese one, they are named so.
    """
    from tagd.config import example, user_file  # lazy, as in options.configuration

    file = absolute(config) if config else user_file()
    names = language.wanted()
    chosen = {"tags": {"language": names}} if names else {}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w" if force else "x", encoding="utf-8") as target:
            target.write(example.text(chosen))
    except FileExistsError as error:
        raise ConfigError(
            f"{display(file)} is there already", hint="--force replaces it"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot write {display(file)}: {error.strerror}") from error
    output.line(f"wrote {display(file)}")
    if names:
        output.line(f'tags are named in {language.called(names)}: language = "{names}" in [tags]')


@config_commands.command()
def check(config: ConfigFile = None) -> None:
    """Say whether the configuration is well and its folders are there."""
    from tagd.app.health import complaints
    from tagd.config import find

    settings = configuration(config)
    file = find(config)
    wrong = complaints(settings)
    for text in wrong:
        output.note(f"tagd: {text}")
    if wrong:
        raise typer.Exit(1)
    output.line(
        f"{display(file)} is valid" if file else "no configuration file; the defaults apply"
    )


def doctor(config: ConfigFile = None, json: AsJson = False) -> None:
    """Examine this machine, the catalogue and the model. The exit status is 1 on a problem."""
    settings = configuration(config)
    from tagd.app.health import Level, examine, worst

    findings = []
    for finding in examine(settings):
        findings.append(finding)
        if not json:
            _print_finding(finding)  # at once: the last ones take seconds
    if json:
        output.as_json([asdict(finding) for finding in findings])
    raise typer.Exit(1 if worst(findings) is Level.PROBLEM else 0)


def _print_finding(finding: Finding) -> None:
    style = {"ok": "green", "warning": "yellow", "problem": "bold red"}[finding.level]
    output.labelled(finding.level, style, f"{finding.name}: {finding.what}")
    if finding.advice:
        output.line(f"         {finding.advice}")
