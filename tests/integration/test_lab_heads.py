"""A head is trained on a folder of pictures, through the real command and a real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tagd.lab.heads.__main__ import main
from tagd.models.runtime.heads import Head
from tests.photos import SAMPLES, cat, coffee


def test_a_folder_of_ones_own_pictures_makes_a_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    views = {"cat": cat(), "my cup": coffee(), "none": Image.open(SAMPLES / "rocket.jpg")}
    for word, picture in views.items():
        (tmp_path / "words" / word).mkdir(parents=True)
        for number in range(10):
            view = picture.crop((3 * number, 2 * number, 300 + 3 * number, 280 + 2 * number))
            view.save(tmp_path / "words" / word / f"{number}.jpg")
    (tmp_path / "words/cat/no.jpg").write_text("no picture")
    into = tmp_path / "head.npz"
    assert main(["train", "--pictures", str(tmp_path / "words"), "--into", str(into)]) == 0
    assert "no.jpg: cannot be read" in capsys.readouterr().err
    head = Head.load(into)
    assert head.words == ("cat", "my cup")
    assert head.labels == ("n02121808", "own:my cup")
    assert head.about["pictures"] == {"own": 30}
