"""The whole as one ASGI application: routes, errors, and the guard around them."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

import tagd
from tagd.errors import TagdError
from tagd.web import api, pages, problems
from tagd.web.guard import Guard

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tagd.web.guard import Hosts
    from tagd.web.site import Site

STATIC = Path(__file__).parent / "static"
ABOUT = (
    "Photos, their tags, and what a person says of them. Send a token, as `tagd web token add NAME`"
    " prints it, as `Authorization: Bearer TOKEN`."
)


def application(site: Site, hosts: Hosts) -> ASGIApp:
    """Return it for a site that may be asked by these names."""
    app = bare_application()
    app.state.site = site
    return Guard(app, site.access, hosts)


def bare_application() -> FastAPI:
    """Return the routes alone, which know what there is to ask."""
    app = FastAPI(
        title="tagd",
        version=tagd.__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.exception_handler(TagdError)(_tell_error)
    app.exception_handler(RequestValidationError)(_tell_misuse)
    app.exception_handler(HTTPException)(_tell_http)
    app.exception_handler(Exception)(_tell_fault)
    return app


async def _tell_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TagdError)
    if pages.is_page(request):
        return pages.sorry(request, problems.status_of(error), error.message, error.hint)
    return problems.of(error)


async def _tell_misuse(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"at": ".".join(map(str, each["loc"])), "what": str(each["msg"])}
        for each in error.errors()[:10]
    ]
    detail = "; ".join(f"{each['at']}: {each['what']}" for each in errors)
    return problems.problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def _tell_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if pages.is_page(request):
        return pages.sorry(request, status, "")
    return problems.problem(status, str(error.detail), headers=error.headers)


async def _tell_fault(request: Request, error: Exception) -> Response:
    structlog.get_logger().error("a request failed", reason=repr(error))
    status, what = HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of tagd's: see its log"
    return (
        pages.sorry(request, status, what)
        if pages.is_page(request)
        else problems.problem(status, what)
    )
