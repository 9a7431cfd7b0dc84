"""`python -m tagd.lab.heads`: trains heads for everyday words, and writes the page about them."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.errors import TagdError
from tagd.lab.heads import train as training
from tagd.lab.heads.card import card
from tagd.lab.heads.examples import Examples, read_numbers
from tagd.lab.heads.file import write_head
from tagd.lab.heads.fit import Fitting
from tagd.lab.heads.pictures import read_pictures
from tagd.lab.heads.recipe import Recipe, read_recipe
from tagd.labels import everyday
from tagd.models.pool import ModelPool
from tagd.models.runtime.heads import PRECISIONS, Head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.lab.heads.train import Trained


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    asked = _parser().parse_args(arguments)
    try:
        asked.run(asked)
    except (TagdError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tagd.lab.heads", description=__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train a head and write its file")
    numbers = train.add_mutually_exclusive_group(required=True)
    numbers.add_argument("--numbers", type=Path, help="pictures as numbers (.npz)")
    numbers.add_argument("--pictures", type=Path, help="a folder that holds a folder for each word")
    train.add_argument("--base", default="efficientnet-lite0", help="the built-in model")
    train.add_argument("--everyday", type=Path, help="everyday photos as numbers, with truths")
    train.add_argument("--shares", type=Path, help="how frequent words are in life (JSON)")
    train.add_argument("--recipe", type=Path, help="what else is known, and the rules (TOML)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--into", type=Path, required=True, help="the head's file")
    train.set_defaults(run=_train)
    page = commands.add_parser("card", help="write the page about heads")
    page.add_argument("heads", nargs="+", type=Path)
    page.add_argument("--into", type=Path, required=True)
    page.set_defaults(run=_card)
    return parser


def _train(asked: argparse.Namespace) -> None:
    pool = ModelPool("cpu")
    try:
        if asked.numbers is not None:
            examples = read_numbers(asked.numbers)
        else:
            examples = read_pictures(asked.pictures, pool, asked.base, progress=_say)
        recipe = read_recipe(asked.recipe) if asked.recipe else Recipe()
        photos = read_numbers(asked.everyday) if asked.everyday else None
        shares = json.loads(asked.shares.read_text(encoding="utf-8")) if asked.shares else None
        fitting = Fitting(seed=asked.seed)
        head = training.train(recipe.applied(examples), photos, shares, fitting, _say)
        about = _about(head, examples, photos, recipe, fitting)
        about |= {"base": asked.base, "base_fingerprint": pool.fingerprint_of(asked.base)}
        known = everyday.labels()
        labels = [known.get(word, f"own:{word}") for word in head.words]
        write_head(asked.into, head, labels, about)
        _say(f"wrote {len(head.words)} words to {asked.into}")
    finally:
        pool.close()


def _about(
    head: Trained, examples: Examples, photos: Examples | None, recipe: Recipe, fitting: Fitting
) -> dict[str, object]:
    """Return what the file says of itself."""
    sets = {one: examples.sets.count(one) for one in dict.fromkeys(examples.sets)}
    return {
        "rules": dict(recipe.rules),
        "numbers_sha256": examples.sha256,
        "everyday_sha256": photos.sha256 if photos else None,
        "pictures": sets,
        "sources": [asdict(one) for one in recipe.sources],
        "fitting": asdict(fitting),
        "precisions": PRECISIONS,
        "everyday": dict(head.seen),
        "everyday_unseen": dict(head.unseen),
        "words": [asdict(one) for one in head.figures],
        "reliability": [asdict(one) for one in head.reliability],
    }


def _card(asked: argparse.Namespace) -> None:
    asked.into.write_text(card([Head.load(path) for path in asked.heads]), encoding="utf-8")


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
