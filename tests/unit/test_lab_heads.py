"""Heads are fitted, judged at everyday shares, calibrated and written, the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagd.errors import ConfigError, ModelError
from tagd.lab.heads.__main__ import main
from tagd.lab.heads.calibrate import adjustment, calibration, sigmoid
from tagd.lab.heads.card import card
from tagd.lab.heads.examples import Examples, normalised, read_numbers
from tagd.lab.heads.file import write_arrays
from tagd.lab.heads.fit import Fitting, fit
from tagd.lab.heads.judge import Scored
from tagd.lab.heads.recipe import read_recipe
from tagd.lab.heads.train import counted, train
from tagd.models.pool import ModelPool
from tagd.models.runtime.heads import Head

WORDS = ("beach", "dog", "gold")


def made(count: int, seed: int = 0, width: int = 24) -> Examples:
    """Pictures that show a word where one direction of three is strong."""
    random = np.random.default_rng(seed)
    truths = (random.random((count, len(WORDS))) < 0.3).astype(np.float32)
    features = random.random((count, width)).astype(np.float32)
    features[:, : len(WORDS)] += truths
    return Examples(
        words=WORDS,
        features=normalised(features),
        truths=truths,
        known=np.ones_like(truths),
        folds=(np.arange(count) % 5).astype(np.uint8),
        sets=("made",) * count,
    )


def write_numbers(path: Path, examples: Examples) -> Path:
    """Write examples as numbers."""
    scale = examples.features.max(axis=0)
    embeddings = np.round(255 * np.sqrt(examples.features / scale)).astype(np.uint8)
    write_arrays(
        path,
        {
            "embeddings": embeddings,
            "scale": scale,
            "labels": np.where(examples.known > 0, examples.truths, 2).astype(np.uint8),
            "weights": np.full(examples.truths.shape, 40, np.uint8),
            "words": np.array(examples.words),
            "sets": np.array(examples.sets),
            "fold": examples.folds,
        },
    )
    return path


def test_a_fit_tells_words_apart_in_pictures_that_it_has_not_seen() -> None:
    unseen = made(400, seed=1)
    logits = fit(made(2000), Fitting(rate=0.02, l2=0.0)).logits(unseen.features)
    assert ((logits > 0) == (unseen.truths > 0)).mean() > 0.85


def test_what_nobody_knows_of_a_picture_teaches_nothing() -> None:
    plain = made(400)
    lies = plain.truths.copy()
    lies[::2, 0] = 1 - lies[::2, 0]
    known = plain.known.copy()
    known[::2, 0] = 0
    one, other = (
        Examples(WORDS, plain.features, truths, known, plain.folds, plain.sets)
        for truths in (plain.truths, lies)
    )
    assert np.array_equal(fit(one, Fitting()).weights, fit(other, Fitting()).weights)


def scored(logits: NDArray[np.float32], truths: NDArray[np.float32], share: float) -> Scored:
    examples = Examples(
        ("word",),
        np.zeros((len(truths), 1), np.float32),
        truths[:, None],
        np.ones((len(truths), 1), np.float32),
        np.zeros(len(truths), np.uint8),
        ("made",) * len(truths),
    )
    return Scored.of(examples, logits[:, None], "word", share)


def noisy(count: int, share: float, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and truths: a unit normal, 3 higher where the word is shown."""
    random = np.random.default_rng(seed)
    truths = (random.random(count) < share).astype(np.float32)
    return (random.normal(size=count) + 3 * truths).astype(np.float32), truths


@given(st.integers(0, 100))
def test_a_rarer_word_needs_more(seed: int) -> None:
    logits, truths = noisy(4000, 0.5, seed)
    often, rarely = (scored(logits, truths, share) for share in (0.5, 0.05))
    assert rarely.threshold(0.9) > often.threshold(0.9)
    assert often.precision_at(often.threshold(0.9)) >= 0.9
    assert often.recall_at(rarely.threshold(0.9)) < often.recall_at(often.threshold(0.9))


def test_a_word_that_cannot_be_told_has_no_threshold() -> None:
    truths = np.tile(np.array([0, 1], np.float32), 50)
    assert np.isnan(scored(np.zeros(100, np.float32), truths, 0.1).threshold(0.9))


@given(st.integers(0, 50), st.sampled_from([0.02, 0.1, 0.3]))
def test_calibrated_logits_are_probabilities_at_the_words_share(seed: int, share: float) -> None:
    logits, truths = noisy(6000, 0.5, seed)
    slope, shift = calibration(scored(logits, truths, share))
    fresh, shown = noisy(20000, share, seed + 1000)
    said = sigmoid(slope * fresh.astype(np.float64) + shift)
    assert said.mean() == pytest.approx(shown.mean(), abs=0.01)
    sure = said > 0.8
    assert shown[sure].mean() == pytest.approx(said[sure].mean(), abs=0.12)


def test_everyday_photos_move_all_words_and_each_a_little() -> None:
    random = np.random.default_rng(0)
    photos = made(300)
    logits = 3 * (photos.truths - 0.5) + random.normal(size=photos.truths.shape)
    shifted = logits + np.array([1.0, 1.0, 3.0])  # too sure, of gold above all
    found = adjustment(shifted, photos)
    assert found.words[2] < found.words[0] - 1
    assert sigmoid(found.of(shifted)).mean() == pytest.approx(photos.truths.mean(), abs=0.02)
    slope = found.calibration(np.array([[1.0, 0.0]] * 3))
    assert np.allclose(slope[:, 0] * shifted + slope[:, 1], found.of(shifted))


def test_a_word_that_is_not_learnt_is_left_out() -> None:
    examples = made(1500)
    random = np.random.default_rng(3)
    examples.truths[:, 2] = random.random(1500) < 0.3  # of which the features know nothing
    shares = dict.fromkeys(WORDS, 0.3)
    head = train(examples, made(200, seed=2), shares, Fitting(rate=0.02, l2=0.0))
    assert head.words == ("beach", "dog")
    assert head.linear.weights.shape[0] == len(head.figures) == len(head.thresholds) == 2
    assert sum(one.count for one in head.reliability) == 200 * 3


def test_the_command_writes_a_head_that_tells_the_words(tmp_path: Path) -> None:
    numbers = write_numbers(tmp_path / "numbers.npz", made(1500))
    photos = write_numbers(tmp_path / "everyday.npz", made(200, seed=2))
    (tmp_path / "shares.json").write_text('{"beach": 0.3, "dog": 0.3, "gold": 0.3}')
    (tmp_path / "recipe.toml").write_text(
        'left_out = ["gold"]\n[rules]\nnot_beside = { dog = ["beach"] }\n'
    )
    into = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for path in into:
        asked = ["train", "--numbers", str(numbers), "--everyday", str(photos)]
        asked += ["--shares", str(tmp_path / "shares.json"), "--into", str(path)]
        assert main([*asked, "--recipe", str(tmp_path / "recipe.toml")]) == 0
    assert into[0].read_bytes() == into[1].read_bytes()
    head = Head.load(into[0])
    head.require(ModelPool().fingerprint_of("efficientnet-lite0"))
    assert head.words == ("beach", "dog")
    assert head.labels == ("n09428293", "n02084071")
    assert head.about["numbers_sha256"] == read_numbers(numbers).sha256
    assert head.about["rules"] == {"not_beside": {"dog": ["beach"]}}
    unseen = made(300, seed=4)
    told = head.probabilities(unseen.features) >= head.thresholds[:, 1]
    assert (unseen.truths[:, :2] > 0)[told].mean() > 0.8


def test_the_command_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no.npz").write_bytes(b"no")
    asked = ["train", "--numbers", str(tmp_path / "no.npz"), "--into", str(tmp_path / "head.npz")]
    assert main(asked) == 1
    assert "no numbers to train on" in capsys.readouterr().err
    assert not (tmp_path / "head.npz").exists()
    with pytest.raises(ModelError, match=r"absent\.npz"):
        read_numbers(tmp_path / "absent.npz")


def test_a_recipe_says_what_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(
        '[[absent]]\nwords = ["gold"]\nsets = ["made"]\nweight = 0.25\nunless = ["dog"]\n'
    )
    examples = made(50)
    examples.known[:, 2] = 0
    applied = read_recipe(path).applied(examples)
    assert np.array_equal(applied.known[:, 2], np.where(examples.truths[:, 1] > 0, 0, 0.25))
    assert not applied.truths[applied.known[:, 2] > 0, 2].any()
    path.write_text("[[absent]]\nwords = []\n")
    with pytest.raises(ConfigError, match=r"recipe\.toml"):
        read_recipe(path)


SHIPPED = [("efficientnet-lite0", "lite0"), ("efficientnet-lite2", "lite2")]
HEADS = Path(__file__).parents[2] / "tagd/models/heads"
DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize(("base", "short"), SHIPPED)
def test_shipped_heads_tell_everyday_photos_as_they_say(base: str, short: str) -> None:
    head = Head.load(HEADS / f"everyday-{base}.npz")
    head.require(ModelPool().fingerprint_of(base))
    photos = read_numbers(DATA / f"everyday-{short}.npz")
    assert photos.sha256 == head.about["everyday_sha256"]
    photos = photos.aligned(head.words)
    told = head.probabilities(photos.features) >= head.thresholds[:, 1]
    found = counted(told, photos)
    assert found == head.about["everyday"]
    assert found["wrong"] < 0.1 * told.sum()
    assert not {"man", "woman", "boy", "girl"} & set(head.words)
    assert {source["set"] for source in head.about["sources"]} == head.about["pictures"].keys()


def test_the_page_about_the_heads_is_that_of_those_that_ship() -> None:
    heads = [Head.load(HEADS / f"everyday-{base}.npz") for base, _ in SHIPPED]
    page = (HEADS.parents[2] / "docs/everyday-words.md").read_text(encoding="utf-8")
    assert page == card(heads), "write it anew: python -m tagd.lab.heads card"
    assert all(f"\n| {word} | " in page for word in heads[0].words)
