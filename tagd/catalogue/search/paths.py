"""Parts of paths, in SQLite's SQL."""

from __future__ import annotations

import os
from pathlib import Path
from unicodedata import normalize

from tagd.catalogue.db.statements import below_key
from tagd.catalogue.search.fragments import Sql, in_parentheses, joined
from tagd.catalogue.search.typed import plain
from tagd.fs import key_of


def lies_at(text: str) -> Sql:
    """What holds for a file with a text in its path; an absolute one is that file, or all below."""
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    if text.startswith("/") and not is_glob(text):
        path, prefix = Path(text), below_key(Path(text))
        key = "+file.path_key"
        return Sql(
            f"({key} = ? OR ({key} > ? AND {key} < ?) OR +file.path = ?)",
            (key_of(path), prefix, prefix[:-1] + b"0", shown),
        )
    # A name may be written with its accents as signs of their own, as macOS does; and what an input
    # method types full-width may be written in ASCII.
    written = (shown, normalize("NFC", shown), normalize("NFD", shown), plain(shown))
    patterns = dict.fromkeys(map(_pattern, written))
    like = (Sql("+file.path LIKE ? ESCAPE '\\'", (pattern,)) for pattern in patterns)
    return in_parentheses(joined(like, " OR "))


def is_glob(text: str) -> bool:
    """Return whether a text has signs that stand for others."""
    return "*" in text or "?" in text


def _pattern(text: str) -> str:
    """What LIKE understands: a part of the path, or with * and ? its end."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    if not is_glob(text):
        return f"%{text}%"
    return ("" if text.startswith("/") else "%") + text.replace("*", "%").replace("?", "_")


def named(text: str) -> Sql | None:
    """The files with a text in their path, out of the index that holds no more than paths: a FROM
    clause. It looks through all of them, and still at no other row. None for an absolute path."""
    if text.startswith("/"):
        return None
    like = lies_at(text)
    source = f"(SELECT id FROM file INDEXED BY ix_file_path WHERE {like.text}) AS named"
    return Sql(f"{source} CROSS JOIN file ON file.id = named.id", like.values)
