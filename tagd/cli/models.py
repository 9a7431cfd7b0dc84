"""`tagd models`: what models there are, and getting, keeping and dropping them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.model_schemas import listed_fields, model_fields
from tagd.cli import measure, output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.app.models import Model
    from tagd.models.zoo.registry import ModelFacts

models = typer.Typer(
    name="models", help="The models: list, get, measure and compare them.", no_args_is_help=True
)
measure.register(models)

ModelId = Annotated[
    str, typer.Argument(metavar="ID", help="A model, as `tagd models list` has it.")
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE|SET",
        help="What the outputs mean: imagenet-1k, or a file with a name a line, in their order.",
    ),
]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace one of the same name.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file and of `measure`."""
    app.add_typer(models)


@models.command(name="list")
def list_(
    config: ConfigFile = None,
    here: Annotated[bool, typer.Option("--here", help="Only those on this disk.")] = False,
    json: AsJson = False,
) -> None:
    """List the models: which are here, how large, good and quick."""
    from tagd.app.models import models as look_up

    found = look_up(configuration(config), here=here)
    if json:
        output.as_json([listed_fields(model) for model in found])
        return
    headers = ["model", "family", "here", "MB", "parameters", "top-1", "images/s"]
    output.table(headers, map(_cells, found), "MB parameters top-1 images/s")


@models.command()
def show(model: ModelId, config: ConfigFile = None, json: AsJson = False) -> None:
    """Show every fact of a model, its source, and its speed here."""
    from tagd.app.models import model as look_up

    found = look_up(configuration(config), model)
    if json:
        output.as_json(model_fields(found))
    else:
        output.facts(list(_lines(found)))


@models.command(name="import")
def import_(  # noqa: PLR0917  typer names what is positional here
    path: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="A Hugging Face folder, or a weights file.")
    ],
    name: Annotated[
        str, typer.Option("--as", metavar="ID", help="A model of the zoo, or a name of your own.")
    ],
    labels: LabelsOption = None,
    architecture: Annotated[
        str,
        typer.Option(
            "--architecture",
            metavar="LIBRARY:NAME",
            help="For weights that do not say: timm:resnet34, torchvision:alexnet.",
        ),
    ] = "",
    replace: ReplaceOption = False,
    config: ConfigFile = None,
) -> None:
    """Take in weights that are on this disk.

    They are copied, loaded and tried before they count.
    """
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    from tagd.app.models import take_in

    taken = take_in(
        settings,
        absolute(path),
        name,
        labels=labels,
        architecture=architecture,
        replace=replace,
    )
    _tell_of_taken_in(taken)


@models.command()
def pull(  # noqa: PLR0917  as above
    model: Annotated[
        str,
        typer.Argument(metavar="ID", help="A model of the zoo, or OWNER/NAME on the hub."),
    ],
    revision: Annotated[
        str | None, typer.Option("--revision", help="A branch, tag or commit; the main one.")
    ] = None,
    name: Annotated[
        str, typer.Option("--as", metavar="ID", help="What to call OWNER/NAME here.")
    ] = "",
    labels: LabelsOption = None,
    replace: ReplaceOption = False,
    config: ConfigFile = None,
) -> None:
    """Fetch a model, check it and take it in. Goes on where an earlier try ended."""
    settings = configuration(config)
    gc.enable()
    from tagd.app.models import pull as fetch

    _tell_of_taken_in(
        fetch(settings, model, revision=revision, name=name, labels=labels, replace=replace)
    )


@models.command()
def verify(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Only these; by default all on this disk."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Compare the weights with their SHA-256. The exit status is 1 on a difference."""
    from tagd.app.models import verify as compare

    wrong = False
    for verified in compare(configuration(config), chosen or ()):
        if verified.path is not None:
            output.line(f"{verified.model} is intact: {display(verified.path)}")
        else:
            wrong = True
            output.note(f"tagd: {verified.error}")
    raise typer.Exit(1 if wrong else 0)


@models.command()
def remove(model: ModelId, config: ConfigFile = None) -> None:
    """Delete a model that was pulled or imported."""
    from tagd.app.models import remove as delete

    done = delete(configuration(config), model)
    output.line(f"{model} removed, {done.freed / 1e6:.0f} MB freed")
    if done.is_configured:
        output.note(f"tagd: [model] name is still {model!r}")


def _tell_of_taken_in(facts: ModelFacts) -> None:
    labels = "its own" if facts.label_set == "own" else facts.label_set
    output.line(
        f"{facts.id} is here: {facts.architecture} of {facts.backend}, "
        f"{facts.parameters_m:.1f} M parameters, labels {labels}"
    )
    output.line(f"to use it: [model] name = {facts.id!r}, or `tagd models bench {facts.id}`")


def _cells(model: Model) -> Sequence[str]:
    facts, speed = model.facts, model.quickest
    return (
        facts.id,
        facts.family,
        "yes" if model.is_here else "",
        f"{model.size_bytes / 1e6:.0f}",
        f"{facts.parameters_m:.1f} M",
        f"{facts.top1:.1f}" if facts.top1 else "",
        f"{speed.images_per_second:.0f} {speed.device}" if speed else "",
    )


def _lines(model: Model) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of a model, for a person."""
    facts = model.facts

    def sourced(text: str, fact: str) -> str:
        source = facts.sources.get(fact)
        return f"{text}  ({source})" if source else text

    height, width = facts.input_size
    yield "model", f"{facts.id}, of the family {facts.family}"
    yield "checkpoint", f"{facts.checkpoint} ({facts.backend}: {facts.architecture})"
    yield "here", "yes" if model.is_here else f"no; `tagd models pull {facts.id}`"
    yield "weights", facts.sources.get("weights", "")
    yield "licence", sourced(facts.licence, "licence")
    yield "top-1", sourced(f"{facts.top1} %", "top1") if facts.top1 else "not known"
    yield "parameters", sourced(f"{facts.parameters_m:.2f} M", "parameters_m")
    yield "multiply-adds", sourced(f"{facts.gmacs:.3g} G", "gmacs") if facts.gmacs else "not known"
    memory = f"{facts.memory_mb.fp32} MB, in half precision {facts.memory_mb.half} MB"
    yield "memory", sourced(memory, "memory_mb")
    yield "input", f"{height} x {width} pixels"
    yield "labels", facts.label_set
    if facts.fingerprint:
        yield "fingerprint", facts.fingerprint
    for speed in model.speeds:
        yield (
            f"{speed.device}, {speed.batch_size} at once",
            f"{speed.images_per_second:.1f} images/s, {speed.latency_ms:.1f} ms a batch"
            f" ({speed.precision}, {speed.hardware})",
        )
