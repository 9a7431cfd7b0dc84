"""The same four give the same fingerprint everywhere; a change of any gives another."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Geometry
from tagd.errors import ModelError
from tagd.models.pool import ModelPool
from tagd.models.zoo import registry
from tagd.models.zoo.fingerprint import fingerprint
from tagd.models.zoo.preprocessing import Preprocessing

GOLDEN = {
    "efficientnet-lite0": "f62f97dc2523df7d60f5a8f9021398279deac63f7327824b33b9cdcb70e2daba",
    "efficientnet-lite1": "44904bc383e5778c602bb935705874ebd4b7ab143c6da024b05b4d96ffb54986",
    "efficientnet-lite2": "af8e3351945b52fb2766f68007da477a0fc8648750068afeb957486d31625527",
}


class Identity(TypedDict):
    """The four that a fingerprint is made of."""

    weights_sha256: str
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    settings: dict[str, str | int | float | bool]


PLAIN = Preprocessing(Geometry(256, (224, 224)), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
BASE = Identity(
    weights_sha256="0" * 64,
    preprocessing=PLAIN,
    labels=("n01440764", "n01443537"),
    settings={"architecture": "some", "epsilon": 0.001},
)


@pytest.mark.parametrize("model", GOLDEN)
def test_the_embedded_models_have_their_golden_fingerprints(model: str) -> None:
    assert ModelPool().fingerprint_of(model) == GOLDEN[model] == registry.find(model).fingerprint


def test_another_process_with_another_hash_seed_finds_the_same() -> None:
    script = (
        "from tagd.models.pool import ModelPool\n"
        "print(*map(ModelPool().fingerprint_of, "
        "('efficientnet-lite0', 'efficientnet-lite1', 'efficientnet-lite2')))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        said = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=True, env=environment
        )
        assert said.stdout.decode().split() == list(GOLDEN.values())


CHANGED: list[Identity] = [
    {**BASE, "weights_sha256": "1" + "0" * 63},
    {**BASE, "labels": ("n01443537", "n01440764")},
    {**BASE, "labels": ("n01440764",)},
    {**BASE, "settings": {"architecture": "other", "epsilon": 0.001}},
    {**BASE, "settings": {"architecture": "some", "epsilon": 0.01}},
    {**BASE, "settings": {"architecture": "some"}},
    {**BASE, "preprocessing": replace(PLAIN, mean=(0.5, 0.5, 0.4))},
    {**BASE, "preprocessing": replace(PLAIN, std=(0.5, 0.4, 0.5))},
    {**BASE, "preprocessing": replace(PLAIN, geometry=Geometry(255, (224, 224)))},
    {**BASE, "preprocessing": replace(PLAIN, geometry=Geometry((256, 256), (224, 224)))},
    {**BASE, "preprocessing": replace(PLAIN, geometry=Geometry(256, (224, 225)))},
    {**BASE, "preprocessing": replace(PLAIN, geometry=Geometry(256, (224, 224), "bilinear"))},
]


def test_a_change_of_any_of_the_four_gives_another() -> None:
    found = [fingerprint(**identity) for identity in (BASE, *CHANGED)]
    assert len(set(found)) == len(found)


@given(st.permutations(list(BASE["settings"].items())), st.booleans())
def test_the_order_of_settings_and_the_kind_of_sequence_do_not_matter(
    settings: list[tuple[str, str | int | float | bool]], listed: bool
) -> None:
    same = fingerprint(
        weights_sha256=BASE["weights_sha256"],
        preprocessing=PLAIN,
        labels=list(BASE["labels"]) if listed else BASE["labels"],
        settings=dict(settings),
    )
    assert same == fingerprint(**BASE)


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_every_digit_of_the_normalisation_counts(values: list[float]) -> None:
    mean, std = (values[0], values[1], values[2]), (values[3], values[4], values[5])
    changed: Identity = {**BASE, "preprocessing": Preprocessing(PLAIN.geometry, mean, std)}
    differs = fingerprint(**changed) != fingerprint(**BASE)
    assert differs == ((mean, std) != (PLAIN.mean, PLAIN.std))


def test_a_number_that_is_none_is_refused() -> None:
    broken: Identity = {**BASE, "settings": {"epsilon": float("nan")}}
    with pytest.raises(ValueError, match="JSON"):
        fingerprint(**broken)


def test_facts_changed_without_the_pinned_fingerprint_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = registry.find("efficientnet-lite0")
    moved = facts.model_copy(update={"preprocessing": PLAIN, "settings": {"epsilon": 1}})
    monkeypatch.setattr(registry, "zoo", lambda: {moved.id: moved})
    with pytest.raises(ModelError, match=r"fingerprint \w{12}…, but pinned is f62f97dc2523…"):
        ModelPool().fingerprint_of(moved.id)
