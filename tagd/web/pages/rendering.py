"""Templates, in the language of the browser. All that is put into them is escaped."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tagd.app.review import name_in
from tagd.fs import display
from tagd.text import visible
from tagd.web.words import language_of, words_in

if TYPE_CHECKING:
    from fastapi import Request

_FOLDER = Path(__file__).parent.parent
WORDS_IN_SCRIPTS = (
    "undo",
    "undone",
    "{count} selected",
    "{tag}: {count} photos",
    "{tag}: one photo",
    "which of these is meant?",
    "nothing was changed",
    "connection lost; trying again",
    "{count} wrong, {right} right",
    "marked to be tagged again: {count}",
    "written: {count}",
)


def render(
    request: Request, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
) -> HTMLResponse:
    """Return a page, or a part of one."""
    language = language_of(request.headers.get("Accept-Language", ""))
    say = words_in(language)
    text = (
        _environment()
        .get_template(template)
        .render(
            say=say,
            language=language,
            here=request.url.path,
            script_words={word: say(word) for word in WORDS_IN_SCRIPTS},
            in_words=lambda label, name: name_in(language, label, name),
            **values,
        )
    )
    headers = {"Cache-Control": "private, no-store", "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(text, status.value, headers)


def sorry(request: Request, status: HTTPStatus, what: str, hint: str = "") -> HTMLResponse:
    """Return the page that says what is wrong."""
    return render(request, "sorry.html", status, title=status.phrase, what=what, hint=hint)


def is_page(request: Request) -> bool:
    """Return whether a person asks for a page."""
    is_api = request.url.path.startswith(("/api/", "/static/"))
    return not is_api and "text/html" in request.headers.get("Accept", "")


def language(request: Request) -> str:
    """Return the language of the browser."""
    return language_of(request.headers.get("Accept-Language", ""))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "display": lambda path: visible(display(path)),
        "percent": lambda share: f"{share:.0%}",
        "count": lambda number: f"{number:,}",
    }
    environment.globals |= {"link": link, "static": static}
    return environment


def link(path: str, **values: str | None) -> str:
    """Return a path of ours with these values, but for those that are empty."""
    asked = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{asked}" if asked else path


@cache
def static(name: str) -> str:
    """Return where a file is served, under a name that changes with it."""
    digest = hashlib.blake2b((_FOLDER / "static" / name).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{name}?v={digest}"
