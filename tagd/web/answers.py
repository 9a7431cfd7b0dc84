"""JSON with an ETag: who has asked before, and nothing changed, is told so."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import Response

if TYPE_CHECKING:
    from fastapi import Request


def answer(request: Request, value: Any) -> Response:
    """Return the value as JSON, or that it is as it was."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def is_known(request: Request, etag: str) -> bool:
    """Return whether who asks has this by now."""
    known = request.headers.get("If-None-Match", "")
    return etag in {each.strip().removeprefix("W/") for each in known.split(",")}
