"""What tagd says in a packet of its own doing: which keywords it wrote, and which it copied."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tagd.metadata import xmp
from tagd.metadata.keywords import IN_XMP, Claim, Field, TagRecord, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tagd.metadata.keywords import Keywords

_SURE: Final = re.compile(r"[01]\.\d{1,9}", re.ASCII)


def set_claims(packet: xmp.Packet, claims: Sequence[Claim]) -> None:
    """Say which model said what, and where tagd wrote it, in place of what tagd said before."""
    xmp.set_structures(packet, xmp.PROVENANCE, map(_told, claims))


def claims(packet: xmp.Packet) -> tuple[Claim, ...]:
    """Return what some tagd says that it wrote, and where."""
    return tuple(filter(None, map(_claim, xmp.structures(packet, xmp.PROVENANCE))))


def set_copies(packet: xmp.Packet, copies: Keywords) -> None:
    """Say which keywords were copied into which field, for programs that read that one alone."""
    told = (
        {"field": which, "keyword": keyword}
        for which, keywords in copies.items()
        for keyword in keywords
    )
    xmp.set_structures(packet, xmp.COPIES, told)


def copies(packet: xmp.Packet) -> dict[Field, tuple[str, ...]]:
    """Return what some tagd says that it copied, by field."""
    found: dict[str, list[str]] = {field: [] for field in IN_XMP}
    for said in xmp.structures(packet, xmp.COPIES):
        found.get(said.get("field", ""), []).append(said.get("keyword", ""))
    return {which: tuple(found[which]) for which in IN_XMP}


def _told(claim: Claim) -> dict[str, str]:
    tagging = claim.tagging
    return {
        "tag": tagging.name,
        "path": spelled([tagging])[Field.TAGS_LIST][0],
        "fields": " ".join(sorted(claim.fields)),
        "model": tagging.model,
        "fingerprint": tagging.fingerprint,
        "confidence": f"{tagging.confidence:.3f}",
        "date": tagging.said_at,
    }


def _claim(said: Mapping[str, str]) -> Claim | None:
    tag, path, fields = (said.get(key, "") for key in ("tag", "path", "fields"))
    if not tag:
        return None
    above = (name.replace("\\", "/") for name in path.split("/")[:-1])
    known = frozenset(field for field in Field if field in fields.split())
    sure = said.get("confidence", "")
    tagging = TagRecord(
        path=(*above, tag),
        model=said.get("model", ""),
        fingerprint=said.get("fingerprint", ""),
        confidence=float(sure) if _SURE.fullmatch(sure) else 0.0,
        said_at=said.get("date", ""),
    )
    return Claim(tagging, known)
