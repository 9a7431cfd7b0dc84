"""Which names below a watched folder are left alone, before anything is watched or opened. Pure.

A pattern without a slash matches any file or folder of that name, one with a slash matches the end
of the path below the watched folder (`exports/*.tif`, `*/exports/*.tif`), one that begins with a
slash its whole. `*` and `?` stop at slashes, `**` does not. A slash at the end means folders only.
What lies below an excluded folder is excluded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tagd.intake.unfinished import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# .thumbnails, .Trash-1000, .stversions, .~tmp~, .syncthing.*, rsync's .NAME.XXXXXX, our .tagd-*
HIDDEN = (".*",)
TRASH = ("Trash/", "#recycle/", "@Recycle/", "$RECYCLE.BIN/", "RECYCLER/", "lost+found/")
DERIVED = (
    "@eaDir/",  # Synology's thumbnails
    "@tmp/",
    "#snapshot/",
    "@Recently-Snapshot/",
    "System Volume Information/",
    "*.lrdata/",  # Lightroom's previews
)
BUILT_IN = (*HIDDEN, *TRASH, *DERIVED, *UNFINISHED)
KEPT = "_original"  # how the names end of what ExifTool and we ourselves keep of photos
BUILT_IN_FILES = (*BUILT_IN, f"*{KEPT}")

_TOKEN = re.compile(r"(\*\*/)|(\*\*)|(\*)|(\?)|(\[!?\]?[^\]]*\])|(.)", re.DOTALL)


class Excludes:
    """The built-in patterns and the user's own. Those built in ignore case."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        own = [pattern for pattern in patterns if pattern.strip("/")]
        names = [pattern for pattern in own if "/" not in pattern.rstrip("/")]
        paths = [pattern for pattern in own if "/" in pattern.rstrip("/")]
        self._names = {
            folders: _either(
                f"(?i:{_alternatives(BUILT_IN if folders else BUILT_IN_FILES, folders)})",
                _alternatives(names, folders),
            )
            for folders in (False, True)
        }
        self._paths = {
            folders: _either(_alternatives(paths, folders)) if paths else None
            for folders in (False, True)
        }

    def admits(self, relative: str, is_folder: bool) -> bool:
        """Return whether the path (relative to its watched folder, with slashes) is to be looked
        at.

        The watched folder itself, "" or ".", always is, whatever its name.
        """
        if relative in {"", "."}:
            return True
        if not self.admits_entry(relative, is_folder):
            return False
        return all(self.admits_entry(above, is_folder=True) for above in _parents(relative))

    def reach(self, folder: Path, place: Path) -> bool:
        """Return whether who looks through all of a folder comes to a place, which may be that
        folder."""
        return place.is_relative_to(folder) and self.admits(
            str(place.relative_to(folder)), is_folder=True
        )

    def admits_entry(self, relative: str, is_folder: bool) -> bool:
        """Return the same where the folders above are known to be admitted."""
        # Nearly all patterns are about names: matching these alone is what a scan can afford.
        name = relative.rpartition("/")[2]
        if self._names[is_folder].match(name) is not None:
            return False
        paths = self._paths[is_folder]
        return paths is None or paths.match(relative) is None


def is_kept(name: str) -> bool:
    """Return whether a file of this name is an original that is kept beside its photo: it is to
    stay as it is, even where somebody names it."""
    return name.lower().endswith(KEPT)


def _parents(relative: str) -> Iterator[str]:
    end = relative.find("/")
    while end != -1:
        yield relative[:end]
        end = relative.find("/", end + 1)


def _alternatives(patterns: Iterable[str], folders: bool) -> str:
    return "|".join(
        _translate(pattern.rstrip("/"))
        for pattern in patterns
        if folders or not pattern.endswith("/")
    )


def _either(*alternatives: str) -> re.Pattern[str]:
    return re.compile(f"(?s:{'|'.join(filter(None, alternatives)) or '(?!)'})\\Z")


def _translate(pattern: str) -> str:
    """Translate a pattern into a regular expression, over a name or over the whole relative
    path."""
    body = "".join(_token(match) for match in _TOKEN.finditer(pattern.lstrip("/")))
    return f"(?:.*/)?{body}" if "/" in pattern and not pattern.startswith("/") else body


def _token(match: re.Match[str]) -> str:
    across_folders, across, within, one, choice, literal = match.groups()
    if across_folders:
        return "(?:.*/)?"
    if across:
        return ".*"
    if within:
        return "[^/]*"
    if one:
        return "[^/]"
    if choice:
        inside = choice[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^/{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return re.escape(literal)
