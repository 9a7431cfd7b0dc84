"""How a model from elsewhere becomes one of tagd's.

    inspect → name its labels → copy → load → ask → place

Imports torch. What fails anywhere leaves nothing behind, and what was there before as it was.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from tagd.errors import ModelError, WeightsRefused
from tagd.models.acquire import incoming
from tagd.models.backends import base
from tagd.models.runtime.device import Device
from tagd.models.runtime.torch_session import TorchSession
from tagd.models.selftest import rings
from tagd.models.zoo import checkpoint, labelset, registry, shelf, store
from tagd.models.zoo.registry import (
    OWN_LABELS,
    BundledWeights,
    FileWeights,
    HubWeights,
    Memory,
    ModelFacts,
    UrlWeights,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tagd.models.acquire.incoming import Incoming
    from tagd.models.zoo.labelset import OwnLabel
    from tagd.models.zoo.preprocessing import Preprocessing
    from tagd.models.zoo.registry import Backend

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """What a person asked for. `labels` is the name of a set, or a file with a list; `architecture`
    such as "timm:resnet34", for weights that do not say. `origin` is where they came from, in
    words; `trusted` says that they are known to be the zoo's own for this id."""

    path: Path
    id: str
    labels: str | Path | None = None
    architecture: str = ""
    origin: str = ""
    trusted: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class _Labels:
    set: str
    ids: tuple[str, ...]
    own: tuple[OwnLabel, ...] = ()


def adopt(request: AdoptRequest, shelf_: shelf.Shelf) -> ModelFacts:
    """Take the model in; returns its facts as they are kept.

    Raises `WeightsMissing`, `WeightsRefused`, and `ModelError`.
    """
    row = _row(request, shelf_)
    found = _told(incoming.inspect(request.path), request, row)
    with shelf_.store.staging(request.id) as staged:
        copy = _copied(found.weights, staged)
        state = checkpoint.read_file(copy, origin=found.weights.name)
        labels = _labels(request, found, row)
        weights = FileWeights(
            file=copy.name,
            sha256=store.sha256_of(copy),
            size_bytes=copy.stat().st_size,
            folder=str(staged),
        )
        facts = _facts(request, found, row, weights, labels.set)
        facts = _asked(facts, labels.ids, state)
        identity = shelf.identity(facts, weights.sha256, labels.ids)
        facts = facts.model_copy(update={"fingerprint": identity})
        shelf_.store.place(staged, facts, labels.own)
    kept = shelf_.store.find(request.id)
    assert kept is not None
    return kept


def _row(request: AdoptRequest, shelf_: shelf.Shelf) -> ModelFacts | None:
    """Return the zoo's row of this id, if there is one and the id may be taken."""
    if not registry.is_id(request.id):  # before any folder is called so
        raise ModelError(
            f"{request.id!r} cannot be a model's name",
            hint="Lower-case letters, digits, dots, hyphens and underscores can.",
        )
    row = registry.zoo().get(request.id)
    if row is not None and isinstance(row.weights, BundledWeights):
        raise ModelError(f"{request.id} is part of tagd", hint="Choose another name with --as.")
    if shelf_.store.find(request.id) is not None and not request.replace:
        raise ModelError(
            f"there is a model called {request.id} already",
            hint="Choose another name with --as; or --replace it.",
        )
    return row


def _told(found: Incoming, request: AdoptRequest, row: ModelFacts | None) -> Incoming:
    """Fill in what the files did not say, from the zoo or from the person; contradictions are
    refused."""
    if request.architecture:
        library, _, name = request.architecture.partition(":")
        if library not in {"timm", "torchvision"} or not name:
            raise ModelError(
                f"--architecture {request.architecture!r} names none",
                hint="Write it like timm:resnet34 or torchvision:alexnet.",
            )
        found = found.told("timm" if library == "timm" else "torchvision", name)
    if row is None:
        if found.backend is None:
            raise WeightsRefused(
                f"{found.weights.name}: weights alone do not say what network they belong to",
                hint="Name one of the zoo with --as, or say --architecture timm:NAME.",
            )
        return found
    if found.backend is None:
        return found.told(row.backend, row.architecture)
    _refuse_contradiction(found, row)
    return found


def _refuse_contradiction(found: Incoming, row: ModelFacts) -> None:
    said = (found.backend, found.architecture)
    if said != (row.backend, row.architecture):
        raise WeightsRefused(
            f"this is {found.architecture} of {found.backend}, but {row.id} is {row.architecture} "
            f"of {row.backend}",
            hint="Choose another name with --as.",
        )
    for key, value in row.config.items():
        if found.config and key in found.config and found.config[key] != value:
            raise WeightsRefused(
                f"its {key} is {found.config[key]!r}, but that of {row.id} is {value!r}",
                hint="Choose another name with --as.",
            )


def _labels(request: AdoptRequest, found: Incoming, row: ModelFacts | None) -> _Labels:
    """Return which label each output stands for: what the person said, else what the files say."""
    if request.labels in labelset.SETS:
        return _set(str(request.labels))
    if request.labels is not None:
        names, languages = labelset.parse(_text(request.labels), str(request.labels))
        return _named(request.id, names, languages)
    named = [name for name in found.names if not name.upper().startswith("LABEL_")]
    if row is not None:
        if named and labelset.recognise(request.id, found.names) != row.label_set:
            raise WeightsRefused(
                f"its labels are not those of {row.label_set}, which {request.id} has: the first "
                f"are {', '.join(found.names[:3])}",
                hint="Choose another name with --as.",
            )
        return _set(row.label_set)
    if not named and found.label_set is not None:
        return _set(found.label_set)
    if not named:
        raise WeightsRefused(
            f"{request.path}: nothing says what its outputs mean",
            hint="Say --labels imagenet-1k, or another set; or --labels FILE with a name a line in "
            f"their order. Sets: {', '.join(labelset.SETS)}.",
        )
    return _named(request.id, list(found.names), {})


def _text(file: str | Path) -> str:
    from pathlib import Path  # noqa: PLC0415  only here at run time

    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        known = ", ".join(labelset.SETS)
        raise WeightsRefused(
            f"{file}: no list of labels can be read there: {error}",
            hint=f"Name a file, or a set: {known}.",
        ) from error


def _set(name: str) -> _Labels:
    return _Labels(name, labelset.load(name))


def _named(model: str, names: list[str], languages: dict[str, list[str]]) -> _Labels:
    known = labelset.recognise(model, names)
    if known is not None:
        return _set(known)
    own = tuple(labelset.own(model, names, languages))
    return _Labels(OWN_LABELS, tuple(label.id for label in own), own)


def _copied(source: Path, staged: Path) -> Path:
    copy = staged / source.name
    try:
        shutil.copyfile(source, copy)
        copy.chmod(0o640)
    except OSError as error:
        raise ModelError(f"{source}: cannot be copied to {staged}: {error.strerror}") from error
    return copy


def _facts(
    request: AdoptRequest,
    found: Incoming,
    row: ModelFacts | None,
    weights: FileWeights,
    label_set: str,
) -> ModelFacts:
    origin = request.origin or f"imported from {request.path}"
    if row is not None:
        genuine = request.trusted or _is_pinned(row, weights.sha256)
        change: dict[str, object] = {"weights": weights, "label_set": label_set}
        if not genuine:
            change |= {"top1": None, "checkpoint": origin}
        sources = {key: said for key, said in row.sources.items() if genuine or key != "top1"}
        return row.model_copy(update={**change, "sources": {**sources, "weights": origin}})
    assert found.backend is not None
    return ModelFacts(
        id=request.id,
        family=found.architecture,
        backend=found.backend,
        architecture=found.architecture,
        checkpoint=origin,
        licence=UNKNOWN,
        parameters_m=1.0,  # counted once it is loaded, as the memory
        memory_mb=Memory(fp32=1, half=1),
        label_set=label_set,
        config=dict(found.config or {}),
        preprocessing=found.preprocessing or _usual(found.backend, found.architecture, request.id),
        settings={"architecture": f"{found.backend}:{found.architecture}"},
        weights=weights,
        sources={"weights": origin},
    )


def _usual(library: Backend, architecture: str, model: str) -> Preprocessing:
    found = base.load(library).usual_preprocessing(architecture)
    if found is None:
        raise WeightsRefused(
            f"{model}: nothing says how its pictures are prepared",
            hint=f"A {incoming.PREPROCESSOR} belongs beside the weights.",
        )
    return found


def _is_pinned(row: ModelFacts, sha256: str) -> bool:
    """Return whether these are known to be the row's very weights."""
    match row.weights:
        case HubWeights(sha256=str(known)):
            return sha256 == known
        case UrlWeights(sha256_prefix=prefix):
            return sha256.startswith(prefix)
    return False


def _asked(facts: ModelFacts, labels: tuple[str, ...], state: checkpoint.State) -> ModelFacts:
    """Load the model on the CPU and ask it once: it must answer with numbers, one a label. What it
    costs is counted on the way, where the zoo does not say."""
    network = base.network(facts, labels, state)
    largest = _watch_largest(network)
    session = TorchSession(network, facts.preprocessing, Device("cpu", "fp32", "to try it"))
    with FlopCounterMode(display=False) as counter:
        answer = _answer(session, facts)
    if answer.shape != (1, len(labels)) or not np.isfinite(answer).all():
        raise WeightsRefused(f"{facts.id}: it answers with something that is no number a label")
    if facts.id in registry.zoo():
        return facts
    parameters = sum(tensor.numel() for tensor in network.parameters())
    values = parameters + 2 * largest[0]
    return facts.model_copy(
        update={
            "parameters_m": parameters / 1e6,
            "gmacs": max(counter.get_total_flops(), 2) / 2e9,
            "memory_mb": Memory(fp32=values * 4 // 2**20 + 1, half=values * 2 // 2**20 + 1),
            "sources": {**facts.sources, "gmacs": "counted when it was taken in"},
        }
    )


def _answer(session: TorchSession, facts: ModelFacts) -> NDArray[np.float32]:
    try:
        return session.run(rings(facts.input_size)[None]).logits
    except (RuntimeError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise WeightsRefused(
            f"{facts.id}: it cannot be asked about pictures of {facts.input_size[1]} x "
            f"{facts.input_size[0]} pixels: {str(error)[:200]}"
        ) from error


def _watch_largest(network: torch.nn.Module) -> list[int]:
    """Return a list whose one value becomes the most that a layer's input and output hold
    together."""
    largest = [0]

    def look(_: torch.nn.Module, given: object, said: object) -> None:
        both = [given, said]
        flat = [t for each in both for t in (each if isinstance(each, tuple) else (each,))]
        largest[0] = max(largest[0], sum(t.numel() for t in flat if isinstance(t, torch.Tensor)))

    for layer in network.modules():
        if not any(True for _ in layer.children()):
            layer.register_forward_hook(look)
    return largest
