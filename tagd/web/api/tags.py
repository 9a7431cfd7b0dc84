"""Tags, their completion, and what of them is in doubt."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tagd.app import review
from tagd.app.review import JudgedTag
from tagd.web.answers import answer
from tagd.web.api.shapes import Object
from tagd.web.site import site_of
from tagd.web.words import language_of

router = APIRouter(tags=["tags"])

MOST = 500


def tag_fields(tag: JudgedTag) -> Object:
    """A tag, and how it was judged."""
    standing = tag.standing
    return {
        "tag": tag.name,
        "label": tag.label,
        "shown": tag.shown,
        "files": tag.files,
        "right": standing.right,
        "wrong": standing.wrong,
        "waiting": standing.waiting,
        "precision": standing.precision,
    }


@router.get("/tags", response_model=list[Object])
def tags(request: Request) -> Response:
    """Every tag, the most frequent first, and how many photos of it were found right and wrong."""
    language = language_of(request.headers.get("Accept-Language", ""))
    with site_of(request).moment() as moment:
        return answer(request, [tag_fields(tag) for tag in review.judged(moment, language)])


@router.get("/tags/complete", response_model=list[Object])
def complete(
    request: Request, text: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """The tags that begin so, in any language."""
    language = language_of(request.headers.get("Accept-Language", ""))
    with site_of(request).moment() as moment:
        found = review.completions(moment, text, language)
    return answer(
        request, [{"tag": tag.name, "shown": tag.shown, "files": tag.files} for tag in found]
    )


@router.get("/tags/{label}/doubts", response_model=list[Object])
def doubts(
    request: Request,
    label: str,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 60,
) -> Response:
    """Photos that models alone gave this tag, by its label, the least sure first."""
    with site_of(request).moment() as moment:
        found = review.doubtful(moment, label, limit)
    return answer(
        request, [{"photo_id": each.photo_id, "confidence": each.confidence} for each in found]
    )
