"""The language of tag names that a person's locale asks for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tagd.cli import output
from tagd.fs import display
from tagd.labels.tables import languages
from tagd.labels.vocabulary import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tagd.config import Config

# The first that is set counts: locale(7).
_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
_CALLED: Final = {"ja": "日本語"}  # in itself; else by its code


def wanted(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the language of the locale, such as "ja" for ja_JP.UTF-8, where tags have names in it
    that are not the default; else None."""
    locale = next(filter(None, map(environ.get, _VARIABLES)), "")
    language = locale.partition(".")[0].partition("_")[0].casefold()
    return language if language in languages() and language != ENGLISH else None


def called(language: str) -> str:
    """Return the name of a language, in itself."""
    return _CALLED.get(language, language)


def offer(settings: Config, file: Path | None) -> None:
    """Before the first start, say how tags get their names in the language of the locale, where the
    configuration, which is in this file, says nothing of it."""
    language = wanted()
    is_chosen = "language" in settings.tags.model_fields_set
    if language is None or is_chosen or settings.catalogue.path.exists():
        return
    line = f'language = "{language}"'
    how = f"write {line} below [tags] in {display(file)}" if file else f"`tagd init` writes {line}"
    output.note(f"tags will be named in English; for {called(language)}, {how}")
