"""The packages' weights are exactly those that the zoo names, or are refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tagd.errors import WeightsMissing, WeightsRefused
from tagd.models.zoo import bundled
from tests.models import EMBEDDED, embedded_weights

WEIGHTS = embedded_weights("efficientnet-lite0")


@pytest.mark.parametrize("model", EMBEDDED)
def test_the_installed_weights_are_those_of_the_zoo(model: str) -> None:
    weights = embedded_weights(model)
    path = bundled.verify(weights)
    assert path.suffix == ".pth"
    assert path.stat().st_size == weights.size_bytes
    assert hashlib.sha256(bundled.read(weights)).hexdigest() == weights.sha256


def _refused(path: Path) -> WeightsRefused:
    with pytest.raises(WeightsRefused) as caught:
        bundled.read(WEIGHTS, path)
    assert str(path) in caught.value.message
    assert WEIGHTS.sha256[:12] in caught.value.message
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:12] in caught.value.message
    assert WEIGHTS.requirement in caught.value.hint
    return caught.value


@pytest.mark.parametrize("place", [0, 9_000_000, -1])
def test_a_flipped_bit_is_refused_with_both_hashes(tmp_path: Path, place: int) -> None:
    content = bytearray(bundled.read(WEIGHTS))
    content[place] ^= 1
    changed = tmp_path / "lite0.pth"
    changed.write_bytes(content)
    _refused(changed)


def test_a_truncated_file_is_refused_with_its_size(tmp_path: Path) -> None:
    short = tmp_path / "lite0.pth"
    short.write_bytes(bundled.read(WEIGHTS)[:-10])
    assert "18826022 bytes, expected 18826032" in _refused(short).message


def test_another_models_weights_are_refused() -> None:
    _refused(bundled.locate(embedded_weights("efficientnet-lite2")))


@pytest.mark.parametrize(
    "missing", [{"package": "efficientnet_lite9_pytorch_model"}, {"accessor": "NoSuchFile"}]
)
def test_a_missing_package_is_said_with_what_to_install(missing: dict[str, str]) -> None:
    with pytest.raises(WeightsMissing, match="is not installed") as caught:
        bundled.verify(WEIGHTS.model_copy(update=missing))
    assert "pip install" in caught.value.hint
    assert WEIGHTS.requirement in caught.value.hint


def test_a_file_that_is_gone_or_unreadable_is_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="No such file"):
        bundled.read(WEIGHTS, tmp_path / "gone.pth")
    with pytest.raises(WeightsMissing, match="Is a directory"):
        bundled.read(WEIGHTS, tmp_path)
