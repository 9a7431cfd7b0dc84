"""How a browser comes in: by a link, once, or by the password; and how it goes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tagd.ops.access import SESSION_SECONDS
from tagd.web.guard import COOKIE, Headers, session_of
from tagd.web.site import site_of
from tagd.web.welcome import opened, welcome

router = APIRouter()


@router.get("/open/{link}")
def open_link(request: Request, link: str) -> Response:
    """Let the browser in that has this link."""
    languages = request.headers.get("Accept-Language", "")
    access = site_of(request).access
    session = access.redeem(link[:100])
    if session is None:
        asks = access.has_password
        return welcome(languages, asks_password=asks, wrong="this link was used, or is too old")
    response = opened(languages)
    _keep(response, session, request)
    return response


@router.post("/login")
def login(request: Request, password: Annotated[str, Form(max_length=1000)]) -> Response:
    """Let a browser in that knows the password."""
    site = site_of(request)
    languages = request.headers.get("Accept-Language", "")
    address = request.client.host if request.client else ""
    if wait := site.throttle.wait(address):
        page = welcome(
            languages,
            asks_password=True,
            status=HTTPStatus.TOO_MANY_REQUESTS,
            wrong="too many tries: wait a minute",
        )
        page.headers["Retry-After"] = str(int(wait) + 1)
        return page
    if not site.access.is_password(password):
        site.throttle.note_wrong(address)
        has_password = site.access.has_password
        return welcome(languages, asks_password=has_password, wrong="this is not the password")
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    _keep(response, site.access.add_session(), request)
    return response


@router.post("/logout")
def logout(request: Request) -> Response:
    """Let this browser in no more."""
    session = session_of(Headers(request.headers.raw))
    if session is not None:
        site_of(request).access.end_session(session)
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE)
    return response


def _keep(response: Response, session: str, request: Request) -> None:
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(SESSION_SECONDS),
        httponly=True,
        samesite="strict",
        secure=(request.headers.get("Origin") or "").startswith("https:"),
    )
    response.headers["Cache-Control"] = "no-store"
