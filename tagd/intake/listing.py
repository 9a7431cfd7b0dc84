"""The photos at paths that a person names, for who looks at them and submits nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tagd.fs import path_of, signature_of
from tagd.intake.recognise import Recogniser
from tagd.intake.walk import walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.intake.exclude import Excludes


def photos_at(paths: Sequence[Path], excludes: Excludes) -> list[Path]:
    """Return the photos at these paths: files as they are named, and what is taken below
    folders."""
    found: dict[Path, None] = {}
    recogniser = Recogniser()
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        top = os.fsencode(path)
        below = walk(
            top,
            top,
            excludes,
            stopping=lambda: False,
            on_folder=lambda _: None,
            on_unreadable=lambda _folder, _error: None,
        )
        signed = ((path_of(key), signature_of(status)) for key, status in below)
        taken = (path for path, signature in signed if recogniser.is_photo(path, signature))
        found.update(dict.fromkeys(sorted(taken)))
    return list(found)
