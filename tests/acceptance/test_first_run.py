"""The first run on a machine: PyTorch answers while the graph is made, the graph from then on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tagd.models.runtime.graph_cache import GraphFile
from tagd.models.zoo import registry
from tests import photos
from tests.acceptance.home import Home


def test_the_graph_is_there_when_the_first_run_returns(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", '[model]\nname = "efficientnet-lite0"\n')
    photos.coffee().save(home.photos / "first.jpg", quality=95)
    first = home.run("tag", home.photos)
    assert first.returncode == 0
    assert list((home.root / "cache" / "tagd" / "graphs").glob("*.sha256"))

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


def test_what_cannot_be_exported_is_not_tried_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", '[model]\nname = "efficientnet-lite0"\n')
    photos.coffee().save(home.photos / "coffee.jpg", quality=95)
    facts = registry.find("efficientnet-lite0")
    graphs = home.root / "cache" / "tagd" / "graphs"
    graphs.mkdir(parents=True)
    GraphFile.of(graphs, facts.fingerprint or "").refuse("its answers differ")
    told = home.run("tag", home.photos, "--json")
    assert "efficientnet-lite0 stays with PyTorch: its answers differ" in told.stderr
    assert "ONNX" not in told.stdout
    assert "espresso" in home.tags("coffee.jpg")
    assert [each.suffix for each in graphs.iterdir()] == [".refused"]


def export_with(trouble: str, graphs: Path) -> tuple[str, str | None]:
    """What an export says that meets this trouble, and the reason that is kept."""
    code = f"from tagd.models import graph_export as made; {trouble}; made.main"
    told = subprocess.run(
        [sys.executable, "-c", f"{code}(['efficientnet-lite0', {str(graphs)!r}])"],
        capture_output=True,
        text=True,
        check=False,
    )
    facts = registry.find("efficientnet-lite0")
    return told.stderr, GraphFile.of(graphs, facts.fingerprint or "").refused()


def test_why_a_model_cannot_be_exported_is_kept(tmp_path: Path) -> None:
    said, kept = export_with("made.CLOSE_ENOUGH = 0.0", tmp_path)
    assert "differ from PyTorch's" in said
    assert "differ" in (kept or "")


def test_an_export_without_memory_is_tried_again(tmp_path: Path) -> None:
    lacks = "RuntimeError('DefaultCPUAllocator: not enough memory')"
    trouble = f"made.torch.zeros = lambda *a, **k: (_ for _ in ()).throw({lacks})"
    said, kept = export_with(trouble, tmp_path)
    assert "DefaultCPUAllocator" in said
    assert kept is None


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
    damaged = {file.read_bytes() for file in graphs.glob("*.onnx")}
    photos.coffee().save(home.photos / "coffee.jpg", quality=95)
    told = home.run("tag", home.photos, "--json")
    assert told.returncode == 0, told.stderr
    there = {file.read_bytes() for file in graphs.glob("*.onnx")}
    assert there != damaged or "ONNX" not in told.stdout, "unless it was exported anew"
    assert "espresso" in home.tags("coffee.jpg")
