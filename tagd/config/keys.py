"""Every key: its default, its bounds, its unit, and one line of why.

`config.example.toml` is made from what stands here (`example.py`), so nothing is said twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping  # pydantic reads the annotations
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    model_validator,
)

from tagd.config.embeddings import Embeddings
from tagd.config.learn import Learn
from tagd.config.metadata import Metadata
from tagd.config.policy import Policy, two_times
from tagd.config.retag import Retag
from tagd.config.section import AbsolutePath, Section, Unit, as_tuple
from tagd.config.taggers import Taggers
from tagd.config.web import Web
from tagd.labels.rules import TagRules
from tagd.labels.tables import languages

if TYPE_CHECKING:
    from collections.abc import Sequence


def _one_a_core(decoders: int) -> int:
    # The affinity, since a container is often given fewer cores than the machine has.
    if decoders:
        return decoders
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else (os.cpu_count() or 1)


def _spoken(language: str) -> str:
    if language not in languages():
        raise ValueError(f"there are no names in it, but in {', '.join(languages())}")
    return language


def _on_one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text on one line")
    return text


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("must be the name of a tag")
    return _on_one_line(text)


def _loopback(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (port.isdecimal() and int(port) < 1 << 16):
        raise ValueError("must be an address and a port, such as 127.0.0.1:9469")
    if text and host != "localhost" and not _is_loopback(host.strip("[]")):
        raise ValueError("must be an address of this machine's own, such as 127.0.0.1")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _at_least_one(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    if not folders:
        raise ValueError("must name at least one folder")
    return folders


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else as_tuple(value)


RULES = TagRules()  # whose defaults are measured, and stand there

Paths = Annotated[tuple[AbsolutePath, ...], BeforeValidator(as_tuple)]
TagName = Annotated[str, AfterValidator(_name)]
TagNames = Annotated[tuple[TagName, ...], BeforeValidator(_one_or_many)]
Probability = Annotated[float, Field(ge=0, le=1)]
Windows = Annotated[
    tuple[Annotated[str, AfterValidator(two_times)], ...], BeforeValidator(as_tuple)
]
Globs = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_tuple)]


class Watch(Section):
    """Which folders are watched, and when a file in them is taken."""

    folders: Annotated[Paths, AfterValidator(_at_least_one)] = Field(
        default=(Path("~/Pictures"),),
        description="Watched with everything below them. `tagd run FOLDER` watches others instead.",
    )
    exclude: Globs = Field(
        default=(),
        description="Names or paths to leave alone, such as 'drafts' or '*/exports/*.tif'. Hidden"
        " files, thumbnails, trash, temporary names and originals that ExifTool or tagd kept as"
        " NAME_original are left alone anyway.",
    )
    settle_seconds: Annotated[float, Unit("seconds")] = Field(
        default=1.0,
        gt=0,
        le=3600,
        description="Size and time must not change for this long before a file counts as"
        " whole; raise it where slow uploads pause. Files that a program closes"
        " are taken at once.",
    )
    rescan_minutes: Annotated[float, Unit("minutes")] = Field(
        default=60.0,
        gt=0,
        description="How often the folders are compared with the catalogue, to find what the"
        " watch missed. Unchanged files are not opened.",
    )
    forget_after_days: Annotated[float, Unit("days")] = Field(
        default=30.0,
        gt=0,
        description="How long a deleted file stays in the catalogue, so that it keeps its"
        " tags if it returns.",
    )


class Catalogue(Section):
    """Where the tags are kept."""

    path: AbsolutePath = Field(
        default=Path("$XDG_DATA_HOME/tagd/catalogue.db"),
        description="An SQLite database, on a local disk. $XDG_DATA_HOME is ~/.local/share"
        " unless set otherwise.",
    )


class Backup(Section):
    """Backups of the catalogue. `tagd restore` puts one back."""

    keep: Annotated[int, Unit("backups")] = Field(
        default=7,
        ge=0,
        le=1000,
        description="How many backups are kept; older ones are removed. 0: no backups.",
    )
    every_hours: Annotated[float, Unit("hours")] = Field(
        default=24.0,
        ge=0.1,
        le=24 * 366,
        description="How often the daemon makes one. A backup that was missed is made soon"
        " after the next start.",
    )
    folder: AbsolutePath = Field(
        default=Path("$XDG_DATA_HOME/tagd/backups"),
        description="Where they are kept, preferably on another disk.",
    )


class Tags(Section):
    """Which predictions become tags, and their names. Name tags in any language, by a synonym, or
    by their synset id. Changes here are applied to all photos at the next start, or by `tagd
    tags rederive`, without looking at the photos again.
    """

    min_confidence: Annotated[float, Unit("probability")] = Field(
        default=RULES.min_confidence,
        ge=0,
        le=1,
        description="Tags of the classifier below this are not given. A lower value gives more"
        " tags, and more wrong ones. Everyday words go by [taggers] precision.",
    )
    thresholds: Mapping[TagName, Probability] = Field(
        default={},
        description="Other limits for single tags, such as { cat = 0.8, dog = 0.3 }.",
    )
    allow: TagNames = Field(
        default=(), description="Give only these tags, such as ['cat', 'dog']. Empty: all."
    )
    deny: TagNames = Field(
        default=(),
        description="Never give these tags. Broader and narrower ones are still given.",
    )
    alias: Mapping[TagName, TagName] = Field(
        default={},
        description="Give other tags instead: { tabby = 'Minka', 'tiger cat' = 'Minka' }"
        " merges two into one. The new name may be that of another tag, or your"
        " own.",
    )
    parents: Mapping[TagName, TagNames] = Field(
        default={},
        description="Your own hierarchy: { Chihuahua = 'our dogs', pug = ['our dogs',"
        " 'snorers'] } gives the tags on the right together with those on the"
        " left. Either may be a new tag of your own.",
    )
    top_k: Annotated[int, Unit("tags")] = Field(
        default=RULES.top_k,
        ge=1,
        le=64,
        validation_alias=AliasChoices("top_k", "max_tags"),
        description="The most tags that one photo gets from all taggers together. `max_tags` is"
        " the same key.",
    )
    ancestors: bool = Field(
        default=RULES.ancestors,
        description="Also give the broader tags: cat and animal with Siamese cat.",
    )
    prefix: Annotated[str, AfterValidator(_on_one_line)] = Field(
        default=RULES.prefix,
        description="Put before the name of every tag from a model, such as 'auto/'. Searches"
        " work without it.",
    )
    language: Annotated[str, AfterValidator(_spoken)] = Field(
        default=RULES.language,
        description="The language of tag names in the catalogue:"
        f" {' or '.join(languages())}. Search knows every language, and changing this needs no"
        " inference.",
    )

    @model_validator(mode="before")
    @classmethod
    def _under_one_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and {"top_k", "max_tags"} <= given.keys():
            raise ValueError("top_k and max_tags are two names of one key: keep one")
        return given


class Model(Section):
    """The models that look at the photos."""

    name: str = Field(
        default="",
        description="Always use this model, such as 'efficientnet-lite2'. Empty: tagd chooses.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="'auto' uses the GPU if there is one."
    )
    folder: AbsolutePath = Field(
        default=Path("$XDG_DATA_HOME/tagd/models"),
        description="Where pulled and imported models are kept; they may need some gigabytes.",
    )
    memory_budget: Annotated[float, Unit("MB")] = Field(
        default=0.0,
        ge=0,
        description="What all loaded models together may use; those unused for longest are"
        " unloaded first. 0: whatever is free.",
    )
    idle_unload_minutes: Annotated[float, Unit("minutes")] = Field(
        default=30.0,
        ge=0,
        description="A model that was not needed for this long is unloaded. 0: never.",
    )
    allow_cpu_fallback: bool = Field(
        default=False,
        description="Whether the CPU replaces a GPU that has failed, until the GPU is back."
        " Otherwise photos wait for it.",
    )


class Worker(Section):
    """How photos are processed."""

    batch_size: Annotated[int, Unit("photos")] = Field(
        default=0,
        ge=0,
        le=1024,
        description="The most photos in one forward pass. 0: 4 on a CPU and 16 on a GPU, or"
        " fewer where `tagd models bench` found that fewer are as fast.",
    )
    decoders: Annotated[int, Unit("processes"), AfterValidator(_one_a_core)] = Field(
        default=0,
        ge=0,
        le=256,
        description="How many photos are decoded at once, about 50 MB each. 0: one for each core.",
    )
    max_attempts: Annotated[int, Unit("attempts")] = Field(
        default=5,
        ge=1,
        description="Attempts before a photo is given up, until it changes or `tagd failed"
        " --retry`.",
    )
    max_megapixels: Annotated[float, Unit("megapixels")] = Field(
        default=200.0,
        gt=0,
        le=10_000,
        description="Larger pictures are refused: a small file can decode to a picture that"
        " fills the memory.",
    )
    decode_timeout_seconds: Annotated[float, Unit("seconds")] = Field(
        default=30.0,
        gt=0,
        description="A decoder that takes longer for one photo is killed.",
    )

    nice: Annotated[int, Unit("niceness")] = Field(
        default=0,
        ge=0,
        le=19,
        description="The CPU niceness of tagd, 0 to 19; at 19 all other programs go first.",
    )
    ionice: Literal["", "best-effort", "idle"] = Field(
        default="",
        description="The priority for the disk: 'best-effort' goes last, 'idle' runs only when"
        " nobody else uses the disk.",
    )
    windows: Windows = Field(
        default=(),
        description="The hours in which photos are tagged, such as ['22:00-06:00'], in local"
        " time. Empty: always. Folders are watched all the time.",
    )


class Metrics(Section):
    """Metrics for Prometheus at /metrics, and health checks at /healthz and /readyz."""

    listen: Annotated[str, AfterValidator(_loopback)] = Field(
        default="",
        description="The local address to serve them at, such as '127.0.0.1:9469'. Empty: nowhere.",
    )

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port, None for nowhere."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if self.listen else None


class Log(Section):
    """The log of `tagd run`."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="'info' logs a line for each photo, or a summary a minute when there are"
        " many; 'debug' logs them all.",
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="'json' is one object a line, for log collectors. 'auto' is text, and"
        " under systemd structured journal fields: journalctl"
        " TAGD_PATH=/photos/a.jpg.",
    )


class Config(Section):
    """The whole. Frozen: a change, such as other folders, makes a copy."""

    watch: Watch = Field(default_factory=Watch)
    catalogue: Catalogue = Field(default_factory=Catalogue)
    tags: Tags = Field(default_factory=Tags)
    taggers: Taggers = Field(default_factory=Taggers)
    model: Model = Field(default_factory=Model)
    policy: Policy = Field(default_factory=Policy)
    retag: Retag = Field(default_factory=Retag)
    embeddings: Embeddings = Field(default_factory=Embeddings)
    learn: Learn = Field(default_factory=Learn)
    worker: Worker = Field(default_factory=Worker)
    metadata: Metadata = Field(default_factory=Metadata)
    backup: Backup = Field(default_factory=Backup)
    web: Web = Field(default_factory=Web)
    metrics: Metrics = Field(default_factory=Metrics)
    log: Log = Field(default_factory=Log)

    def watching(self, folders: Sequence[Path]) -> Config:
        """Return the same configuration with other folders, given as absolute paths."""
        watch = self.watch.model_copy(update={"folders": tuple(folders)})
        return self.model_copy(update={"watch": watch})


def section_of(name: str) -> type[Section]:
    """Return the model behind the table `name`. Raises `KeyError`."""
    annotation = Config.model_fields[name].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, Section)
    return annotation


SECTIONS: dict[str, tuple[str, ...]] = {
    name: tuple(section_of(name).model_fields) for name in Config.model_fields
}
