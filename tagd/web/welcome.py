"""What a browser without a key sees: how to come in."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from typing import Final

from fastapi.responses import HTMLResponse

from tagd.web.words import language_of, words_in

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh}
body{margin:0 1.5rem}
main{max-width:26rem}h1{font-size:1.3rem;font-weight:600}
code{font:0.95em ui-monospace,monospace;padding:.15em .4em;border-radius:.4em;background:#8882}
input,button{font:inherit;padding:.5em .8em;border-radius:.5em;border:1px solid #8886}
form{display:flex;gap:.5em;margin-top:1.2rem}input{flex:1;min-width:0}
p.wrong{color:#c22}
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
OPEN: Final = "tagd web open"
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)


def welcome(
    languages: str,
    *,
    asks_password: bool,
    status: HTTPStatus = HTTPStatus.UNAUTHORIZED,
    wrong: str = "",
) -> HTMLResponse:
    """Return the page, in the first of the `languages` of a browser that we speak. `wrong`: which
    of our words say what went wrong before."""
    language = language_of(languages)
    say = words_in(language)
    told = f'<p class="wrong" role="alert">{say(wrong)}</p>' if wrong else ""
    form = (
        '<form method="post" action="/login"><input type="password" name="password" autofocus'
        f' autocomplete="current-password" aria-label="{say("password")}">'
        f"<button>{say('come in')}</button></form>"
        if asks_password
        else ""
    )
    body = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>tagd</title><style>{_STYLE}</style>"
        f"<main><h1>{say('this browser has no key yet')}</h1>"
        f"<p>{say('on the machine that tagd runs on, type')}</p><p><code>{OPEN}</code></p>"
        f"<p>{say('and open the link that it prints.')}</p>{told}{form}</main></html>"
    )
    return HTMLResponse(body, status.value, {"Content-Security-Policy": POLICY})


def opened(languages: str) -> HTMLResponse:
    """Return the page that leads on: a visit from here, unlike one from elsewhere, has the cookie
    that came with this very answer."""
    language = language_of(languages)
    say = words_in(language)
    body = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta http-equiv="refresh" content="0;url=/">'
        '<link rel="icon" href="data:,"><title>tagd</title>'
        f'<a href="/">{say("to the photos")}</a></html>'
    )
    return HTMLResponse(body)
