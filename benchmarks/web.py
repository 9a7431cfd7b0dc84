"""Pages and answers of the HTTP API from a made catalogue, over a socket.

    python -m benchmarks.web [--files 1000000] [--rounds 20]

What is measured is the time until the whole answer is there, in the process that asks; pictures,
which a made catalogue has none of, are not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import made, report
from tagd.catalogue.db.engine import open_owner
from tests.acceptance.home import Home
from tests.web import Site, served

CAT = "n02121808"
ASKED = {
    "first page": "/",
    "jump to the middle": "/?month=201506",
    "search": "/?q=cat",
    "search for two": "/?q=cat%20-dog",
    "review of the most frequent": f"/review/{CAT}",
    "tags": "/tags",
    "photos of the API": "/api/v1/photos?q=animal",
    "completion": "/api/v1/tags/complete?text=ca",
    "status": "/api/v1/status",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Home(Path(scratch) / "home")
        with open_owner(home.database, "benchmark") as catalogue, catalogue.write() as tx:
            made.fill(tx, given.files)
        with served(home) as site:
            figures: dict[str, object] = {
                what: measured(site, path, given.rounds) for what, path in ASKED.items()
            }
            figures["megabytes"] = round(site.megabytes)
    report.keep("web", figures, f"{given.files:,} files: p50 and p95 in milliseconds")


def measured(site: Site, path: str, rounds: int) -> list[float]:
    """What an answer takes, after one that nobody measures: p50 and p95 in milliseconds."""
    site.ask(path)
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        assert site.ask(path, headers={"Accept": "text/html"}).status == 200
        spent.append(1000 * (time.perf_counter() - began))
    return [round(report.percentile(spent, share), 1) for share in (0.5, 0.95)]


if __name__ == "__main__":
    main()
