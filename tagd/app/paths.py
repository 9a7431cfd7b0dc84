"""Paths as a person names them, and what to say of those that the catalogue does not know."""

from __future__ import annotations

import os
from pathlib import Path

from tagd.catalogue.search.query import PathTerm
from tagd.errors import TagdError
from tagd.fs import display
from tagd.installation import as_word


class PathUnknown(TagdError):
    """The catalogue knows nothing at `path`."""

    def __init__(self, path: Path) -> None:
        hint = f"`tagd tag {as_word(str(path))}`" if path.exists() else "there is no such file"
        super().__init__(f"the catalogue does not know {display(path)}", hint=hint)
        self.path = path


def followed(path: Path) -> Path:
    """Return where symbolic links lead: a second guess. Links to each other are left so."""
    return Path(os.path.realpath(path))


def unknown(path: Path, *, is_photo: bool = False) -> TagdError:
    """Return what to say of a path that the catalogue does not know, where one photo alone is meant
    (`is_photo`) or any number."""
    if is_photo and path.is_dir():
        below = as_word(str(PathTerm(f"{path}/")))
        return TagdError(f"{display(path)} is a folder", hint=f"`tagd search {below}`")
    return PathUnknown(path)
