"""How things stand, once or as it happens; pause and resume; failures."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from tagd.app import control, failures
from tagd.app import status as app_status
from tagd.app.control import Command
from tagd.app.schemas import failure_fields, iso, status_fields
from tagd.errors import TagdError
from tagd.fs import display
from tagd.web import problems
from tagd.web.answers import answer
from tagd.web.api.shapes import Object, RetryGiven
from tagd.web.site import Site, site_of

router = APIRouter(tags=["daemon"])

MOST_LISTENERS: Final = 20
LOOK_SECONDS: Final = 2.0  # between two events; longer where a look takes long
_EASE: Final = 10  # times as long as a look takes nothing is looked at

_listeners = 0


def standing(site: Site) -> Object:
    """How things stand and what goes on."""
    with site.reading() as catalogue:
        report, activity = app_status.watched(catalogue, site.config)
    return status_fields(report) | {
        "at": iso(report.at),
        "failures": report.status.failures,
        "pace": list(activity.pace),
        "latest": [display(each.path) for each in activity.latest],
    }


@router.get("/status", response_model=Object)
def status(request: Request) -> Response:
    """How things stand: what waits, how quickly, what is wrong."""
    return answer(request, standing(site_of(request)))


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events."}},
)
async def events(request: Request) -> Response:
    """The same as it happens: an event `status` every two seconds or so."""
    if _listeners >= MOST_LISTENERS:
        return problems.problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many listen already")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _events(site_of(request))
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _events(site: Site) -> AsyncIterator[str]:
    global _listeners  # noqa: PLW0603  of this process
    _listeners += 1
    try:
        while True:
            began = time.monotonic()
            try:
                said = await run_in_threadpool(standing, site)
                yield f"event: status\ndata: {json.dumps(said)}\n\n"
            except TagdError as error:
                yield f"event: trouble\ndata: {json.dumps(error.message)}\n\n"
            await asyncio.sleep(max(LOOK_SECONDS, _EASE * (time.monotonic() - began)))
    finally:
        _listeners -= 1


@router.post("/pause", response_model=Object)
def pause(request: Request) -> Response:
    """Have the daemon tag nothing until it is told to resume."""
    return answer(request, {"message": control.order(site_of(request).config, Command.PAUSE)})


@router.post("/resume", response_model=Object)
def resume(request: Request) -> Response:
    """Have the daemon tag again."""
    return answer(request, {"message": control.order(site_of(request).config, Command.RESUME)})


@router.get("/failures", response_model=list[Object])
def given_up(request: Request) -> Response:
    """The files that were given up, the latest first."""
    with site_of(request).reading() as catalogue:
        return answer(request, [failure_fields(each) for each in failures.failed(catalogue, None)])


@router.post("/failures/retry", response_model=Object)
def retry(request: Request, given: RetryGiven) -> Response:
    """Have them tried again: all, or those at these absolute paths."""
    paths = None if given.paths is None else [Path(path) for path in given.paths]
    done = failures.retry(site_of(request).config, paths)
    return answer(request, {"photos": done.photos, "is_running": done.is_running})
