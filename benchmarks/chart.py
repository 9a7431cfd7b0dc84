"""The rates as bars, and the limit as a line across them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from benchmarks.rates import Round

BARS = {
    "loop": "loop",
    "decode": "decoding",
    "forward": "model",
    "tagd": "tagd",
    "cascade": "cascade",
}


def draw(rounds: Mapping[str, Sequence[Round]], place: Path) -> None:
    """One panel for each size of photos; the whiskers reach from the slowest to the quickest
    round."""
    figure, panels = plt.subplots(
        1, len(rounds), figsize=(5 * len(rounds), 4), layout="constrained"
    )
    for panel, (size, same) in zip(panels, rounds.items(), strict=True):
        values = [[getattr(each, name) for each in same] for name in BARS]
        medians = [statistics.median(each) for each in values]
        reach = [
            [middle - min(each) for middle, each in zip(medians, values, strict=True)],
            [max(each) - middle for middle, each in zip(medians, values, strict=True)],
        ]
        colours = ["#999999", "#b0c4de", "#b0c4de", "#2f6f9f", "#6fa8c9"]
        bars = panel.bar(list(BARS.values()), medians, yerr=reach, color=colours, capsize=3)
        panel.bar_label(bars, fmt="%.0f", label_type="center")
        limit = statistics.median(each.limit for each in same)
        panel.axhline(limit, color="#c0392b", linestyle="--", label=f"limit {limit:.0f}")
        panel.set(title=size, ylabel="photos a second")
        panel.legend()
    figure.savefig(place, dpi=110)
    plt.close(figure)
    print(f"drawn in {place}")
