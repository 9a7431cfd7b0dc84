"""How things stand, as it happens."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tagd.app import failures
from tagd.web.api.daemon import standing
from tagd.web.pages.rendering import render
from tagd.web.site import site_of

router = APIRouter()

MOST_FAILURES = 100


@router.get("/status")
def status(request: Request) -> Response:
    """The page."""
    site = site_of(request)
    with site.reading() as catalogue:
        failed = failures.failed(catalogue, None)[:MOST_FAILURES]
    return render(request, "status.html", title="status", now=standing(site), failed=failed)
