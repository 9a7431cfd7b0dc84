from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A person's environment with a home of its own; the system's file does not count."""
    monkeypatch.setattr("tagd.config.sources.SYSTEM_FILE", tmp_path / "etc" / "config.toml")
    return {"HOME": str(tmp_path / "home")}
