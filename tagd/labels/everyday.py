"""Words for what people photograph, such as sunset or living room, as `data/everyday.tsv` has them.

They are what models that know everyday words say, and labels like all others: named in
`names.XX.tsv`, below others in the hierarchy.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from tagd.labels.tables import DATA, rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EVERYDAY = "everyday:"  # what labels begin with that WordNet has no synset for


@cache
def labels(folder: Path = DATA) -> Mapping[str, str]:
    """Return the label of each everyday word: a synset, or `everyday:` and a word of its own."""
    return MappingProxyType({word: label for word, label, _ in rows("everyday.tsv", folder)})
