"""`tagd models`: what models there are, and getting, keeping and dropping them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.cli import measure, output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.errors import CatalogueError, TagdError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tagd.catalogue.plans.speeds import Speed
    from tagd.config import Config
    from tagd.models.zoo.registry import ModelFacts
    from tagd.models.zoo.shelf import Shelf

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


def shelf_of(settings: Config) -> Shelf:
    """Every model that can be named."""
    # Lazy: pydantic's models of the zoo are built on import.
    from tagd.models.zoo.shelf import Shelf

    return Shelf(settings.model.folder)


@models.command(name="list")
def list_(
    config: ConfigFile = None,
    here: Annotated[bool, typer.Option("--here", help="Only those on this disk.")] = False,
    json: AsJson = False,
) -> None:
    """List the models: which are here, how large, good and quick."""
    settings = configuration(config)
    from tagd.models.zoo.shelf import on_disk

    quickest = _quickest(settings)
    found = [facts for facts in shelf_of(settings).all().values() if not here or on_disk(facts)]
    if json:
        output.as_json([_fields(facts, quickest) for facts in found])
        return
    headers = ["model", "family", "here", "MB", "parameters", "top-1", "images/s"]
    output.table(
        headers, (_cells(facts, quickest) for facts in found), "MB parameters top-1 images/s"
    )


@models.command()
def show(model: ModelId, config: ConfigFile = None, json: AsJson = False) -> None:
    """Show every fact of a model, its source, and its speed here."""
    settings = configuration(config)
    facts = shelf_of(settings).find(model)
    speeds = [each for each in _speeds(settings) if each.model == model]
    if json:
        said = facts.model_dump(mode="json", exclude_none=True)
        measured = [
            {"device": s.device, "batch": s.batch_size, "images_per_second": s.images_per_second}
            for s in speeds
        ]
        output.as_json({**said, "on_disk": _here(facts), "measured": measured})
        return
    output.facts(list(_lines(facts, speeds)))


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
    from tagd.models.acquire.adopt import Request, adopt  # lazy: torch

    request = Request(
        path=absolute(path), id=name, labels=labels, architecture=architecture, replace=replace
    )
    _taken_in(adopt(request, shelf_of(settings)))


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
    from tagd.models.acquire.pull import Order  # lazy: the hub's library
    from tagd.models.acquire.pull import pull as fetch

    order = Order(model, revision=revision, name=name, labels=labels, replace=replace)
    _taken_in(fetch(order, shelf_of(settings)))


@models.command()
def verify(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Only these; by default all on this disk."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Compare the weights with their SHA-256. The exit status is 1 on a difference."""
    settings = configuration(config)
    shelf = shelf_of(settings)
    wrong = 0
    for model in chosen or [name for name, facts in shelf.all().items() if _here(facts)]:
        try:
            path = shelf.verify(model)
        except TagdError as error:
            wrong += 1
            output.note(f"tagd: {error}")
        else:
            output.line(f"{model} is intact: {display(path)}")
    raise typer.Exit(1 if wrong else 0)


@models.command()
def remove(model: ModelId, config: ConfigFile = None) -> None:
    """Delete a model that was pulled or imported."""
    settings = configuration(config)
    freed = shelf_of(settings).remove(model)
    output.line(f"{model} removed, {freed / 1e6:.0f} MB freed")
    if settings.model.name == model:
        output.note(f"tagd: [model] name is still {model!r}")


def _taken_in(facts: ModelFacts) -> None:
    labels = "its own" if facts.label_set == "own" else facts.label_set
    output.line(
        f"{facts.id} is here: {facts.architecture} of {facts.backend}, "
        f"{facts.parameters_m:.1f} M parameters, labels {labels}"
    )
    output.line(f"to use it: [model] name = {facts.id!r}, or `tagd models bench {facts.id}`")


def _speeds(settings: Config) -> list[Speed]:
    """What was measured here; nothing where there is no catalogue yet."""
    # Lazy: SQLAlchemy takes 0.15 s.
    from tagd.catalogue.db.engine import open_reader
    from tagd.catalogue.plans import speeds

    try:
        with open_reader(settings.catalogue.path) as catalogue, catalogue.read() as tx:
            return speeds.load(tx)
    except CatalogueError:
        return []


def _quickest(settings: Config) -> dict[str, Speed]:
    """The best figure of each model, by its fingerprint."""
    found: dict[str, Speed] = {}
    for each in _speeds(settings):
        best = found.get(each.fingerprint)
        if best is None or each.images_per_second > best.images_per_second:
            found[each.fingerprint] = each
    return found


def _here(facts: ModelFacts) -> bool:
    from tagd.models.zoo.shelf import on_disk

    return on_disk(facts)


def _megabytes(facts: ModelFacts) -> float:
    """What the weights take on a disk: as they are, or four bytes a parameter."""
    size = getattr(facts.weights, "size_bytes", None)
    return size / 1e6 if size else facts.parameters_m * 4


def _cells(facts: ModelFacts, quickest: dict[str, Speed]) -> Sequence[str]:
    speed = quickest.get(facts.fingerprint or "")
    return (
        facts.id,
        facts.family,
        "yes" if _here(facts) else "",
        f"{_megabytes(facts):.0f}",
        f"{facts.parameters_m:.1f} M",
        f"{facts.top1:.1f}" if facts.top1 else "",
        f"{speed.images_per_second:.0f} {speed.device}" if speed else "",
    )


def _fields(facts: ModelFacts, quickest: dict[str, Speed]) -> dict[str, Any]:
    speed = quickest.get(facts.fingerprint or "")
    return {
        "id": facts.id,
        "family": facts.family,
        "backend": facts.backend,
        "checkpoint": facts.checkpoint,
        "on_disk": _here(facts),
        "megabytes": round(_megabytes(facts), 1),
        "parameters_m": facts.parameters_m,
        "gmacs": facts.gmacs,
        "top1": facts.top1,
        "memory_mb": facts.memory_mb.model_dump(),
        "images_per_second": round(speed.images_per_second, 2) if speed else None,
        "device": speed.device if speed else None,
    }


def _lines(facts: ModelFacts, speeds: Iterable[Speed]) -> Iterator[tuple[str, str]]:
    """What there is to say of a model, for a person."""

    def sourced(text: str, fact: str) -> str:
        source = facts.sources.get(fact)
        return f"{text}  ({source})" if source else text

    height, width = facts.input_size
    yield "model", f"{facts.id}, of the family {facts.family}"
    yield "checkpoint", f"{facts.checkpoint} ({facts.backend}: {facts.architecture})"
    yield "here", "yes" if _here(facts) else f"no; `tagd models pull {facts.id}`"
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
    for each in speeds:
        yield (
            f"{each.device}, {each.batch_size} at once",
            f"{each.images_per_second:.1f} images/s, {each.latency_ms:.1f} ms a batch"
            f" ({each.precision}, {each.hardware})",
        )
