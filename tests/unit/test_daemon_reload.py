"""What a changed configuration means for a daemon that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tagd.config import Config
from tagd.config.keys import SECTIONS
from tagd.daemon.reload import Part, changes, parts_of


def changed(section: str, **values: Any) -> Config:
    config = Config()
    table = getattr(config, section).model_copy(update=values)
    return config.model_copy(update={section: table})


def test_nothing_has_changed() -> None:
    found = changes(Config(), Config())
    assert (found.taken, found.fixed, found.parts) == ((), (), frozenset())
    assert "nothing has changed" in found.in_words()


@pytest.mark.parametrize(
    ("section", "values", "parts"),
    [
        ("tags", {"top_k": 3}, {Part.WORKER}),
        ("watch", {"exclude": ("drafts",)}, {Part.INTAKE}),
        ("watch", {"settle_seconds": 9.0}, {Part.INTAKE, Part.WORKER}),
        ("model", {"name": "efficientnet-lite1"}, {Part.ENGINE}),
        ("worker", {"batch_size": 9}, {Part.ENGINE}),
        ("worker", {"windows": ("22:00-06:00",)}, {Part.RETAG}),
        ("taggers", {"precision": 0.95}, {Part.WORKER}),
        ("metadata", {"write": "sidecar"}, {Part.WORKER}),
        ("metadata", {"sidecar_folder": Path("/x")}, {Part.INTAKE, Part.WORKER}),
        ("backup", {"keep": 2}, {Part.MAINTENANCE}),
        ("log", {"level": "debug"}, {Part.LOG}),
        ("web", {"listen": ""}, {Part.WEB}),
    ],
)
def test_what_is_built_anew(section: str, values: dict[str, Any], parts: set[Part]) -> None:
    found = changes(Config(), changed(section, **values))
    assert found.taken == tuple(f"{section}.{key}" for key in values)
    assert not found.fixed
    assert found.parts == parts


def test_what_takes_a_restart_is_named() -> None:
    found = changes(Config(), changed("catalogue", path=Path("/elsewhere.db")))
    assert found.fixed == ("catalogue.path",)
    assert found.in_words() == "needs a restart: catalogue.path"


def test_it_is_known_of_every_key() -> None:
    for section, keys in SECTIONS.items():
        for key in keys:
            assert parts_of(f"{section}.{key}")
