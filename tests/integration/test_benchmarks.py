"""The benchmarks' own parts work: what they compare is comparable, and what they make distinct."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import chart, flat, gpu, samples
from benchmarks.beside import Beside
from benchmarks.held import Held
from benchmarks.library import Library
from benchmarks.rates import Round
from benchmarks.report import Target
from tagd.decoding.decode import DecodeLimits, decode
from tagd.models.runtime.device import Device
from tagd.models.zoo.preprocessing_config import of_timm
from tests.photos import coffee

CPU = Device("cpu", "fp32", "standing in for a GPU")
TIMM = {"input_size": (3, 64, 64), "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


def test_photos_made_from_samples_are_no_duplicates(tmp_path: Path) -> None:
    made = samples.make(samples.sources(None), (120, 90), 43, tmp_path / "made")
    found = [decode(each, (), DecodeLimits()) for each in made]
    assert len({each.photo_id for each in found}) == 43
    assert {(each.facts.width, each.facts.height) for each in found} == {(120, 90)}


def test_a_folders_own_photos_are_taken_the_labelled_ones_apart(tmp_path: Path) -> None:
    for place in ("album", "n02123045"):
        (tmp_path / place).mkdir()
        coffee().save(tmp_path / place / "a.jpg")
    (tmp_path / "album" / "broken.jpg").write_bytes(b"no photo")
    assert samples.sources(tmp_path) == [tmp_path / "album" / "a.jpg"]
    assert samples.labelled(tmp_path) == [tmp_path / "n02123045" / "a.jpg"]


def test_the_limit_is_that_of_one_after_the_other() -> None:
    one = Round(loop=7, decode=100, forward=300, tagd=70, cascade=50, start_up=1)
    assert one.limit == pytest.approx(75)
    assert one.of_limit == pytest.approx(70 / 75)
    assert one.over_loop == pytest.approx(10)


def test_a_figure_is_met_or_missed_or_only_told() -> None:
    assert Target("a", 9, least=9).is_met is True
    assert Target("a", 8.9, least=9).is_met is False
    assert Target("a", 351, most=350).is_met is False
    assert Target("a", 1).is_met is None


def test_the_chart_is_drawn(tmp_path: Path) -> None:
    one = Round(loop=7, decode=100, forward=300, tagd=70, cascade=50, start_up=1)
    chart.draw({"12 MP": [one, one], "500 px": [one]}, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as drawn:
        assert drawn.width > 500


def test_many_large_photos_are_new_content_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flat, "LARGE", (320, 240))
    flat.make(20, tmp_path / "many")
    made = sorted((tmp_path / "many").iterdir())
    assert len({decode(each, (), DecodeLimits()).photo_id for each in made}) == 20


def test_what_is_decoded_on_the_device_is_what_decoders_give(tmp_path: Path) -> None:
    coffee().save(tmp_path / "a.jpg", quality=95)
    preprocessing = of_timm({**TIMM, "interpolation": "bilinear"}, "here")
    ours = decode(tmp_path / "a.jpg", [preprocessing.geometry], DecodeLimits())
    theirs = gpu.decoded_on_device([tmp_path / "a.jpg"] * 2, preprocessing, CPU)
    assert theirs.dtype == np.uint8
    apart = np.abs(theirs.astype(int) - ours.inputs[preprocessing.geometry])
    assert apart.mean() < 2


def test_the_soaks_model_is_what_is_on_the_disk(tmp_path: Path) -> None:
    worked_on = []
    for name in ("once", "again"):
        top, staged = tmp_path / name, tmp_path / f"staged-{name}"
        top.mkdir()
        staged.mkdir()
        made = Library(top, staged, random.Random(3))
        for _ in range(150):
            made.step()
        made.end_copies()
        made_here = (each for each in top.rglob("*") if each.is_file() and each.suffix != ".xmp")
        there = {str(each.relative_to(top)): each for each in made_here}
        assert there.keys() == made.files.keys()
        assert not any(held.lacks(there[path].read_bytes()) for path, held in made.files.items())
        assert not list(Beside(made).changed())
        worked_on.append(made)
    assert worked_on[0].files == worked_on[1].files, "the same seed makes the same steps"
    said = {
        path: ("tagged" if held.photo_id else "failed", held.photo_id)
        for path, held in made.files.items()
    }
    assert made.differences({**said, "gone.jpg": ("missing", "f")}) == []
    assert made.differences({**said, "gone.jpg": ("tagged", "f")}) == ["gone.jpg is not there"]
    path = said.popitem()[0]
    assert [each.split()[0] for each in made.differences(said)] == [path]


def test_a_photo_with_no_tags_but_its_own_keywords_needs_no_sidecar(tmp_path: Path) -> None:
    made = Library(tmp_path, tmp_path, random.Random(3))
    made.files["a.jpg"] = Held("f" * 32, keywords=frozenset({"theirs"}))
    beside = Beside(made)
    assert not list(beside.differences({"a.jpg": frozenset({"theirs"})}, are_written=True))
    lacking = list(beside.differences({"a.jpg": frozenset({"theirs", "cat"})}, are_written=True))
    assert lacking == ["a.jpg has no sidecar"]


@pytest.mark.slow
def test_the_gpus_benchmark_runs_with_the_cpu_standing_in() -> None:
    network = gpu.Network("resnet18", gmacs=1.8, batch=2, share=0.1)
    found, notes = gpu.measure(gpu.Bench(CPU, seconds=0.01, most=2), [network])
    figures = {each.name: each for each in found}
    assert figures["resnet18, eager: apart from fp32 on the CPU (of the spread)"].is_met
    assert all(each.value > 0 for each in found if "apart" not in each.name)
    assert {"photos a second, decoder processes", "photos a second, decoded on the device"} < set(
        figures
    )
    assert notes == []
