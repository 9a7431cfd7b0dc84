"""What there is, one photo, its picture and its history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tagd.app import history, pictures
from tagd.app import photo as app_photo
from tagd.app.pictures import Edge
from tagd.app.schemas import event_fields, row_fields, shown_fields
from tagd.app.search import SearchRequest, Sort
from tagd.fs import display
from tagd.web.answers import answer, is_known
from tagd.web.api.shapes import MOST_QUERY, Object, PhotoId, PhotoPage
from tagd.web.positions import packed, unpacked
from tagd.web.site import site_of

router = APIRouter(tags=["photos"])

MOST = 500  # files on a page
FOREVER = "private, max-age=31536000, immutable"  # a photo's id is made of its pixels


@router.get("/photos", response_model=PhotoPage)
def photos(
    request: Request,
    q: Annotated[str, Query(max_length=MOST_QUERY, description="As `tagd search` has it.")] = "",
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    sort: Sort = Sort.NEWEST,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Response:
    """Search: a page of what a query finds, from where the page before ended."""
    position = unpacked(after, sort) if after else None
    with site_of(request).moment() as moment:
        found = list(moment.found(SearchRequest(q, sort, limit, after=position)))
    last = found[-1].position if len(found) == limit else None
    more = None if last is None else packed(last)
    return answer(request, {"items": [row_fields(each) for each in found], "next": more})


@router.get("/photos/{photo_id}", response_model=Object)
def photo(request: Request, photo_id: PhotoId) -> Response:
    """Everything that is known about a photo, and where its files lie."""
    site = site_of(request)
    paths = pictures.paths_of(site.config, photo_id)
    with site.reading() as catalogue:
        told = app_photo.photo(catalogue, site.config, paths[0])
    return answer(request, shown_fields(told) | {"paths": [display(path) for path in paths]})


@router.get("/photos/{photo_id}/history", response_model=list[Object])
def photo_history(request: Request, photo_id: PhotoId) -> Response:
    """What became of its tags, the first change first."""
    site = site_of(request)
    [path, *_] = pictures.paths_of(site.config, photo_id)
    with site.reading() as catalogue:
        events = history.events(catalogue, path)
    return answer(request, [event_fields(event) for event in events])


@router.get(
    "/photos/{photo_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}}, "description": "WebP, upright, in sRGB."}},
)
def picture(request: Request, photo_id: PhotoId, large: bool = False) -> Response:
    """The picture, its longer edge 480 pixels, or 2048 where it is to be large."""
    site = site_of(request)
    edge = Edge.LARGE if large else Edge.SMALL
    headers = {"ETag": f'"{photo_id}-{edge}"', "Cache-Control": FOREVER}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    data = pictures.picture(site.config, site.previews, photo_id, edge)
    return Response(data, media_type="image/webp", headers=headers)
