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
    """Whether tags are written where other programs read them. Nothing but keywords is ever
    changed, what others wrote stays, and what tagd wrote can be taken back: `tagd write --undo`."""

    write: Write = Field(
        default="off",
        description="'sidecar' writes an XMP file beside each photo, 'embedded' into the photo"
        " itself, 'both' does both, 'off' neither. What cannot be embedded, such as into RAW, goes"
        " into a sidecar.",
    )
    rules: Annotated[tuple[MetadataRule, ...], BeforeValidator(as_tuple)] = Field(
        default=(),
        description="Tables with path (a glob) and write; the first that matches a photo counts in"
        " the place of the key above: { path = 'raw/**', write = 'sidecar' }.",
    )
    read: Read = Field(
        default="auto",
        description="Whether keywords of other programs become tags by themselves: 'on', 'off', or"
        " 'auto', which is on where any are written. `tagd read` takes them anywhere. Stars,"
        " places, times and cameras are read in any case.",
    )
    sidecar_name: Literal["photo.jpg.xmp", "photo.xmp"] = Field(
        default="photo.jpg.xmp",
        description="How a new sidecar is called: as darktable and digiKam do it, or as Lightroom."
        " One that is there is used, whatever its name.",
    )
    sidecar_folder: OptionalPath = Field(
        default=None,
        description="Where sidecars lie, each below the whole path of its photo, for originals that"
        " nobody may write to. Empty: beside the photos.",
    )
    fields: Annotated[tuple[FieldName, ...], BeforeValidator(as_tuple)] = Field(
        default=(
            "dc:subject",
            "lr:hierarchicalSubject",
            "digiKam:TagsList",
            "XPKeywords",
            "IPTC:Keywords",
        ),
        description="Where keywords are written: for all programs, for Lightroom, for digiKam, for"
        " Windows, and for older ones where a photo has IPTC already.",
    )
    hierarchical: bool = Field(
        default=True, description="Whether Lightroom and digiKam are told animal|cat, not only cat."
    )
    min_confidence: Annotated[float, Unit("probability")] = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Tags that a model gave with less are kept in the catalogue alone.",
    )
    preserve_mtime: bool = Field(
        default=True,
        description="Whether a photo keeps its time of change when its keywords change.",
    )
    backup_originals: bool = Field(
        default=False,
        description="Whether the photo as it was before the first change is kept beside it, as"
        " NAME_original.",
    )
