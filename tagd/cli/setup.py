"""The commands that set tagd up and look after it: `init`, `config check`, `doctor`."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.errors import ConfigError, ModelUnknown
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.config import Config
    from tagd.ops.checks import Finding
    from tagd.ops.doctor import Patient

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
    """Write a commented configuration, with every key and its default."""
    from tagd.config import example, user_file  # lazy, as in options.configuration

    file = absolute(config) if config else user_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w" if force else "x", encoding="utf-8") as target:
            target.write(example.text())
    except FileExistsError as error:
        raise ConfigError(
            f"{display(file)} is there already", hint="--force replaces it"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot write {display(file)}: {error.strerror}") from error
    output.line(f"wrote {display(file)}")


@config_commands.command()
def check(config: ConfigFile = None) -> None:
    """Say whether the configuration is well and its folders are there."""
    from tagd.config import find  # lazy, as in options.configuration

    settings = configuration(config)
    file = find(config)
    wrong = list(complaints(settings))
    for text in wrong:
        output.note(f"tagd: {text}")
    if wrong:
        raise typer.Exit(1)
    output.line(
        f"{display(file)} is valid" if file else "no configuration file; the defaults apply"
    )


def complaints(settings: Config) -> list[str]:
    """What is well formed but cannot work: folders that are not there, or a model that is not."""
    found = []
    for folder in settings.watch.folders:
        if not folder.exists():
            found.append(f"watch.folders: there is no {display(folder)}")
        elif not folder.is_dir():
            found.append(f"watch.folders: {display(folder)} is not a folder")
        elif not os.access(folder, os.R_OK | os.X_OK):
            found.append(f"watch.folders: {display(folder)} may not be read")
    return [*found, *_unknown_models(settings)]


def _unknown_models(settings: Config) -> Iterator[str]:
    """Models that are named and that there are not."""
    policy = settings.policy
    named = {
        "model.name": (settings.model.name,) if settings.model.name else (),
        "policy.cascade.models": policy.cascade.models,
        **{f"policy.rules[{n}].models": rule.models for n, rule in enumerate(policy.rules)},
    }
    if not any(named.values()):
        return
    from tagd.models.zoo.shelf import Shelf  # lazy: the zoo is a table of its own

    for key, models in named.items():
        for model in models:
            try:
                Shelf(settings.model.folder).find(model)
            except ModelUnknown as error:
                yield f"{key}: {error}"


def doctor(config: ConfigFile = None, json: AsJson = False) -> None:
    """Examine this machine, the catalogue and the model. The exit status is 1 on a problem."""
    settings = configuration(config)
    # Lazy: the read path imports this module too, and needs neither.
    from tagd.ops.checks import Level, worst
    from tagd.ops.doctor import examine

    findings = []
    for finding in examine(_patient(settings)):
        findings.append(finding)
        if not json:
            _print_finding(finding)  # at once: the last ones take seconds
    if json:
        output.as_json([asdict(finding) for finding in findings])
    raise typer.Exit(1 if worst(findings) is Level.PROBLEM else 0)


def _patient(settings: Config) -> Patient:
    """What doctor examines, out of the configuration."""
    from tagd.assembly.build import policy_of
    from tagd.assembly.policy import preferences_of
    from tagd.assembly.writing import metadata_settings
    from tagd.intake.exclude import Excludes
    from tagd.ops.doctor import Patient
    from tagd.policy.cascade import EMBEDDED
    from tagd.policy.preferences import named

    metadata = metadata_settings(settings)
    return Patient(
        folders=settings.watch.folders,
        admits=Excludes(settings.watch.exclude).admits_entry,
        catalogue=settings.catalogue.path,
        models=named(preferences_of(settings)) or EMBEDDED.models,
        policy=lambda: policy_of(settings),
        device=settings.model.device,
        models_folder=settings.model.folder,
        sidecar_folder=None if metadata.is_off else metadata.sidecar_folder,
        max_megapixels=settings.worker.max_megapixels,
        decode_timeout_seconds=settings.worker.decode_timeout_seconds,
    )


def _print_finding(finding: Finding) -> None:
    style = {"ok": "green", "warning": "yellow", "problem": "bold red"}[finding.level]
    output.labelled(finding.level, style, f"{finding.name}: {finding.what}")
    if finding.advice:
        output.line(f"         {finding.advice}")
