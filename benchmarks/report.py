"""One table on the screen, and the same, dated and with the machine it came from, in results/."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("torch", "timm", "pillow", "watchdog", "sqlalchemy")


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the others do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def keep(name: str, figures: Mapping[str, object], what: str) -> Path:
    """Print the figures and store them as results/DATE-NAME.json."""
    width = max(map(len, figures))
    print(what)
    for key, value in figures.items():
        print(f"  {key:<{width}}  {value}")
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / f"{now:%Y-%m-%d}-{name}.json"
    content = {"measured_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "what": what, **figures}
    place.write_text(json.dumps({**content, "machine": machine()}, indent=2) + "\n")
    print(f"kept in {place}")
    return place
