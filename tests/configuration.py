"""What the tests of configurations share: a file in a folder, and how it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.config import load
from tagd.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(file: Path, environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file, environ)
    return str(caught.value)
