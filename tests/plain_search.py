"""What a query finds, by a plain look at each file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection

from tagd.catalogue.search.query import (
    And,
    CameraTerm,
    ConfidenceTerm,
    ModelTerm,
    NearTerm,
    Not,
    Or,
    PathTerm,
    PlacedTerm,
    Query,
    RatingTerm,
    StateTerm,
    TagCountTerm,
    TaggerTerm,
    TagTerm,
    TakenTerm,
)
from tagd.catalogue.search.spans import km_between
from tests.catalogue import rows


@dataclass(frozen=True)
class Plain:
    """A file, and what a query may ask of it."""

    path: str
    taken: int
    state: str
    camera: str
    model: str
    tags: dict[str, set[float]]  # as sure as each that gave it says
    is_known: bool  # whether its photo is
    taggers: set[int]
    rating: int | None
    place: tuple[float, float] | None


def plainly(tx: Connection) -> list[Plain]:
    """The files that are there."""
    tags: dict[int, dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
    taggers: dict[int, set[int]] = defaultdict(set)
    for photo, name, confidence, tagger in rows(
        tx,
        "SELECT photo_id, name, confidence, tagger_id FROM tag JOIN label ON label.id = label_id"
        " WHERE state <> 'rejected'",
    ):
        tags[photo][name].add(confidence)
        taggers[photo].add(tagger)
    return [
        Plain(
            path,
            taken,
            state,
            camera or "",
            model or "",
            tags[photo] if photo else {},
            photo is not None,
            taggers[photo] if photo else set(),
            rating,
            None if latitude is None else (latitude, longitude),
        )
        for path, taken, state, photo, camera, model, rating, latitude, longitude in rows(
            tx,
            "SELECT path, taken, file.state, photo.id,"
            " coalesce(camera_make || ' ', '') || camera_model, model.name,"
            " rating, latitude, longitude"
            " FROM file LEFT JOIN photo ON photo.id = file.photo_id"
            " LEFT JOIN photo_tagger ON photo_tagger.photo_id = photo.id"
            " LEFT JOIN tagging ON tagging.id = photo_tagger.tagging_id"
            " LEFT JOIN said ON said.file_id = file.id"
            " LEFT JOIN model ON model.id = model_id WHERE file.state <> 'missing'",
        )
    ]


def holds(query: Query, file: Plain) -> bool:
    """A query looked at plainly, for one file."""
    match query:
        case And((TagTerm(text), ConfidenceTerm(low))):
            return any(each >= low for each in file.tags.get(text, ()))
        case Not(term):
            return not holds(term, file)
        case And(terms):
            return all(holds(term, file) for term in terms)
        case Or(terms):
            return any(holds(term, file) for term in terms)
    return fits(query, file)


def fits(term: Query, file: Plain) -> bool:
    """One term of it."""
    match term:
        case TagTerm(text):
            return text in file.tags
        case TaggerTerm(text):
            return {"classifier": 1, "everyday": 2}[text] in file.taggers
        case TakenTerm():
            return file.taken >= 20240000000000
        case StateTerm(asked):
            return file.state == asked
        case CameraTerm(text):
            return text in file.camera.casefold()
        case ModelTerm(text):
            return file.model.startswith(text)
        case PathTerm(text) if text.startswith("/"):
            return file.path == text or file.path.startswith(f"{text}/")
        case PathTerm(text):
            return text in file.path
    return says(term, file)


def says(term: Query, file: Plain) -> bool:
    """One term about the number of tags, stars or the place."""
    match term:
        case TagCountTerm(low, high):
            looked = low > 0 or (file.state == "tagged" and file.is_known)
            return looked and low <= len(file.tags) <= (len(file.tags) if high is None else high)
        case RatingTerm(None):
            return not file.rating
        case RatingTerm(int(low), int(high)):
            return file.rating is not None and low <= file.rating <= high
        case PlacedTerm(is_placed):
            return is_placed == (file.place is not None)
        case NearTerm(latitude, longitude, km):
            return file.place is not None and km_between(latitude, longitude, *file.place) <= km
    raise AssertionError(term)
