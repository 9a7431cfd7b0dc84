"""/api/v1, for programs: the use cases as JSON.

photos       what there is, one photo, its picture and its history
tags         tags, their completion, and what of them is in doubt
changes      corrections, undoing, tagging again, writing
daemon       how things stand, as it happens; pause and resume; failures
looking      what a picture shows that is not kept
shapes       what is sent and what comes back
documents    the pages about all this
"""

from __future__ import annotations

from fastapi import APIRouter

from tagd.web.api import changes, daemon, documents, looking, photos, tags
from tagd.web.problems import KIND, Problem

_PROBLEM = {"model": Problem, "content": {KIND: {}}}

router = APIRouter(
    prefix="/api/v1",
    responses={
        401: _PROBLEM | {"description": "No token, or one that nobody knows."},
        "4XX": _PROBLEM | {"description": "What was asked cannot be done."},
        503: _PROBLEM | {"description": "Not now: the catalogue or the daemon is not there."},
    },
)
for each in (photos, tags, changes, daemon, looking):
    router.include_router(each.router)
router.include_router(documents.router)
