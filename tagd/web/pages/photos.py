"""The wall: what there is by day, the newest first, and what a search finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from tagd.app import review
from tagd.app.search import Position, SearchRequest, Sort
from tagd.errors import QueryError
from tagd.web.api.shapes import MOST_QUERY
from tagd.web.pages.rendering import language, render
from tagd.web.positions import packed, unpacked
from tagd.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.app.search import Found, Moment, Total

router = APIRouter()

PAGE = 60  # photos
MOST_CHIPS = 12
_ROW = 200  # pixels, the height by which the shape of a photo is told

Text = Annotated[str, Query(max_length=MOST_QUERY)]


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo on the wall; `width` and `height` are its upright shape."""

    found: Found
    width: int
    height: int

    @classmethod
    def of(cls, found: Found) -> Tile:
        """That of a file."""
        facts = found.facts
        if facts is None:
            return cls(found, _ROW, _ROW)
        size = (facts.width, facts.height)
        width, height = size[::-1] if facts.orientation >= 5 else size
        shape = min(max(width / height, 0.5), 2.5)
        return cls(found, round(_ROW * shape), _ROW)


@dataclass(frozen=True, slots=True)
class Day:
    """The photos of one day, such as 2024-06-01; "" where nobody knows the day."""

    date: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the wall. `more`: where the next part begins; "" at the end."""

    days: tuple[Day, ...]
    more: str

    @property
    def last_day(self) -> str:
        """The day that the next part may go on with."""
        return self.days[-1].date if self.days else ""


@router.get("/")
def wall(request: Request, q: Text = "", month: int | None = None) -> Response:
    """The page."""
    try:
        with site_of(request).moment() as moment:
            part = _part(moment, q, _end_of(month))
            total = moment.total(q)
            months = () if q else tuple(review.months(moment))
    except QueryError as mistake:
        return render(request, "photos.html", title="photos", q=q, mistake=mistake, part=None)
    return render(
        request,
        "photos.html",
        title="photos",
        q=q,
        mistake=None,
        part=part,
        total=total,
        counted=_counted(total),
        years=list(_years(months)) if any(months) else [],
        month=month,
        chips=_chips(part, q, language(request)),
    )


@router.get("/wall")
def more(request: Request, after: str, q: Text = "", day: str = "") -> Response:
    """The part of the wall after a position; `day` is the last that is shown already."""
    with site_of(request).moment() as moment:
        part = _part(moment, q, unpacked(after, Sort.NEWEST))
    return render(request, "wall.html", q=q, part=part, day=day)


def _part(moment: Moment, q: str, after: Position | None) -> Part:
    request = SearchRequest(q, Sort.NEWEST, PAGE, after=after)
    found = list(moment.found(request))
    last = found[-1].position if len(found) == PAGE else None
    return Part(tuple(_days(found)), "" if last is None else packed(last))


def _days(found: Sequence[Found]) -> Iterator[Day]:
    for date, files in groupby(found, _day_of):
        yield Day(date, tuple(map(Tile.of, files)))


def _day_of(found: Found) -> str:
    return ((found.facts and found.facts.taken_at) or "")[:10]


def _end_of(month: int | None) -> Position | None:
    """The position before all photos of a month, such as 202406, from the latest back."""
    if month is None or not 0 <= month <= 999_999:
        return None
    return Position(((month + 1) * 100_000_000, "", 0))


def _counted(total: Total) -> str:
    return f"{total.files:,}" if total.is_exact else f"≈ {total.files:,}"


def _years(months: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Each year with its months as 202406, the latest first; 0 is no year."""
    for year, those in groupby(months, lambda month: month // 100):
        yield year, list(those)


def _chips(part: Part, q: str, spoken: str) -> list[tuple[str, str, int]]:
    """The tags that the first photos have, as (name, query, photos): those that divide them."""
    tiles = [tile for day in part.days for tile in day.tiles]
    names = {tag.label: tag.name for tile in tiles for tag in tile.found.tags}
    counts = Counter(label for tile in tiles for label in {tag.label for tag in tile.found.tags})
    divide = [(label, count) for label, count in counts.most_common() if count < len(tiles)]
    return [
        (review.name_in(spoken, label, names[label]), _and(q, names[label]), count)
        for label, count in divide[:MOST_CHIPS]
    ]


def _and(q: str, name: str) -> str:
    quoted = '"' + name.replace('"', "") + '"' if not name.isalnum() else name
    return f"{q} {quoted}".strip()
