"""The first run on a machine: PyTorch answers while the graph is made, the graph from then on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import photos
from tests.acceptance.home import Home
from tests.support import wait_until

EXPORT_SECONDS = 90.0


def test_the_graph_takes_over_as_soon_as_it_is_there(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", '[model]\nname = "efficientnet-lite0"\n')
    photos.coffee().save(home.photos / "first.jpg", quality=95)
    assert home.run("tag", home.photos).returncode == 0
    graphs = home.root / "cache" / "tagd" / "graphs"
    wait_until(lambda: bool(list(graphs.glob("*.sha256"))), EXPORT_SECONDS, "the graph is made")

    photos.coffee().rotate(1).save(home.photos / "second.jpg", quality=95)
    second = home.run("tag", home.photos, "--json")
    assert "ONNX Runtime" in second.stdout
    assert home.tags("first.jpg") == home.tags("second.jpg")


def test_with_a_graph_no_torch_is_imported(home: Home) -> None:
    photos.coffee().save(home.photos / "coffee.jpg", quality=95)
    command = home.command("tag", home.photos)
    told = subprocess.run(
        [sys.executable, "-X", "importtime", *command[1:]],
        capture_output=True,
        text=True,
        env=home.environment,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "onnxruntime" in imported
    assert not imported & {"torch", "timm", "torchvision", "transformers"}
    assert "espresso" in home.tags("coffee.jpg")


@pytest.mark.slow
def test_a_damaged_graph_is_not_used(tmp_path: Path, warm_cache: Path) -> None:
    home = Home(tmp_path / "home", '[model]\nname = "efficientnet-lite0"\n')
    graphs = home.root / "cache" / "tagd" / "graphs"
    graphs.mkdir(parents=True)
    for file in (warm_cache / "tagd" / "graphs").iterdir():
        content = bytearray(file.read_bytes())
        if file.suffix == ".onnx":
            content[len(content) // 2] ^= 1
        (graphs / file.name).write_bytes(content)
    photos.coffee().save(home.photos / "coffee.jpg", quality=95)
    told = home.run("tag", home.photos, "--json")
    assert told.returncode == 0, told.stderr
    assert "ONNX" not in told.stdout
    assert "espresso" in home.tags("coffee.jpg")
