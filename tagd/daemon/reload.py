"""What a changed configuration means for a daemon that runs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tagd.config.keys import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tagd.config import Config


class Part(StrEnum):
    """What is built out of the configuration."""

    INTAKE = "intake"  # watch and scan
    ENGINE = "engine"  # models and decoders, and a worker with them
    WORKER = "worker"  # workers, with the models and decoders that there are
    MAINTENANCE = "maintenance"  # what is done at intervals
    RETAG = "retag"  # what has tags catch up
    WEB = "web"  # the process that serves pages
    LOG = "log"
    NONE = "none"  # looked up whenever it is needed
    FIXED = "fixed"  # stays as it was at the start


# By table; single keys below outrank these.
_TABLES = {
    "watch": Part.INTAKE,
    "catalogue": Part.FIXED,
    "tags": Part.WORKER,
    "taggers": Part.WORKER,
    "model": Part.ENGINE,
    "policy": Part.ENGINE,
    "retag": Part.RETAG,
    "embeddings": Part.RETAG,
    "learn": Part.NONE,
    "worker": Part.ENGINE,
    "metadata": Part.WORKER,
    "backup": Part.MAINTENANCE,
    "metrics": Part.FIXED,
    "web": Part.WEB,
    "log": Part.LOG,
}
_KEYS: dict[str, tuple[Part, ...]] = {
    "watch.settle_seconds": (Part.INTAKE, Part.WORKER),
    "retag.keep_runs": (Part.WORKER,),
    "retag.refine_when_idle": (Part.ENGINE,),
    "embeddings.keep": (Part.WORKER, Part.RETAG),
    "metadata.sidecar_folder": (Part.INTAKE, Part.WORKER),
    "worker.windows": (Part.RETAG,),  # for all else looked up whenever it is needed
    "worker.nice": (Part.FIXED,),  # going back would take rights
    "worker.ionice": (Part.FIXED,),
}


@dataclass(frozen=True, slots=True)
class Changes:
    """The dotted keys that differ: those that take effect now, and those that need a restart;
    `parts` have to be built anew. `models` are others on the disk than those in use."""

    taken: tuple[str, ...]
    fixed: tuple[str, ...]
    parts: frozenset[Part]
    models: tuple[str, ...] = ()

    def in_words(self) -> str:
        """For a person."""
        if not self.taken and not self.fixed and not self.models:
            return "the configuration is read again; nothing has changed"
        words = [f"changed: {', '.join(self.taken)}"] if self.taken else []
        if self.models:
            words.append(f"replaced: {', '.join(self.models)}")
        if self.fixed:
            words.append(f"needs a restart: {', '.join(self.fixed)}")
        return "; ".join(words)


def changes(old: Config, new: Config, models: tuple[str, ...] = ()) -> Changes:
    """What differs, and what follows from it; `models` were replaced on the disk."""
    differ = tuple(_differing(old, new))
    parts = {key: parts_of(key) for key in differ}
    return Changes(
        taken=tuple(key for key in differ if Part.FIXED not in parts[key]),
        fixed=tuple(key for key in differ if Part.FIXED in parts[key]),
        parts=frozenset(part for each in parts.values() for part in each)
        | ({Part.ENGINE} if models else set()),
        models=models,
    )


def parts_of(key: str) -> tuple[Part, ...]:
    """What is built out of this key, such as `watch.folders`."""
    return _KEYS.get(key) or (_TABLES[key.partition(".")[0]],)


def _differing(old: Config, new: Config) -> Iterable[str]:
    for section, keys in SECTIONS.items():
        before, after = getattr(old, section), getattr(new, section)
        for key in keys:
            if getattr(before, key) != getattr(after, key):
                yield f"{section}.{key}"
