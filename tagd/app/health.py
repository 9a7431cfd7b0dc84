"""Whether tagd can work here: what is configured, the machine, and the catalogue."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tagd.assembly.build import policy_of
from tagd.assembly.policy import preferences_of
from tagd.assembly.writing import metadata_settings
from tagd.errors import ModelUnknown
from tagd.fs import display
from tagd.intake.exclude import Excludes
from tagd.models.zoo.shelf import Shelf
from tagd.ops import doctor
from tagd.ops.checks import Finding, Level, worst
from tagd.ops.doctor import Patient
from tagd.policy.cascade import EMBEDDED
from tagd.policy.preferences import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.config import Config

__all__ = ["Finding", "Level", "complaints", "examine", "worst"]


def complaints(config: Config) -> list[str]:
    """Return what is well formed in the configuration but cannot work: folders that are not there,
    or a model that is not."""
    found = []
    for folder in config.watch.folders:
        if not folder.exists():
            found.append(f"watch.folders: there is no {display(folder)}")
        elif not folder.is_dir():
            found.append(f"watch.folders: {display(folder)} is not a folder")
        elif not os.access(folder, os.R_OK | os.X_OK):
            found.append(f"watch.folders: {display(folder)} may not be read")
    return [*found, *_unknown_models(config)]


def examine(config: Config) -> Iterator[Finding]:
    """Yield every finding as it is made; the slow ones come last. Changes nothing."""
    return doctor.examine(_patient(config))


def _unknown_models(config: Config) -> Iterator[str]:
    policy, shelf = config.policy, Shelf(config.model.folder)
    keys = {
        "model.name": (config.model.name,) if config.model.name else (),
        "policy.cascade.models": policy.cascade.models,
        **{f"policy.rules[{n}].models": rule.models for n, rule in enumerate(policy.rules)},
    }
    for key, models in keys.items():
        for model in models:
            try:
                shelf.find(model)
            except ModelUnknown as error:
                yield f"{key}: {error}"


def _patient(config: Config) -> Patient:
    metadata = metadata_settings(config)
    return Patient(
        folders=config.watch.folders,
        admits=Excludes(config.watch.exclude).admits_entry,
        catalogue=config.catalogue.path,
        models=named(preferences_of(config)) or EMBEDDED.models,
        policy=lambda: policy_of(config),
        device=config.model.device,
        models_folder=config.model.folder,
        sidecar_folder=None if metadata.is_off else metadata.sidecar_folder,
        max_megapixels=config.worker.max_megapixels,
        decode_timeout_seconds=config.worker.decode_timeout_seconds,
    )
