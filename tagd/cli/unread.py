"""Pictures in the watched folders that tagd does not read, as `tagd status` tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.cli import output
from tagd.installation import adding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def unread_lines(unread: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The pictures in the watched folders that tagd does not read, and what would help."""
    if not unread:
        return
    number = output.count(sum(unread.values()), "file is a picture", "files are pictures")
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in unread.items())
    helps = []
    if "JPEG XL" in unread:
        helps.append(f"`{adding('jxl')}` and a restart would read JPEG XL")
    if unread.keys() - {"JPEG XL"}:
        helps.append("tagd reads copies that you save as JPEG, PNG or TIFF")
    yield "not read", f"{number} that tagd does not read: {kinds}; {'; '.join(helps)}"
