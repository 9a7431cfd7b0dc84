"""Every tag: how many photos have it, and how it was judged."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tagd.app import review
from tagd.web.pages.rendering import language, render
from tagd.web.site import site_of

router = APIRouter()


@router.get("/tags")
def tags(request: Request) -> Response:
    """The page."""
    with site_of(request).moment() as moment:
        judged = review.judged(moment, language(request))
    return render(request, "tags.html", title="tags", tags=judged)
