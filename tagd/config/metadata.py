"""The keys of `[metadata]`: what is written into photos, and where."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tagd.config.section import OptionalPath, Section, Unit, as_tuple

Write = Literal["off", "sidecar", "embedded", "both"]
Read = Literal["auto", "on", "off"]
FieldName = Literal[
    "dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList", "XPKeywords", "IPTC:Keywords"
]


class MetadataRule(Section):
    """One rule: photos whose path matches are written so."""

    path: Annotated[str, Field(min_length=1)]
    write: Write


class Metadata(Section):
    """Whether tags are also written where other programs read them. Only keywords are ever
    changed, those of others stay, and what tagd wrote can be taken back: `tagd write --undo`.
    """

    write: Write = Field(
        default="off",
        description="'sidecar' writes an XMP file beside each photo, 'embedded' into the photo"
        " itself, 'both' does both, 'off' neither. What cannot be embedded, such as into RAW, goes"
        " into a sidecar.",
    )
    rules: Annotated[tuple[MetadataRule, ...], BeforeValidator(as_tuple)] = Field(
        default=(),
        description="Tables with path (a glob) and write; the first that matches a photo"
        " overrides the key above: { path = 'raw/**', write = 'sidecar' }.",
    )
    read: Read = Field(
        default="auto",
        description="Whether keywords from other programs become tags automatically: 'on',"
        " 'off', or 'auto', which is on where any are written. `tagd read` reads them"
        " on request. Ratings, places, times and cameras are always read.",
    )
    sidecar_name: Literal["photo.jpg.xmp", "photo.xmp"] = Field(
        default="photo.jpg.xmp",
        description="The name of a new sidecar: as darktable and digiKam name it, or as"
        " Lightroom does. An existing one is used, whichever its name.",
    )
    sidecar_folder: OptionalPath = Field(
        default=None,
        description="A folder for the sidecars, which repeats the whole path of each photo, for"
        " originals that nobody may write to. Empty: beside the photos.",
    )
    fields: Annotated[tuple[FieldName, ...], BeforeValidator(as_tuple)] = Field(
        default=(
            "dc:subject",
            "lr:hierarchicalSubject",
            "digiKam:TagsList",
            "XPKeywords",
            "IPTC:Keywords",
        ),
        description="The fields to write keywords to: for all programs, for Lightroom, for"
        " digiKam, for Windows, and IPTC for older programs, where a photo already"
        " has it.",
    )
    hierarchical: bool = Field(
        default=True, description="Whether Lightroom and digiKam get animal|cat, not only cat."
    )
    min_confidence: Annotated[float, Unit("probability")] = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Tags that a model gave with less confidence are not written; the catalogue"
        " has them.",
    )
    preserve_mtime: bool = Field(
        default=True,
        description="Whether a photo keeps its modification time when its keywords change.",
    )
    backup_originals: bool = Field(
        default=False,
        description="Whether the photo as it was before the first change is kept beside it,"
        " as NAME_original.",
    )
