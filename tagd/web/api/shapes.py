"""What is sent and what comes back, as far as it is more than `tagd.app.schemas` says."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagd.app.selection import Selection
from tagd.catalogue.tagging.corrections import Action
from tagd.text import LONGEST_NAME

PHOTO_ID = r"^[0-9a-f]{32}$"
MOST_PHOTOS = 10_000  # in one selection; a query may mean more
MOST_QUERY = 2_000  # characters

PhotoId = Annotated[str, Path(pattern=PHOTO_ID, description="The photo's id, from its pixels.")]


class Given(BaseModel):
    """What a program sends: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Photos(Given):
    """Photos that are meant: by their ids, or what a query finds."""

    photos: list[Annotated[str, Field(pattern=PHOTO_ID)]] = Field(
        default=[], max_length=MOST_PHOTOS
    )
    query: str | None = Field(default=None, max_length=MOST_QUERY)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.photos) == (self.query is not None):
            raise ValueError("name photos, or a query")
        return self

    @property
    def selection(self) -> Selection:
        """The same, as use cases have it."""
        return Selection(query=self.query, photos=tuple(self.photos))


class CorrectionGiven(Photos):
    """What a person says of photos."""

    action: Action
    tag: str = Field(min_length=1, max_length=4 * LONGEST_NAME, description="In any language.")
    own: bool = Field(default=False, description="A tag of one's own, whatever else is called so.")
    label: str | None = Field(
        default=None, max_length=300, description="Which of several is meant."
    )


class UndoGiven(Given):
    """A run that is to be taken back."""

    run: int = Field(ge=1, lt=1 << 63)


class WriteGiven(Photos):
    """Photos whose tags are to be written."""

    to: Literal["sidecar", "embedded", "both"] | None = None
    dry_run: bool = False


class RetryGiven(Given):
    """Files that were given up and are to be tried again; none for all."""

    paths: list[Annotated[str, Field(max_length=4096)]] | None = Field(
        default=None, max_length=1000
    )


class TagShown(BaseModel):
    """A tag of a photo, and who says so."""

    tag: str
    label: str
    confidence: float
    source: str
    state: str
    model: str | None
    tagger: str | None


class PhotoShown(BaseModel):
    """A file with its tags in force, the surest first."""

    path: str
    tags: list[TagShown]
    state: str
    taken_at: str | None
    camera_make: str | None
    camera_model: str | None
    format: str | None
    width: int | None
    height: int | None
    size: int
    modified_at: str
    photo_id: str | None


class PhotoPage(BaseModel):
    """Some of the files that a query finds; `next` goes on, null at the end."""

    items: list[PhotoShown]
    next: str | None


class TagGuessed(BaseModel):
    """What a picture would be tagged with."""

    tag: str
    label: str
    confidence: float
    model: str
    tagger: str


class Looked(BaseModel):
    """The tags of a picture, the surest first."""

    tags: list[TagGuessed]


Object = dict[str, Any]
