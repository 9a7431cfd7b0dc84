"""How near tagd comes to what the machine can do, and how far it is beyond a simple loop.

    make bench [PHOTOS=FOLDER]

One table: rates, ratios, limits, agreement, memory. Everything is measured in one run with the same
weights, rates in rounds whose parts follow on each other, so that a machine which slows down in
between shows in all of them; what is told is the median round's. Photos are made from
scikit-image's samples, or from those in FOLDER; photos in folders named by synsets, such as
n02123045, are used to compare accuracies.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks import chart, footprint, rates, report, samples
from benchmarks.catalogue import recorded_a_second, submitted
from benchmarks.rates import MODEL, Round
from benchmarks.report import Target
from tagd.catalogue.files import photos as catalogue_photos
from tagd.models.pool import LoadedModel, ModelPool, PoolSettings
from tests.acceptance.home import export_graphs
from tests.catalogue import NOW, fresh

ROUNDS = 3
LARGE, LOOPED_LARGE = 160, 30
SMALL, LOOPED_SMALL = 800, 150
DAEMONS = 120
RECORDED_TOGETHER = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos to make others from")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tagd-bench-"))
    try:
        figures, rounds = measure(arguments.photos, arguments.rounds, root)
    finally:
        shutil.rmtree(root)
    made_of = "scikit-image's samples" if arguments.photos is None else "a folder of photos"
    what = f"{MODEL}, photos made from {made_of}, median of {arguments.rounds} rounds"
    place = report.keep_targets("bench", figures, what)
    chart.draw(rounds, place.with_suffix(".png"))


def measure(
    folder: Path | None, count: int, root: Path
) -> tuple[list[Target], dict[str, list[Round]]]:
    """Every figure, and the rounds by the size of their photos."""
    say("making photos")
    pictures = samples.sources(folder)
    large = samples.make(pictures, samples.LARGE, LARGE, root / "large")
    small = samples.make(pictures, samples.SMALL, SMALL, root / "small")
    export_graphs(root / "cache")
    settings = PoolSettings(device="cpu", graphs=root / "cache" / "tagd" / "graphs")
    with closing(ModelPool(settings=settings)) as pool:
        model = pool.get(MODEL)
        rounds: dict[str, list[Round]] = {"12 MP": [], "500 px": []}
        for number in range(count):
            say(f"round {number + 1} of {count}")
            rounds["12 MP"].append(rates.measure(large, LOOPED_LARGE, model, root))
            rounds["500 px"].append(rates.measure(small, LOOPED_SMALL, model, root))
        say("answers")
        figures = [
            *speeds("12 MP", rounds["12 MP"], least_over_loop=9),
            *speeds("500 px", rounds["500 px"], least_over_loop=3),
            *same_answers(samples.labelled(folder), [*large, *small], model),
        ]
    start_up = statistics.median(each.start_up for each in rounds["12 MP"])
    figures.append(Target("start-up to first tag (s)", start_up, most=1.5))
    say("the daemon's memory, tagging and idle")
    return [*figures, *daemon(large, root), recording(root)], rounds


def say(what: str) -> None:
    """What is being measured, for who waits."""
    print(f"… {what}", file=sys.stderr)


def speeds(size: str, rounds: Sequence[Round], least_over_loop: float) -> list[Target]:
    """The median of each rate and ratio. Photos a second."""

    def median(name: str) -> float:
        return float(statistics.median(getattr(each, name) for each in rounds))

    return [
        Target(f"{size}: one-at-a-time loop", median("loop")),
        Target(f"{size}: decoding alone", median("decode")),
        Target(f"{size}: model alone", median("forward")),
        Target(f"{size}: limit of the two", median("limit")),
        Target(f"{size}: tagd tag", median("tagd")),
        Target(f"{size}: tagd tag, default cascade", median("cascade")),
        Target(f"{size}: the limit, times the loop", median("limit_over_loop")),
        Target(f"{size}: times the loop", median("over_loop"), least=least_over_loop),
        Target(f"{size}: share of the limit", median("of_limit"), least=0.85),
    ]


def same_answers(
    labelled: Sequence[Path], others: Sequence[Path], model: LoadedModel
) -> list[Target]:
    """Top-1 as the library's own full decode and transform have it, and the accuracy of both."""
    photos = labelled or others[:: len(others) // 240]
    _, theirs = rates.loop(photos)
    ours = rates.best(photos, model)
    agreed = sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(photos)
    figures = [Target("top-1 agreement (%)", 100 * agreed, least=98.5)]
    if labelled:
        truths = [model.labels.index(photo.parent.name) for photo in photos]
        right = [
            sum(a == b for a, b in zip(answers, truths, strict=True)) for answers in (theirs, ours)
        ]
        apart = 100 * abs(right[1] - right[0]) / len(photos)
        figures += [
            Target("accuracy of the library (%)", 100 * right[0] / len(photos)),
            Target("accuracy of tagd (%)", 100 * right[1] / len(photos)),
            Target("accuracy apart (points)", apart, most=0.3),
        ]
    return figures


def daemon(large: Sequence[Path], root: Path) -> list[Target]:
    """Memory of `tagd run`, and a single photo's time. The photos are moved away."""
    found = footprint.measure(large[:DAEMONS], root)
    return [
        Target("one live photo, drop to tag (ms)", 1000 * found.drop_to_tag, most=150),
        Target("memory while tagging (PSS, MiB)", found.busy_mib, most=350),
        Target("memory idle, one decoder warm (PSS, MiB)", found.idle_mib, most=200),
    ]


def recording(root: Path) -> Target:
    """Results a second into a catalogue of some size."""
    place = root / "catalogue"
    place.mkdir()
    with fresh(place) as catalogue:
        with catalogue.write() as tx:
            catalogue_photos.submit(tx, submitted(20_000), NOW)
        rate = recorded_a_second(catalogue, RECORDED_TOGETHER)
    return Target("results recorded a second", rate, least=5000)


if __name__ == "__main__":
    main()
