"""A person and two real models about one photo."""

from __future__ import annotations

import os

from tests import photos
from tests.acceptance.home import Home


def ask(home: Home, model: str) -> None:
    """This model is to look at the photo, whose file was touched meanwhile."""
    home.configure(f'[model]\nname = "{model}"\n')
    os.utime(home.photos / "cat.jpg")
    told = home.run("tag", home.photos)
    assert told.returncode == 0, told.stderr


def test_what_a_person_says_outlives_the_next_model(home: Home) -> None:
    photo = home.photos / "cat.jpg"
    photos.cat().save(photo)
    ask(home, "efficientnet-lite0")
    assert {"animal", "cat"} <= set(home.tags("cat.jpg"))
    for arguments in (("reject", photo, "猫"), ("add", photo, "Chelsea")):
        assert home.run(*arguments).returncode == 0
    mine = ["Chelsea", "animal"]
    assert home.tags("cat.jpg") == mine, "and no kind of cat"

    ask(home, "efficientnet-lite2")
    assert home.inferences() == 2
    assert home.tags("cat.jpg") == mine
    assert home.rows("SELECT DISTINCT model FROM v_photo_tags WHERE source = 'model'") == [
        ("efficientnet-lite2",)
    ]

    assert home.run("undo", "--model", "efficientnet-lite2").returncode == 0
    assert home.rows("SELECT DISTINCT model FROM v_photo_tags WHERE source = 'model'") == [
        ("efficientnet-lite0",)
    ]
    ask(home, "efficientnet-lite2")
    assert home.inferences() == 2, "what was undone is not asked for again"
    assert home.run("undo", "--model", "efficientnet-lite0").returncode == 0
    assert home.tags("cat.jpg") == ["Chelsea"]
