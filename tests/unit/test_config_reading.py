"""Whose keywords become tags by themselves."""

from __future__ import annotations

import pytest

from tagd.assembly.writing import reads_keywords
from tagd.config import load


@pytest.mark.parametrize(
    ("settings", "reads"),
    [
        ({}, False),
        ({"WRITE": "sidecar"}, True),
        ({"RULES": '[{"path": "raw/**", "write": "sidecar"}]'}, True),
        ({"READ": "on"}, True),
        ({"READ": "off", "WRITE": "both"}, False),
    ],
)
def test_they_do_where_tags_are_written_or_as_told(settings: dict[str, str], reads: bool) -> None:
    environ = {f"TAGD_METADATA__{key}": value for key, value in settings.items()}
    assert reads_keywords(load(None, environ)) is reads
