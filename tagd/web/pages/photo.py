"""One photo, its tags and why it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from tagd.app import history, pictures
from tagd.app import photo as app_photo
from tagd.labels.hierarchy import Hierarchy
from tagd.web.api.shapes import PhotoId
from tagd.web.pages.photos import Text
from tagd.web.pages.rendering import render
from tagd.web.site import site_of

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.app.photo import PhotoReport
    from tagd.catalogue.reports.shown_tags import ShownTag
    from tagd.web.site import Site

router = APIRouter()

_RANKS = {"rejected": 1}  # what is rejected comes last


@router.get("/photo/{photo_id}")
def photo(request: Request, photo_id: PhotoId, q: Text = "") -> Response:
    """The page."""
    values = _values(site_of(request), photo_id)
    return render(request, "photo.html", title=values["path"].name, q=q, **values)


@router.get("/photo/{photo_id}/tags")
def tags(request: Request, photo_id: PhotoId) -> Response:
    """Its tags and its history alone, after they have changed."""
    return render(request, "photo_tags.html", **_values(site_of(request), photo_id))


def _values(site: Site, photo_id: str) -> dict[str, Any]:
    paths = pictures.paths_of(site.config, photo_id)
    with site.reading() as catalogue:
        report = app_photo.photo(catalogue, site.config, paths[0])
        events = history.events(catalogue, paths[0])
    return {
        "photo_id": photo_id,
        "path": paths[0],
        "paths": paths,
        "report": report,
        "tags": sorted(report.shown.tags, key=lambda tag: _RANKS.get(tag.state, 0)),
        "above": _above(report.shown.tags),
        "facts": _facts(report, paths[0]),
        "events": events[::-1],
    }


def _above(tags: tuple[ShownTag, ...]) -> dict[str, list[str]]:
    """Return the labels of the broader tags, the broadest last, by label."""
    hierarchy = Hierarchy.load().knowing([tag.label for tag in tags])

    def narrowest_first(kinds: tuple[str, ...]) -> list[str]:
        # An animal may be as near as a mammal, by another way up.
        return sorted(kinds, key=lambda kind: len(hierarchy.shown_above(kind)), reverse=True)

    return {tag.label: narrowest_first(hierarchy.shown_above(tag.label)) for tag in tags}


def _facts(report: PhotoReport, path: Path) -> list[tuple[str, str]]:
    """What the file says of itself: (name, value)."""
    shown, facts = report.shown, report.shown.facts
    rows = [("file", path.name), ("folder", str(path.parent)), ("size", f"{shown.size:,} B")]
    if facts is not None:
        camera = " ".join(filter(None, (facts.camera_make, facts.camera_model)))
        rows += [
            ("picture", f"{facts.format}, {facts.width:,} × {facts.height:,}"),
            ("camera", camera),
            ("taken", (facts.taken_at or "").replace("T", " ")[:19]),
        ]
    return [(name, value) for name, value in rows if value]
