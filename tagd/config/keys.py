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

from tagd.config.metadata import Metadata
from tagd.config.policy import Policy, two_times
from tagd.config.retag import Retag
from tagd.config.section import AbsolutePath, Section, Unit, as_tuple
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
        description="Watched, with all below them. `tagd run FOLDER` takes the place of this.",
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
        description="Size and time must stand still this long before a file counts as whole;"
        " raise it where slow uploads pause. Files that a program closes are taken at once.",
    )
    rescan_minutes: Annotated[float, Unit("minutes")] = Field(
        default=60.0,
        gt=0,
        description="How often the folders are compared with the catalogue, to find what the watch"
        " missed. It opens no unchanged file.",
    )
    forget_after_days: Annotated[float, Unit("days")] = Field(
        default=30.0,
        gt=0,
        description="How long a deleted file stays in the catalogue, so that it keeps its tags if"
        " it comes back.",
    )


class Catalogue(Section):
    """Where the tags are kept."""

    path: AbsolutePath = Field(
        default=Path("$XDG_DATA_HOME/tagd/catalogue.db"),
        description="An SQLite database, on a local disk. $XDG_DATA_HOME is ~/.local/share unless"
        " set otherwise.",
    )


class Backup(Section):
    """Copies of the catalogue. `tagd restore` puts one back."""

    keep: Annotated[int, Unit("backups")] = Field(
        default=7, ge=0, le=1000, description="The oldest beyond these are removed. 0 makes none."
    )
    every_hours: Annotated[float, Unit("hours")] = Field(
        default=24.0,
        ge=0.1,
        le=24 * 366,
        description="How often the daemon makes one; what fell due while it did not run, it makes"
        " soon after its start.",
    )
    folder: AbsolutePath = Field(
        default=Path("$XDG_DATA_HOME/tagd/backups"),
        description="Where they lie. Another disk is better.",
    )


class Tags(Section):
    """Which of the things that a model sees become tags, and what they are called. Tags are named
    in any language, by a synonym, or by their synset id. What changes here is applied to all photos
    at the next start, or by `tagd tags rederive`, without another look at them.
    """

    min_confidence: Annotated[float, Unit("probability")] = Field(
        default=RULES.min_confidence,
        ge=0,
        le=1,
        description="No tag has less. Lower gives more tags, and more wrong ones.",
    )
    thresholds: Mapping[TagName, Probability] = Field(
        default={},
        description="What single tags need in place of that, such as { cat = 0.8, dog = 0.3 }.",
    )
    allow: TagNames = Field(
        default=(), description="Give no tags but these, such as ['cat', 'dog']. Empty: all."
    )
    deny: TagNames = Field(
        default=(),
        description="Never give these. What they are kinds of, and what is a kind of them, stays.",
    )
    alias: Mapping[TagName, TagName] = Field(
        default={},
        description="What tags are to be instead: { tabby = 'Minka', 'tiger cat' = 'Minka' } makes"
        " two into one. The new name may be another tag's or one of your own.",
    )
    parents: Mapping[TagName, TagNames] = Field(
        default={},
        description="Your own hierarchy: { Chihuahua = 'our dogs', pug = ['our dogs', 'snorers'] }"
        " gives what is named on the right beside what is named on the left. Either may be a tag"
        " of your own that is not there yet.",
    )
    top_k: Annotated[int, Unit("tags")] = Field(
        default=RULES.top_k,
        ge=1,
        le=64,
        validation_alias=AliasChoices("top_k", "max_tags"),
        description="The most tags that one photo gets. `max_tags` is another name for it.",
    )
    ancestors: bool = Field(
        default=RULES.ancestors,
        description="Also give what a thing is a kind of: cat and animal beside Siamese cat.",
    )
    prefix: Annotated[str, AfterValidator(_on_one_line)] = Field(
        default=RULES.prefix,
        description="Put before the name of every tag that a model may give, such as 'auto/'."
        " Search does without it.",
    )
    language: Annotated[str, AfterValidator(_spoken)] = Field(
        default=RULES.language,
        description=f"What tags are called in the catalogue: {' or '.join(languages())}. Search"
        " knows every language, and changing this costs no inference.",
    )

    @model_validator(mode="before")
    @classmethod
    def _under_one_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and {"top_k", "max_tags"} <= given.keys():
            raise ValueError("top_k and max_tags are two names of one key: keep one")
        return given


class Model(Section):
    """What looks at the photos."""

    name: str = Field(
        default="",
        description="Always this model, such as 'efficientnet-lite2'. Empty: tagd chooses.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="'auto' takes the GPU where there is one."
    )
    folder: AbsolutePath = Field(
        default=Path("$XDG_DATA_HOME/tagd/models"),
        description="Where pulled and imported models lie, on a disk with some gigabytes free.",
    )
    memory_budget: Annotated[float, Unit("MB")] = Field(
        default=0.0,
        ge=0,
        description="What models may take together; those that were not asked for longest make"
        " room. 0 is as much as is free.",
    )
    idle_unload_minutes: Annotated[float, Unit("minutes")] = Field(
        default=30.0,
        ge=0,
        description="A model that no photo needed for so long is unloaded. 0 keeps it.",
    )
    allow_cpu_fallback: bool = Field(
        default=False,
        description="Whether the CPU stands in for a GPU that has failed, until it is back. Else"
        " photos wait for it.",
    )


class Worker(Section):
    """How the work is done."""

    batch_size: Annotated[int, Unit("photos")] = Field(
        default=0,
        ge=0,
        le=1024,
        description="The most photos in one forward pass. 0 is 4 on a CPU and 16 on a GPU, or fewer"
        " where `tagd models bench` found that fewer are as quick.",
    )
    decoders: Annotated[int, Unit("processes"), AfterValidator(_one_a_core)] = Field(
        default=0,
        ge=0,
        le=256,
        description="How many photos are decoded at once, about 50 MB each. 0 is one a core.",
    )
    max_attempts: Annotated[int, Unit("attempts")] = Field(
        default=5,
        ge=1,
        description="Tries before a photo is given up, until it changes or `tagd failed --retry`.",
    )
    max_megapixels: Annotated[float, Unit("megapixels")] = Field(
        default=200.0,
        gt=0,
        le=10_000,
        description="Larger pictures are refused: a small file can hide one that fills the memory.",
    )
    decode_timeout_seconds: Annotated[float, Unit("seconds")] = Field(
        default=30.0,
        gt=0,
        description="A decoder that takes longer over one photo is stopped.",
    )

    nice: Annotated[int, Unit("as the command nice has it")] = Field(
        default=0,
        ge=0,
        le=19,
        description="How far tagd stands back behind other programs, up to 19.",
    )
    ionice: Literal["", "best-effort", "idle"] = Field(
        default="",
        description="The same at the disk: 'best-effort' goes last, 'idle' only where nobody else"
        " wants it.",
    )
    windows: Windows = Field(
        default=(),
        description="The hours in which photos are tagged, such as ['22:00-06:00'], by this"
        " machine's clock. Empty: always. Folders are watched all the time.",
    )


class Metrics(Section):
    """Numbers for Prometheus, at /metrics; /healthz and /readyz say whether all is well."""

    listen: Annotated[str, AfterValidator(_loopback)] = Field(
        default="",
        description="Where they are served on this machine, such as '127.0.0.1:9469'. Empty:"
        " nowhere.",
    )

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port, None for nowhere."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if self.listen else None


class Log(Section):
    """What `tagd run` says."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="'info' has a line for each photo that arrives, and a"
        " summary a minute where there are many; 'debug' has them all.",
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="'json' is one object a line, for collectors. 'auto' is text, and under systemd"
        " the journal's own fields: journalctl TAGD_PATH=/photos/a.jpg.",
    )


class Config(Section):
    """The whole. Frozen: a change, such as other folders, makes a copy."""

    watch: Watch = Field(default_factory=Watch)
    catalogue: Catalogue = Field(default_factory=Catalogue)
    tags: Tags = Field(default_factory=Tags)
    model: Model = Field(default_factory=Model)
    policy: Policy = Field(default_factory=Policy)
    retag: Retag = Field(default_factory=Retag)
    worker: Worker = Field(default_factory=Worker)
    metadata: Metadata = Field(default_factory=Metadata)
    backup: Backup = Field(default_factory=Backup)
    metrics: Metrics = Field(default_factory=Metrics)
    log: Log = Field(default_factory=Log)

    def watching(self, folders: Sequence[Path]) -> Config:
        """The same with other folders, given as absolute paths."""
        watch = self.watch.model_copy(update={"folders": tuple(folders)})
        return self.model_copy(update={"watch": watch})


def section_of(name: str) -> type[Section]:
    """The model behind the table `name`. Raises `KeyError`."""
    annotation = Config.model_fields[name].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, Section)
    return annotation


SECTIONS: dict[str, tuple[str, ...]] = {
    name: tuple(section_of(name).model_fields) for name in Config.model_fields
}
