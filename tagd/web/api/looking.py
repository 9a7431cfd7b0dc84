"""What a picture shows that is sent along and not kept."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from tagd.app import pictures
from tagd.web import problems
from tagd.web.answers import answer
from tagd.web.api.shapes import Looked
from tagd.web.site import site_of

if TYPE_CHECKING:
    from typing import IO

router = APIRouter(tags=["looking"])

_PART = 1 << 20
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The picture, as the body or as a part of a form.",
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


@router.post("/tag", response_model=Looked, openapi_extra=_BODY)
async def tag(request: Request) -> Response:
    """What the running daemon's models would tag a picture with. It is not kept."""
    site = site_of(request)
    with tempfile.NamedTemporaryFile(dir=site.uploads) as file:
        try:
            await _save(request, file)
        except ClientDisconnect:
            return problems.problem(HTTPStatus.REQUEST_TIMEOUT, "the picture did not come whole")
        except (MultiPartException, ValueError) as error:
            return problems.problem(HTTPStatus.BAD_REQUEST, str(error))
        found = await run_in_threadpool(pictures.look, site.config, Path(file.name))
    return answer(request, {"tags": list(found)})


async def _save(request: Request, file: IO[bytes]) -> None:
    """Write the picture into the file. Raises ValueError where there is none."""
    async with _parts(request) as parts:
        async for part in parts:
            file.write(part)
    file.flush()
    if not file.tell():
        raise ValueError("there is no picture in this request")


@asynccontextmanager
async def _parts(request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
    kind = request.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/"):
        yield request.stream()
        return
    async with request.form(max_files=1, max_fields=10) as form:
        files = [part for part in form.values() if isinstance(part, UploadFile)]
        if not files:
            raise ValueError("no part of this form is a file")
        yield _of_form(files[0])


async def _of_form(upload: UploadFile) -> AsyncIterator[bytes]:
    while part := await upload.read(_PART):
        yield part
