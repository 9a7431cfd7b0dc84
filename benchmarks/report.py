"""One table on the screen, and the same, dated and with the machine it came from, in results/."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("torch", "timm", "onnxruntime", "pillow", "watchdog", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, and what it must be at least (or at most)."""

    name: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool | None:
        """None where nothing is asked of it."""
        if self.least is not None:
            return self.value >= self.least
        return None if self.most is None else self.value <= self.most


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
    return _store(name, figures, what)


def keep_targets(
    name: str, figures: Sequence[Target], what: str, notes: Sequence[str] = ()
) -> Path:
    """Print the figures beside what is asked of them, then the notes, and store them as `keep`
    does."""
    width = max(len(each.name) for each in figures)
    print(what)
    for each in figures:
        print(f"  {each.name:<{width}}  {each.value:>9.2f}  {_verdict(each)}".rstrip())
    for note in notes:
        print(note)
    values: dict[str, object] = {each.name: round(each.value, 3) for each in figures}
    values["missed"] = [each.name for each in figures if each.is_met is False]
    return _store(name, values | ({"notes": list(notes)} if notes else {}), what)


def _verdict(figure: Target) -> str:
    if figure.is_met is None:
        return ""
    bound = f"at most {figure.most:g}" if figure.least is None else f"at least {figure.least:g}"
    return f"{'ok' if figure.is_met else 'MISSED'}, {bound}"


def _store(name: str, figures: Mapping[str, object], what: str) -> Path:
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / f"{now:%Y-%m-%d}-{name}.json"
    content = {"measured_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "what": what, **figures}
    place.write_text(json.dumps({**content, "machine": machine()}, indent=2) + "\n")
    print(f"kept in {place}")
    return place
