"""What went wrong, as RFC 9457 has it: a status, a title, and what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from tagd.app.paths import PathUnknown
from tagd.app.pictures import NoSuchPhoto
from tagd.errors import (
    CatalogueBusy,
    CatalogueError,
    ConfigError,
    ControlError,
    DecoderUnavailable,
    ModelError,
    PermanentPhotoError,
    PhotoError,
    QueryError,
    TagdError,
    TagUnknown,
)
from tagd.web.positions import PositionUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "application/problem+json"

# The first that fits.
_STATUSES: tuple[tuple[type[TagdError], HTTPStatus], ...] = (
    (QueryError, HTTPStatus.BAD_REQUEST),
    (PathUnknown, HTTPStatus.NOT_FOUND),
    (NoSuchPhoto, HTTPStatus.NOT_FOUND),
    (PositionUnknown, HTTPStatus.BAD_REQUEST),
    (TagUnknown, HTTPStatus.UNPROCESSABLE_ENTITY),
    (PermanentPhotoError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (PhotoError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CatalogueBusy, HTTPStatus.SERVICE_UNAVAILABLE),
    (CatalogueError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ControlError, HTTPStatus.SERVICE_UNAVAILABLE),
    (DecoderUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (ModelError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ConfigError, HTTPStatus.CONFLICT),
)


class Problem(BaseModel):
    """What every error looks like. Source: RFC 9457."""

    type: str = Field(default="about:blank", description="Always about:blank: `title` says it.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong.")
    hint: str | None = Field(default=None, description="What to do.")


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    hint: str = "",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return the answer that tells of it; `more` are members that this problem has beside."""
    said = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        **({"hint": hint} if hint else {}),
        **more,
    }
    return JSONResponse(said, status.value, dict(headers or {}), media_type=KIND)


def of(error: TagdError) -> JSONResponse:
    """Return what is told of an error."""
    status = status_of(error)
    if isinstance(error, QueryError):
        near = list(error.suggestions)
        return problem(status, error.reason, hint=error.hint, at=error.at, suggestions=near)
    if isinstance(error, PhotoError):
        return problem(status, error.reason, hint=error.remedy, code=error.code)
    return problem(status, error.message, hint=error.hint)


def status_of(error: TagdError) -> HTTPStatus:
    """Return the status that says best what is wrong."""
    return next(
        (status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.CONFLICT
    )
