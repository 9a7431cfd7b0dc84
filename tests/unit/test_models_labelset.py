"""Which label each place of an output stands for."""

from __future__ import annotations

import re

import pytest

from tagd.errors import ModelError
from tagd.models.zoo import labelset


def test_imagenet_has_a_thousand_synsets_in_order() -> None:
    labels = labelset.load("imagenet-1k")
    assert len(labels) == 1000
    assert list(labels) == sorted(set(labels))
    assert all(re.fullmatch(r"n\d{8}", label) for label in labels)
    # tench, tabby, espresso and toilet tissue stand where everyone's tables have them
    assert [labels[place] for place in (0, 281, 967, 999)] == [
        "n01440764",
        "n02123045",
        "n07920052",
        "n15075141",
    ]


def test_an_unknown_label_set_is_named() -> None:
    with pytest.raises(ModelError, match="label set 'imagenet-2k' cannot be read"):
        labelset.load("imagenet-2k")


@pytest.mark.parametrize("name", labelset.SETS)
def test_every_set_has_its_number_of_labels_each_with_words(name: str) -> None:
    labels = labelset.load(name)
    assert len(labels) == len(set(labels)) == labelset.SETS[name]
    assert len(labelset.lemmas(name)) == len(labels)
    assert labelset.recognise("mine", list(labels)) == name


@pytest.mark.parametrize(
    ("tag", "classes", "expected"),
    [
        ("a1_in1k", 1000, "imagenet-1k"),
        ("mim_m38m_ft_in22k_in1k", 1000, "imagenet-1k"),
        ("sw_in12k_ft_in1k_384", 1000, "imagenet-1k"),
        ("sw_in12k", 11821, "imagenet-12k"),
        ("miil_in21k", 11221, "imagenet-21k-miil"),
        ("augreg_in21k", 21843, "imagenet-21k-goog"),
        ("in1k_ft_in22k", 21841, "imagenet-22k"),
        ("ms_in22k", 21842, "imagenet-22k-ms"),
        ("fb_dino", 1000, None),  # which thousand?
        ("inat21", 10000, None),
        (None, 1000, None),
        ("orig_in21k", 0, None),  # without a head
    ],
)
def test_checkpoints_of_timms_name_their_set(
    tag: str | None, classes: int, expected: str | None
) -> None:
    assert labelset.of_timm({"tag": tag, "num_classes": classes}) == expected
