"""HTML, for people, made on the server; scripts make it quicker to use.

rendering   templates, in the language of the browser
photos      the wall: what there is, by day, and what a search finds
photo       one photo, its tags and why it has them
review      what a tag was given to, the least sure first
tags        every tag
status      how things stand, as it happens
entrance    how a browser comes in, and goes
"""

from __future__ import annotations

from fastapi import APIRouter

from tagd.web.pages import entrance, photo, photos, review, status, tags
from tagd.web.pages.rendering import is_page, sorry

__all__ = ["is_page", "router", "sorry"]

router = APIRouter(include_in_schema=False)
for each in (photos, photo, review, tags, status, entrance):
    router.include_router(each.router)
