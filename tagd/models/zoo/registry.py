"""The zoo as frozen facts. No machine-learning library is imported to list them."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    TypeAdapter,
    ValidationError,
)

from tagd.errors import ModelError, ModelUnknown
from tagd.models.zoo.preprocessing import Preprocessing

Setting = str | int | float | bool
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Backend = Literal["timm", "transformers", "torchvision"]
_ID = r"^[a-z0-9][a-z0-9._-]*$"
OWN_LABELS = "own"  # the label set of a model that brings its own, in a file beside its weights


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BundledWeights(_Fact):
    """A weights file that an installed package holds: `package.accessor.get_model_file_path()`."""

    package: str
    accessor: str
    requirement: str  # what pip installs it by
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]


class HubWeights(_Fact):
    """Weights in a repository of the Hugging Face hub, to be pulled. `sha256` where it is known."""

    repo: str
    sha256: Sha256 | None = None


class UrlWeights(_Fact):
    """Weights at an address of their own. The name holds the first digits of their SHA-256."""

    url: str
    sha256_prefix: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]


class FileWeights(_Fact):
    """A weights file in a folder of tagd's, as it was when it was taken in.

    `folder` is where it lies now; the record in that folder does not say.
    """

    file: str
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    folder: str = Field(default="", exclude=True)


def _kind(weights: object) -> str:
    """Return which of the four this is, by the key that it alone has."""
    keys = weights if isinstance(weights, Mapping) else type(weights).__annotations__
    return next((kind for kind, key in _MARKS.items() if key in keys), "bundled")


_MARKS = {"hub": "repo", "url": "url", "file": "file"}  # the key that each kind alone has
Weights = Annotated[
    Annotated[BundledWeights, Tag("bundled")]
    | Annotated[HubWeights, Tag("hub")]
    | Annotated[UrlWeights, Tag("url")]
    | Annotated[FileWeights, Tag("file")],
    Discriminator(_kind),
]


class GoldenAnswer(_Fact):
    """What the model answers, in fp32, to the self-test's picture: its best labels, best first."""

    labels: tuple[str, ...]
    logits: tuple[float, ...]
    log_sum_exp: float


class Memory(_Fact):
    """An estimate of what the model takes for one picture, in MiB: weights and activations."""

    fp32: Annotated[int, Field(gt=0)]
    half: Annotated[int, Field(gt=0)]


class ModelFacts(_Fact):
    """One model: what it is, what it costs, what it scores, and where each of that was found.

    A fact that is not known is absent. `top1` belongs to the checkpoint that is named, and so is
    absent for weights that are not known to be it.
    """

    id: Annotated[str, Field(pattern=_ID)]
    family: str
    backend: Backend
    architecture: str  # what the backend builds
    checkpoint: str  # whose weights `top1` belongs to
    licence: str
    parameters_m: Annotated[float, Field(gt=0)]  # millions
    gmacs: Annotated[float, Field(gt=0)] | None = None  # thousand millions of multiply-adds
    top1: Annotated[float, Field(gt=0, le=100)] | None = None  # % on ImageNet-1k's validation set
    memory_mb: Memory
    label_set: str
    config: Mapping[str, JsonValue] = {}  # what the backend builds the architecture with
    preprocessing: Preprocessing
    settings: Mapping[str, Setting]  # what the architecture's answer depends on besides
    weights: Weights
    fingerprint: Sha256 | None = None
    self_test: GoldenAnswer | None = None
    sources: Mapping[str, str]

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of what the network sees, in pixels."""
        return self.preprocessing.geometry.crop

    def memory_needed_mb(self, precision: str, batch: int = 1) -> int:
        """Estimate the memory for a batch, in MiB; `precision` is "fp32" or one of half the
        size."""
        size, one = (4, self.memory_mb.fp32) if precision == "fp32" else (2, self.memory_mb.half)
        weights = self.parameters_m * 1e6 * size / 2**20
        return math.ceil(weights + max(0.0, one - weights) * max(1, batch))


def is_id(text: str) -> bool:
    """Return whether a model may be called so."""
    return re.fullmatch(_ID, text) is not None


_ROWS = TypeAdapter(dict[Literal["model"], list[ModelFacts]])


def parse(text: str, origin: str = "zoo.toml") -> Mapping[str, ModelFacts]:
    """Read the models in `text` by id, in its order.

    Raises `ModelError` naming `origin`, the model, the key and what is wrong with it.
    """
    try:
        table = tomllib.loads(text)
        # In pydantic's JSON mode a list is a tuple, and still nothing else is taken for another.
        rows = _ROWS.validate_json(json.dumps(table), strict=True).get("model", [])
    except ValidationError as error:
        raise ModelError(_in_words(error, table, origin)) from error
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ModelError(f"{origin}: not a table of models: {error}") from error
    for name, times in Counter(row.id for row in rows).items():
        if times > 1:
            raise ModelError(f"{origin}: {times} models are called {name!r}")
    return {row.id: row for row in rows}


def parse_record(text: str, origin: str) -> ModelFacts:
    """Read the one model whose facts `text` holds as JSON. Raises `ModelError` as `parse` does."""
    try:
        return ModelFacts.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(_without_kinds(first["loc"]))
        raise ModelError(f"{origin}: {f'{where}: ' * bool(where)}{first['msg']}") from error


def _in_words(error: ValidationError, table: Mapping[str, object], origin: str) -> str:
    """Describe the first mistake, located as a person would: the model's id, then the dotted
    key."""
    first = error.errors(include_url=False)[0]
    where = [str(step) for step in first["loc"]]
    rows = table.get("model")
    match first["loc"]:
        case ("model", int(number), *rest) if isinstance(rows, list):
            name = rows[number].get("id") if isinstance(rows[number], dict) else None
            where = [str(name or f"model {number + 1}"), ".".join(_without_kinds(tuple(rest)))]
    return f"{origin}: {': '.join(filter(None, where))}: {first['msg']}"


def _without_kinds(loc: tuple[int | str, ...]) -> list[str]:
    """Return the steps to a key, without the kind of weights, which is nothing that a person
    wrote."""
    steps = [str(step) for step in loc]
    return [steps[0], *steps[2:]] if steps[:1] == ["weights"] else steps


@cache
def zoo() -> Mapping[str, ModelFacts]:
    """Return every model that tagd knows, by id."""
    source = resources.files("tagd.models.zoo").joinpath("zoo.toml")
    return parse(source.read_text(encoding="utf-8"))


def find(model: str) -> ModelFacts:
    """Return the facts of the model with this id. Raises `ModelUnknown`, which names the nearest
    ids."""
    return find_in(zoo(), model)


def find_in(known: Mapping[str, ModelFacts], model: str) -> ModelFacts:
    """Return the facts of the model with this id among these. Raises `ModelUnknown` as `find`
    does."""
    if model in known:
        return known[model]
    near = get_close_matches(model.lower(), known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are: {', '.join(known)}."
    raise ModelUnknown(f"no model is called {model!r}", hint=hint)
