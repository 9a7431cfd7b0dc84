"""The page about the heads that ship: what they know, how well, from where, and for whom."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tagd.models.runtime.heads import Head

_PAGE: Final = Path(__file__).parent / "card.md"


def card(heads: Sequence[Head]) -> str:
    """Return the page, in Markdown, of heads that were trained on the same pictures."""
    about = [head.about for head in heads]
    pictures: Mapping[str, int] = about[0]["pictures"]
    sources = [
        f"| {source['name']} | {pictures[source['set']]:,} | {source['licence']} |"
        for source in about[0]["sources"]
    ]
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        about[0]["fitting"],
        photos=about[0]["everyday"]["photos"],
        counts="\n".join(map(_counts, heads)),
        names=" | ".join(head.base for head in heads),
        lines="|".join(["---"] * len(heads)),
        reliability="\n".join(_reliability(about)),
        columns=" | ".join(f"{head.base}: found | right | everyday" for head in heads),
        three="|".join(["---"] * 3 * len(heads)),
        words="\n".join(_words(about)),
        pictures=f"{sum(pictures.values()):,}",
        sources="\n".join(sources),
        sha256=" and ".join(f"`{one['numbers_sha256'][:16]}…`" for one in about),
    )


def _counts(head: Head) -> str:
    """Return the row of one head on photos that its calibration had not seen."""
    counts = head.about["everyday_unseen"]
    told = counts["right"] + counts["arguable"] + counts["wrong"]
    shares = [f"{counts[kind] / told:.0%}" for kind in ("right", "arguable", "wrong")]
    return f"| {head.base} | {len(head.words)} | {told} | {' | '.join(shares)} |"


def _reliability(about: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a row for each range of probabilities: how often words were right, of how many."""
    rows = []
    for place, ranges in enumerate(zip(*(one["reliability"] for one in about), strict=True)):
        said = [f"{one['right']:.2f} of {one['count']:,}" for one in ranges]
        rows.append(f"| {place / 10:.1f} to {place / 10 + 0.1:.1f} | {' | '.join(said)} |")
    return rows


def _words(about: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a row for each word of any head."""
    tables = [{one["word"]: one for one in each["words"]} for each in about]
    rows = []
    for word in dict.fromkeys(word for table in tables for word in table):
        pictures = next(table[word]["positives"] for table in tables if word in table)
        cells = [_cells(table.get(word)) for table in tables]
        rows.append(f"| {word} | {pictures:,} | {' | '.join(cells)} |")
    return rows


def _cells(figures: Mapping[str, Any] | None) -> str:
    """Return what one head makes of one word, as three cells."""
    if figures is None:
        return "– | – | –"
    seen = f"{figures['right']}, {figures['wrong']}"
    return f"{figures['recall']:.0%} | {figures['precision']:.0%} | {seen}"
