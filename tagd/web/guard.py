"""Who may ask what: looked at before anything else of a request, for every request.

    host → origin → credentials → rights, then bounds on what the request may send

What is refused is refused for everybody: on this machine's own address too, since any page in a
browser can send requests there. Sources: RFC 9110, RFC 6454 (Origin), W3C Fetch Metadata, and what
DNS rebinding does with a name of its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final

from tagd.errors import WebError
from tagd.web import problems
from tagd.web.welcome import welcome

if TYPE_CHECKING:
    from collections.abc import Collection, MutableMapping
    from typing import Any

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tagd.ops.access import Access, Caller

COOKIE: Final = "tagd_session"
BODY_SECONDS: Final = 20.0  # between two parts of what a request sends
MOST_BODY: Final = 1 << 20  # bytes
MOST_PICTURE: Final = 256 << 20
_SAFE: Final = frozenset({"GET", "HEAD"})
_METHODS: Final = _SAFE | {"POST"}
_PICTURE: Final = "/api/v1/tag"  # which changes nothing
_ALWAYS_OPEN: Final = ("/open/", "/login")  # how one comes in
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: HTTPStatus
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Hosts:
    """By which names this server may be asked. `is_local`: only this machine reaches it."""

    named: frozenset[str]
    is_local: bool

    @classmethod
    def of(cls, host: str, more: Collection[str], *, is_local: bool) -> Hosts:
        """Those of a server that listens at `host`."""
        names = {"localhost", host, *more}
        return cls(frozenset(name.lower().rstrip(".") for name in names), is_local)

    def know(self, host: str) -> bool:
        """Return whether a `Host` header means this server. Any address is the server's own where
        others reach it: only names can be made to lead elsewhere."""
        name = name_of(host)
        if name in self.named:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.is_local


def name_of(host: str) -> str:
    """Return the name in a `Host` header without its port."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    name, colon, port = text.rpartition(":")
    return (name if colon and port.isdecimal() else text).rstrip(".")


def refusal_of_place(headers: Headers, hosts: Hosts, method: str) -> Refusal | None:
    """Return why a request comes from the wrong place, or None. Pure."""
    host = headers.one("host")
    if method not in _METHODS:
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"{method[:20]} is nothing that is answered")
    if host is None or not hosts.know(host):
        return Refusal(
            HTTPStatus.MISDIRECTED_REQUEST,
            "this server is not asked by this name",
            "`[web] hosts` names further ones",
        )
    origin = headers.one("origin")
    if "origin" in headers and (origin is None or not _is_same(origin, host)):
        return Refusal(HTTPStatus.FORBIDDEN, "another site may not ask")
    site, mode = headers.one("sec-fetch-site"), headers.one("sec-fetch-mode")
    is_visit = method == "GET" and mode == "navigate"
    if site not in (None, "same-origin", "none") and not is_visit:
        return Refusal(HTTPStatus.FORBIDDEN, "another site may not ask")
    return None


class Headers:
    """A request's headers. What must be there once and is there twice is not there at all."""

    def __init__(self, raw: Collection[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in raw:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(
                value.decode("latin-1")
            )

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def one(self, name: str) -> str | None:
        """The value of a header that is there once."""
        values = self._values.get(name, ())
        return values[0] if len(values) == 1 else None


def caller_of(headers: Headers, access: Access) -> Caller | None:
    """Return who asks: by a token, else by the cookie of a browser; None for nobody known. Raises
    `WebError` where it cannot be known."""
    scheme, _, secret = (headers.one("authorization") or "").partition(" ")
    if "authorization" in headers:
        return access.program(secret.strip()) if scheme.lower() == "bearer" else None
    session = session_of(headers)
    return None if session is None else access.browser(session)


def session_of(headers: Headers) -> str | None:
    """Return what the browser keeps, None for nothing."""
    try:
        cookie = SimpleCookie(headers.one("cookie") or "").get(COOKIE)
    except CookieError:
        return None
    return None if cookie is None else cookie.value


class Guard:
    """Around the application."""

    def __init__(self, app: ASGIApp, access: Access, hosts: Hosts) -> None:
        self._app = app
        self._access = access
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a WebSocket, which nothing here speaks: closed without a word
        headers = Headers(scope["headers"])
        sending = _with_headers(send)
        try:
            refusal = self._refusal(scope, headers)
        except WebError as error:
            refusal = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.message, error.hint)
        if refusal is None:
            bounded = _Bounded(receive, MOST_PICTURE if scope["path"] == _PICTURE else MOST_BODY)
            await self._app(scope, bounded, sending)
        else:
            await self._refuse(refusal, headers, scope, receive, sending)

    def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        method, path = scope["method"], scope["path"]
        if misplaced := refusal_of_place(headers, self._hosts, method):
            return misplaced
        caller = caller_of(headers, self._access)
        scope.setdefault("state", {})["caller"] = caller
        if caller is None:
            if path.startswith(_ALWAYS_OPEN):
                return None
            return Refusal(HTTPStatus.UNAUTHORIZED, "nobody comes in without a key")
        if method in _SAFE:
            return None
        if "authorization" not in headers and "origin" not in headers:
            return Refusal(HTTPStatus.FORBIDDEN, "a browser says which site asks")
        if not caller.may_write and path != _PICTURE:
            return Refusal(HTTPStatus.FORBIDDEN, f"the token {caller.name} only reads")
        return _too_much(headers, path)

    async def _refuse(
        self, refusal: Refusal, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        is_person = "text/html" in (headers.one("accept") or "")
        if refusal.status is HTTPStatus.UNAUTHORIZED and is_person:
            languages = headers.one("accept-language") or ""
            page = welcome(languages, asks_password=self._access.has_password)
            await page(scope, receive, send)
            return
        more = {"WWW-Authenticate": "Bearer"} if refusal.status is HTTPStatus.UNAUTHORIZED else {}
        more["Connection"] = "close"  # whatever it sends on, nobody reads
        answer = problems.problem(refusal.status, refusal.detail, hint=refusal.hint, headers=more)
        await answer(scope, receive, send)


def _is_same(origin: str, host: str) -> bool:
    """Whether an `Origin` is this server; of the scheme a proxy may have made another."""
    scheme, _, place = origin.lower().partition("://")
    return scheme in ("http", "https") and place == host.strip().lower()


def _too_much(headers: Headers, path: str) -> Refusal | None:
    most = MOST_PICTURE if path == _PICTURE else MOST_BODY
    length = headers.one("content-length") or "0"
    if not length.isdecimal() or int(length[:20]) > most:
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {most:,} bytes")
    return None


class _Bounded:
    """What a request sends, up to so many bytes, and never waited for too long."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()  # the end of the connection, for which one waits
        try:
            message = await asyncio.wait_for(self._receive(), BODY_SECONDS)
        except TimeoutError:
            return {"type": "http.disconnect"}
        self._left -= len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return {"type": "http.disconnect"} if self._left < 0 else message


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            message["headers"] = [
                *message.get("headers", ()),
                *(
                    (name.lower().encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.lower().encode() not in given
                ),
            ]
        await send(message)

    return sending
