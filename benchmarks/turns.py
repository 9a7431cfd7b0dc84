"""Two versions by turns: what tagging and recording, or searching, cost each in processor time.

    python -m benchmarks.turns BEFORE NOW [--libraries FOLDER FOLDER] [--note WORDS]

BEFORE and NOW are checkouts with environments of their own. Each part is run by one version, then
by the other, five times; what is told is the least time of each, since whatever else the machine
does only adds to it. With libraries, folders whose base.db `benchmarks.search --keep` has made in
each version, searches are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks import report, samples

PHOTOS, LARGE = 300, 60
ROUNDS, SEARCHES = 5, 5
MODELS = ("efficientnet-lite0", "efficientnet-lite2")
ALONE = f'name = "{MODELS[0]}"'
# Run in a checkout: its own benchmarks, with the clock that counts what this process computes.
RECORD = """
import sys, time; from pathlib import Path
time.perf_counter = time.process_time
from benchmarks.bench import recording
print(1e6 / recording(Path(sys.argv[1])).value)
"""
SEARCH = """
import json, sys, time; from pathlib import Path
time.perf_counter = time.process_time
from benchmarks import search
told = {}
with search.open_reader(Path(sys.argv[1]) / "base.db") as catalogue:
    for query, sort in search.SEARCHES:
        taken = [search.one(catalogue, query, sort)[1] for _ in range(int(sys.argv[2]) + 1)]
        told[f"{query} ({sort})"] = min(taken[1:])
print(json.dumps(told))
"""

Measure = Callable[[Path], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", type=Path, nargs=2, metavar="CHECKOUT")
    parser.add_argument("--libraries", type=Path, nargs=2, metavar="FOLDER")
    parser.add_argument("--note", default="")
    given = parser.parse_args()
    checkouts = [folder.absolute() for folder in given.checkouts]
    if given.libraries:
        figures = searches(checkouts, [folder.absolute() for folder in given.libraries])
    else:
        with tempfile.TemporaryDirectory(prefix="tagd-turns-") as scratch:
            figures = measure(checkouts, Path(scratch))
    what = f"before, now, and their ratio: {' against '.join(map(commit, checkouts))}"
    name = "turns-search" if given.libraries else "turns"
    report.keep(name, figures | {"note": given.note}, what)


def measure(checkouts: Sequence[Path], root: Path) -> dict[str, object]:
    """Return what a photo and a result cost each version, in milliseconds of processor time."""
    pictures = samples.sources(None)
    small = samples.make(pictures, samples.SMALL, PHOTOS, root / "small")
    large = samples.make(pictures, samples.LARGE, LARGE, root / "large")
    single = samples.make(pictures, samples.SMALL, 1, root / "single")
    for checkout in checkouts:
        for model in MODELS:
            graphs = cache(root, checkout) / "tagd" / "graphs"
            run(checkout, "-m", "tagd.models.graph_export", model, graphs)
    parts: dict[str, Measure] = {
        "500 px, ms a photo": partial(tag, small, ALONE, root),
        "500 px, default cascade, ms a photo": partial(tag, small, "", root),
        "12 MP, ms a photo": partial(tag, large, ALONE, root),
        "start and one photo, ms": partial(tag, single, ALONE, root),
        "recording, µs a result": partial(record, root),
    }
    return {name: compared(by_turns(checkouts, part)) for name, part in parts.items()}


def searches(checkouts: Sequence[Path], libraries: Sequence[Path]) -> dict[str, object]:
    """Return what each search of a page costs each version, in milliseconds of processor time, and
    the median of their ratios."""
    library = dict(zip(checkouts, libraries, strict=True))

    def search(checkout: Path) -> Mapping[str, float]:
        told = run(checkout, "-c", SEARCH, library[checkout], str(SEARCHES))
        return dict(json.loads(told))

    runs = [{checkout: search(checkout) for checkout in checkouts} for _ in range(ROUNDS)]
    least = {
        query: [min(round_[checkout][query] for round_ in runs) for checkout in checkouts]
        for query in runs[0][checkouts[0]]
    }
    ratios = [now / before for before, now in least.values()]
    figures: dict[str, object] = {
        f"search {query}, ms": compared(pair) for query, pair in least.items()
    }
    return figures | {"searches, median ratio": round(statistics.median(ratios), 3)}


def by_turns(checkouts: Sequence[Path], part: Measure) -> list[float]:
    """Return the least that the part took each version."""
    rounds = [[part(checkout) for checkout in checkouts] for _ in range(ROUNDS)]
    return [min(taken) for taken in zip(*rounds, strict=True)]


def compared(pair: Sequence[float]) -> list[float]:
    """Return before, now, and now as a multiple of before."""
    before, now = pair
    return [round(before, 2), round(now, 2), round(now / before, 3)]


def tag(photos: Sequence[Path], model: str, root: Path, checkout: Path) -> float:
    """Return what `tagd tag` takes for a photo, its start and its decoders' included."""
    home = root / "home"
    home.mkdir()
    config = home / "config.toml"
    config.write_text(f'[catalogue]\npath = "{home / "catalogue.db"}"\n[model]\n{model}\n')
    command = ["-m", "tagd", "tag", str(photos[0].parent), "--config", str(config)]
    try:
        seconds = processor_seconds(checkout, home, cache(root, checkout), command)
    finally:
        shutil.rmtree(home)
    return 1000 * seconds / len(photos)


def record(root: Path, checkout: Path) -> float:
    """Return what recording a result takes, in microseconds."""
    place = root / "recording"
    place.mkdir()
    try:
        return float(run(checkout, "-c", RECORD, place))
    finally:
        shutil.rmtree(place)


def processor_seconds(checkout: Path, home: Path, cached: Path, command: Sequence[str]) -> float:
    """Return what the command and its children computed."""
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(cached)}
    environment = {**os.environ, **places, "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [python(checkout), *command], cwd=checkout, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{checkout}: tagd tag ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def run(checkout: Path, *command: str | Path) -> str:
    """Run the checkout's Python, and return what it printed."""
    told = subprocess.run(
        [python(checkout), *command], cwd=checkout, check=True, stdout=subprocess.PIPE, text=True
    )
    return told.stdout


def python(checkout: Path) -> Path:
    """Return the interpreter of its environment."""
    return checkout / ".venv" / "bin" / "python"


def cache(root: Path, checkout: Path) -> Path:
    """Return a folder for the graphs of its models."""
    return root / f"cache-{checkout.name}"


def commit(checkout: Path) -> str:
    """Return the commit that is checked out, in short."""
    asked = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    told = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
    return told.stdout.strip()


if __name__ == "__main__":
    main()
