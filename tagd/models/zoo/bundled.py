"""Weights out of installed packages, checked against their SHA-256 before anything reads them."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.errors import WeightsMissing, WeightsRefused
from tagd.installation import reinstalling

if TYPE_CHECKING:
    from tagd.models.zoo.registry import BundledWeights


def locate(weights: BundledWeights) -> Path:
    """Find where the package keeps the file. Raises `WeightsMissing` when the package is not
    there."""
    try:
        package = import_module(weights.package)
        path: str = getattr(package, weights.accessor).get_model_file_path()
    except (ImportError, AttributeError) as error:
        raise WeightsMissing(
            f"the package {weights.package} is not installed, or is not what it should be: {error}",
            hint=_reinstall(weights),
        ) from error
    return Path(path)


def read(weights: BundledWeights, path: Path | None = None) -> bytes:
    """Read the file's bytes, which are exactly those that the zoo names.

    They are hashed in memory and loaded from there, so that nothing can change between the two.
    `path` stands in for the package's own. Raises `WeightsMissing` and `WeightsRefused`.
    """
    path = path or locate(weights)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsMissing(
            f"{path}: the weights cannot be read: {error.strerror or error}",
            hint=_reinstall(weights),
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != weights.sha256:
        raise WeightsRefused(
            f"{path}: these are not the weights that tagd knows: "
            f"SHA-256 {found[:12]}…, expected {weights.sha256[:12]}… "
            f"({len(content)} bytes, expected {weights.size_bytes})",
            hint=f"The file is damaged or was changed. {_reinstall(weights)}",
        )
    return content


def verify(weights: BundledWeights) -> Path:
    """Read the whole file and compare; returns where it lies. Raises as `read` does."""
    path = locate(weights)
    read(weights, path)
    return path


def _reinstall(weights: BundledWeights) -> str:
    return f"Reinstall it: `{reinstalling(weights.requirement)}`"
