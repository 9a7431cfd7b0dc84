"""Which label each place of an output stands for."""

from __future__ import annotations

import re

import pytest

from tagd.errors import ModelError
from tagd.models import labelset


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
