"""What keeping embeddings costs the worker: the same photos with and without, by turns.

    .venv/bin/python -m benchmarks.embedding_cost [--photos 300] [--rounds 3]

Processor time of the worker's process, which asks the models and records, and of its decoders; with
the cascade that is the default, its models loaded and exported before.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report, samples
from tagd.assembly.build import classifier_of, decoders_of, worker_of
from tagd.catalogue.files.photos import submit
from tagd.catalogue.tagging.runs import Run
from tagd.config import Config
from tagd.config.embeddings import Embeddings
from tagd.domain import Priority, SettledFile
from tagd.fs import signature_of
from tagd.tagging.taggers import Taggers
from tests.acceptance.home import export_graphs
from tests.catalogue import NOW, fresh, rows

MOST = 3.0  # percent


def main() -> None:
    """Measure by turns, and keep the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    took: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["XDG_CACHE_HOME"] = str(export_graphs(root / "cache"))
        photos = samples.make(samples.sources(None), samples.SMALL, asked.photos, root / "photos")
        for turn in range(asked.rounds):
            for keep in (False, True) if turn % 2 == 0 else (True, False):
                (place := root / f"{turn}-{keep}").mkdir()
                took[keep].append(1000 * seconds(photos, place, keep=keep) / len(photos))
                print(f"round {turn + 1}, keep = {keep}: {took[keep][-1]:.2f} ms a photo")
    without, with_them = (statistics.median(took[keep]) for keep in (False, True))
    figures = [
        report.Target("ms a photo without", without),
        report.Target("ms a photo with", with_them),
        report.Target("percent more", 100 * (with_them / without - 1), most=MOST),
    ]
    notes = [f"rounds {'with' if keep else 'without'}: {each}" for keep, each in took.items()]
    report.keep_targets("embedding-cost", figures, "processor time, with embeddings kept", notes)


def seconds(photos: Sequence[Path], place: Path, *, keep: bool) -> float:
    """The processor time for these photos in a new catalogue; decoders start and end within it."""
    config = Config(embeddings=Embeddings(keep=keep))
    found = [SettledFile(path, signature_of(path.stat()), Priority.NEW) for path in photos]
    ended: list[object] = []
    with fresh(place) as catalogue:
        classifier = classifier_of(config, catalogue)
        classifier.warm_up()
        with catalogue.write() as tx:
            submit(tx, found, NOW)
        began = _spent()
        with decoders_of(config, print) as decoders:
            worker = worker_of(
                config,
                catalogue,
                classifier,
                decoders,
                Taggers(),
                on_report=ended.append,
                on_trouble=print,
                on_fault=print,
                run=Run.of("benchmark"),
            )
            while len(ended) < len(photos):
                worker.turn()
        spent = _spent() - began
        classifier.close()
        with catalogue.read() as tx:
            [(kept,)] = rows(tx, "SELECT count(*) FROM embedding")
    if kept != keep * len(photos):
        raise SystemExit(f"{kept} embeddings of {len(photos)} photos are kept")
    return spent


def _spent() -> float:
    """The processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
