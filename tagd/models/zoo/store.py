"""The models in tagd's own folder: one folder a model, put there whole or not at all.

    ID/model.json      the model's facts, as a row of the zoo has them, and its fingerprint
    ID/labels.json     its vocabulary, where it brought one of its own
    ID/NAME            its weights, named and hashed in model.json
    .staging/          what is being fetched or examined; may be resumed, and thrown away

A model is renamed into its place only once it has been loaded and asked, and out of it before it is
deleted, so that no reader ever meets half of one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.errors import ModelError, ModelUnknown, WeightsMissing, WeightsRefused
from tagd.models.zoo import labelset, registry
from tagd.models.zoo.registry import OWN_LABELS, FileWeights, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tagd.models.zoo.labelset import OwnLabel

RECORD = "model.json"
LABELS = "labels.json"
STAGING = ".staging"


def default_folder() -> Path:
    """Return $XDG_DATA_HOME/tagd/models, or its place in the home folder."""
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "tagd" / "models"


class Store:
    """The folder `root`, which need not be there yet."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_folder()

    def installed(self) -> Mapping[str, ModelFacts]:
        """Read every model in the folder, by id. Raises `ModelError` on a record that is
        damaged."""
        try:
            records = sorted(self.root.glob(f"*/{RECORD}"))
        except OSError as error:
            raise ModelError(f"{self.root} cannot be read: {error.strerror}") from error
        found = (self.find(record.parent.name) for record in records)
        return {facts.id: facts for facts in found if facts is not None}

    def find(self, model: str) -> ModelFacts | None:
        """Return the facts of one model, None where it is not here."""
        if not model or model.startswith(".") or Path(model).name != model:
            return None
        folder = self.root / model
        record = folder / RECORD
        try:
            text = record.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise ModelError(f"{record}: cannot be read: {error}") from error
        facts = registry.parse_record(text, str(record))
        if facts.id != model or not isinstance(facts.weights, FileWeights):
            raise ModelError(f"{record}: this is the record of another model, {facts.id!r}")
        here = facts.weights.model_copy(update={"folder": str(folder)})
        return facts.model_copy(update={"weights": here})

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """Make a folder for something on its way in, thrown away at the end."""
        folder = self.staging_folder(name)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _make(folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def staging_folder(self, name: str) -> Path:
        """Return where something on its way in lies, whether it is there yet or not."""
        return self.root / STAGING / name

    def place(self, staged: Path, facts: ModelFacts, labels: Sequence[OwnLabel]) -> None:
        """Write the record into `staged` and give the folder its name, durably. A model that was
        there before is replaced whole; where anything fails it stays."""
        try:
            if facts.label_set == OWN_LABELS:
                (staged / LABELS).write_text(labelset.dump(labels), encoding="utf-8")
            text = facts.model_dump_json(indent=1, exclude_none=True)
            (staged / RECORD).write_text(text + "\n", encoding="utf-8")
            for path in (*staged.iterdir(), staged):
                _sync(path)
            self._exchange(staged, self.root / facts.id)
            _sync(self.root)
        except OSError as error:
            raise ModelError(f"{self.root}: cannot keep {facts.id}: {error.strerror}") from error

    def remove(self, model: str) -> int:
        """Delete a model; returns how many bytes. Raises `ModelUnknown` where it is not here."""
        folder = self.root / model
        if self.find(model) is None:
            raise ModelUnknown(f"{model!r} is not in {self.root}")
        size = sum(path.stat().st_size for path in folder.iterdir())
        with self.staging(f"removed-{model}") as bin_:
            folder.rename(bin_ / model)
            _sync(self.root)
        return size

    def _exchange(self, staged: Path, place: Path) -> None:
        if not place.exists():
            staged.rename(place)
            return
        former = self.staging_folder(f"former-{place.name}")
        shutil.rmtree(former, ignore_errors=True)
        place.rename(former)
        try:
            staged.rename(place)
        except OSError:
            former.rename(place)
            raise
        shutil.rmtree(former, ignore_errors=True)


def weights_path(weights: FileWeights) -> Path:
    """Return where the file lies."""
    return Path(weights.folder) / weights.file


def verify(weights: FileWeights) -> Path:
    """Read the whole file and compare it with its record; returns where it lies.

    Raises `WeightsMissing` and `WeightsRefused`.
    """
    path = weights_path(weights)
    try:
        size = path.stat().st_size
        found = sha256_of(path) if size == weights.size_bytes else ""
    except OSError as error:
        raise WeightsMissing(
            f"{path}: the weights cannot be read: {error.strerror}", hint=_AGAIN
        ) from error
    if not found:
        raise WeightsRefused(
            f"{path}: {size} bytes, but {weights.size_bytes} when it was taken in: "
            "it is damaged or not whole",
            hint=_AGAIN,
        )
    if found != weights.sha256:
        raise WeightsRefused(
            f"{path}: these are not the weights that were taken in: SHA-256 {found[:12]}…, then "
            f"{weights.sha256[:12]}…",
            hint=_AGAIN,
        )
    return path


def sha256_of(path: Path) -> str:
    """Compute the SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def own_labels(facts: ModelFacts) -> tuple[OwnLabel, ...]:
    """Read the vocabulary that a model of this folder brought along; none where it has a known
    set."""
    if facts.label_set != OWN_LABELS or not isinstance(facts.weights, FileWeights):
        return ()
    path = Path(facts.weights.folder) / LABELS
    try:
        return labelset.read(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise WeightsMissing(f"{path}: cannot be read: {error.strerror}", hint=_AGAIN) from error


_AGAIN = "Get the model again: `tagd models pull`, or `tagd models import`."


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ModelError(
            f"{folder}: cannot be made: {error.strerror}", hint="Set [model] folder to another."
        ) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
