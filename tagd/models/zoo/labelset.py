"""Which label each place of a network's output stands for, in order.

`data/imagenet-1k.txt`: the 1,000 WordNet 3.0 synset ids of ImageNet-1k (ILSVRC 2012), sorted, which
is the order of every network trained on it; equal to `imagenet_synsets.txt` of timm.
`data/imagenet-1k.names.txt`: their lemmas in WordNet, in that order, as configurations of such
networks spell them: they tell whether a network's own list of names is this set.

ImageNet's larger sets are read where timm has them, with the names of all synsets.

A classifier with other classes brings a vocabulary of its own: flat, its ids `custom:MODEL/NAME`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagd.errors import ModelError, WeightsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IMAGENET_1K = "imagenet-1k"
SETS: Mapping[str, int] = {  # how many labels each has, by which timm tells them apart, too
    IMAGENET_1K: 1000,
    "imagenet-12k": 11821,
    "imagenet-21k-goog": 21843,
    "imagenet-21k-miil": 11221,
    "imagenet-22k": 21841,
    "imagenet-22k-ms": 21842,
}
CUSTOM = "custom:"
ENGLISH = "en"

_OURS = Path(__file__).parent / "data"
_TAGGED_1K = re.compile(
    r"(^|_)in1k(_\d+|_ema)?$"
)  # such as mim_in22k_ft_in1k, and not in1k_ft_in22k
_REINSTALL = "Reinstall tagd."
_SYNSET = re.compile(r"^n\d{8}$")
_PLACEHOLDER = re.compile(r"^label_\d+$", re.IGNORECASE)  # what transformers writes for no name


@cache
def load(name: str) -> tuple[str, ...]:
    """Return the labels of the set called `name`, such as n01440764, in the order of the output.

    Raises `ModelError` when there is no such set or a label stands in it twice.
    """
    if name == IMAGENET_1K or name not in SETS:
        labels = tuple(_lines(_OURS / f"{name}.txt"))
    else:
        file = f"imagenet{name.removeprefix('imagenet-').replace('-', '_')}_synsets.txt"
        labels = tuple(_lines(_timm() / file))
    if len(set(labels)) != len(labels):
        raise ModelError(f"label set {name!r} names a label twice")
    return labels


@cache
def lemmas(name: str) -> tuple[str, ...]:
    """Return the words for each label of the set called `name`, such as "tench, Tinca tinca"."""
    if name == IMAGENET_1K:
        return tuple(_lines(_OURS / f"{name}.names.txt"))
    words = dict(line.split("\t") for line in _lines(_timm() / "imagenet_synset_to_lemma.txt"))
    return tuple(words[label] for label in load(name))


def of_timm(config: Mapping[str, Any]) -> str | None:
    """Return the set that timm's `pretrained_cfg` names; None where it tells of none for sure.

    Of the larger sets each has a number of classes that no other has, as timm itself takes them. A
    thousand classes may be anyone's: they are ImageNet-1k's where the checkpoint's tag ends so.
    """
    classes = config.get("num_classes")
    found = next((name for name, number in SETS.items() if number == classes), None)
    if found == IMAGENET_1K and not _TAGGED_1K.search(str(config.get("tag") or "")):
        return None
    return found


def _timm() -> Path:
    """Find where timm has its lists; timm itself, which takes seconds to import, is not."""
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        raise ModelError("timm, which has the lists of labels, is not installed", hint=_REINSTALL)
    return Path(spec.origin).parent / "data" / "_info"


def _lines(source: Path) -> list[str]:
    try:
        return source.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"label set {source.stem!r} cannot be read: {error}", hint=_REINSTALL
        ) from error


@dataclass(frozen=True, slots=True)
class OwnLabel:
    """A label that a model brought along, and what it is called, by language. A model that says
    nothing of languages is taken to speak English."""

    id: str
    names: Mapping[str, str]

    def name(self, language: str) -> str:
        """Return what it is called; in English where this language has no name."""
        return self.names.get(language, self.names[ENGLISH])


def own(model: str, names: Sequence[str], languages: Mapping[str, Sequence[str]]) -> list[OwnLabel]:
    """Build the vocabulary of `model` out of its names in the order of the output. Names that are
    synset ids stand for themselves. `languages` holds the names in further languages, in the same
    order.

    Raises `WeightsRefused` on a name that is empty, only a number's place, or there twice.
    """
    wanting = [place for place, name in enumerate(names) if not name or _PLACEHOLDER.match(name)]
    if wanting:
        raise WeightsRefused(
            f"{model}: its label {wanting[0]} has no name ({names[wanting[0]]!r})",
            hint="Give the names, one a line in the order of the output: --labels FILE.",
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WeightsRefused(f"{model}: two of its labels are called {twice[0]!r}")
    synsets = all(map(_SYNSET.match, names))
    found = []
    for place, name in enumerate(names):
        spoken = {code: said[place] for code, said in languages.items() if said[place]}
        label = name if synsets else f"{CUSTOM}{model}/{name}"
        found.append(OwnLabel(label, {ENGLISH: name, **spoken}))
    return found


def recognise(model: str, names: Sequence[str]) -> str | None:
    """Return the set that these names, in the order of a network's output, are those of; None for
    none.

    They are compared word by word with WordNet's, or as synset ids. Raises `WeightsRefused` where
    some agree and others do not: a set in another order gives wrong tags to every photo.
    """
    for known in (known for known, number in SETS.items() if number == len(names)):
        ids = load(known)
        if list(names) == list(ids):
            return known
        if sorted(names) == sorted(ids):
            raise WeightsRefused(
                f"{model}: its labels are those of {known}, but in another order",
                hint="Give them as a list in the order of the output: --labels FILE.",
            )
        agreeing = [
            _words(name) <= _words(ours) and bool(_words(name))
            for name, ours in zip(names, lemmas(known), strict=True)
        ]
        if all(agreeing):
            return known
        if sum(agreeing) > len(names) // 100:
            place = agreeing.index(False)
            raise WeightsRefused(
                f"{model}: are its labels those of {known}? {sum(agreeing)} of {len(names)} are, "
                f"but label {place} is {names[place]!r} where {lemmas(known)[place]!r} is expected",
                hint=f"Say which they are: --labels {known}, or --labels FILE.",
            )
    return None


def _words(name: str) -> frozenset[str]:
    """Return the synonyms in "tench, Tinca tinca"; case does not count, and underscores are
    spaces."""
    parts = name.replace("_", " ").casefold().split(",")
    return frozenset(part.strip() for part in parts if part.strip())


def parse(text: str, origin: str) -> tuple[list[str], dict[str, list[str]]]:
    """Read the names in a list, in order, and those in further languages.

    The list is JSON (a list of names, or an object from places to names) or text: a name a line,
    with names in further languages after tabs, where a first line such as "#en<TAB>ja" says which.
    Raises `WeightsRefused` naming `origin`.
    """
    try:
        if text.lstrip()[:1] in {"[", "{"}:
            return in_order(json.loads(text), origin), {}
        return _table(text)
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsRefused(f"{origin}: this is no list of labels: {error}") from error


def in_order(names: object, origin: str) -> list[str]:
    """Return the names out of a list, or out of an object such as {"0": "tench"} with every place
    once."""
    if isinstance(names, list):
        return [str(name) for name in names]
    if not isinstance(names, dict):
        raise WeightsRefused(f"{origin}: neither a list of labels nor a table of them")
    places = {int(place): str(name) for place, name in names.items()}
    if sorted(places) != list(range(len(places))):
        raise WeightsRefused(f"{origin}: the labels' numbers are not 0 to {len(places) - 1}")
    return [places[place] for place in range(len(places))]


def _table(text: str) -> tuple[list[str], dict[str, list[str]]]:
    lines = [line for line in text.splitlines() if line.strip()]
    head = lines.pop(0).lstrip("#").strip().split("\t") if lines and lines[0][:1] == "#" else ["en"]
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines]
    padded = [[*row, *[""] * len(head)] for row in rows]
    further = {code: [row[column] for row in padded] for column, code in enumerate(head) if column}
    if head[0] != ENGLISH:
        further[head[0]] = [row[0] for row in padded]
    return [row[0] for row in rows], further


def dump(labels: Sequence[OwnLabel]) -> str:
    """Write the vocabulary as the text of its file."""
    rows = [{"id": label.id, "names": dict(label.names)} for label in labels]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def read(text: str, origin: str) -> tuple[OwnLabel, ...]:
    """Read what `dump` wrote. Raises `ModelError` naming `origin`."""
    try:
        return tuple(OwnLabel(row["id"], dict(row["names"])) for row in json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{origin}: this is no vocabulary of tagd's: {error}") from error
