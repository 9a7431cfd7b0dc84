"""What a tag was given to, the least sure first: the wrong ones are clicked away, the rest is
confirmed by one key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from tagd.app import review
from tagd.app.review import Standing
from tagd.web.pages.rendering import language, render
from tagd.web.site import Site, site_of

router = APIRouter()

PAGE = 40  # photos


@router.get("/review")
def tags(request: Request) -> Response:
    """The tags with the most doubt first."""
    with site_of(request).moment() as moment:
        judged = review.judged(moment, language(request))
    waiting = sorted(judged, key=lambda tag: -tag.standing.waiting)
    total = sum(tag.standing.looked_at for tag in judged)
    return render(request, "reviews.html", title="review", tags=waiting, looked_at=total)


@router.get("/review/{label:path}/wall")
def wall(request: Request, label: str) -> Response:
    """What comes next of a tag."""
    return render(
        request, "review_wall.html", **_values(site_of(request), label, language(request))
    )


@router.get("/review/{label:path}")
def tag(request: Request, label: str) -> Response:
    """The page of one tag."""
    values = _values(site_of(request), label, language(request))
    return render(request, "review.html", title=values["shown"], **values)


def _values(site: Site, label: str, spoken: str) -> dict[str, Any]:
    with site.moment() as moment:
        doubts = review.doubtful(moment, label, PAGE)
        judged = review.judged(moment, spoken)
    tag = next((each for each in judged if each.label == label), None)
    name = tag.name if tag else label
    others = sorted(judged, key=lambda each: -each.standing.waiting)
    following = next((each for each in others if each.label != label), None)
    return {
        "label": label,
        "name": name,
        "shown": review.name_in(spoken, label, name),
        "doubts": doubts,
        "standing": tag.standing if tag else Standing(),
        "following": following if following and following.standing.waiting else None,
    }
