"""What a cascade costs and what it gets, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tagd.lab.calibrate import CalibrationReport, Point

CLOSE = 0.05  # of the whole width: nearer labels would stand in each other


def draw(report: CalibrationReport, file: Path) -> None:
    """Write a PNG: accuracy against milliseconds a photo, for each threshold of the first stage and
    for each model alone. Raises OSError."""
    # Lazy: matplotlib takes a second. The object interface alone, which needs no display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    everything = report.parts[-1]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(
        [point.measured.milliseconds for point in report.curve],
        [100 * point.measured.accuracy for point in report.curve],
        marker="o",
        label="cascade, by its first threshold",
    )
    for point in apart(report.curve):
        at = (point.measured.milliseconds, 100 * point.measured.accuracy)
        axes.annotate(
            f"{point.settles_at:.2f}", at, textcoords="offset points", xytext=(0, 8), ha="center"
        )
    for model, takes, right in zip(
        report.models, report.milliseconds, everything.alone, strict=True
    ):
        axes.scatter([takes], [100 * right], marker="s", label=f"{model} alone")
    chosen = everything.cascade
    axes.scatter(
        [chosen.milliseconds],
        [100 * chosen.accuracy],
        marker="*",
        s=200,
        label=f"chosen: {report.settlings[0].settles_at:.2f}",
    )
    axes.set_xlabel("milliseconds a photo")
    axes.set_ylabel(f"top-1 of {everything.photos} photos, %")
    axes.legend()
    axes.grid(visible=True, alpha=0.3)
    axes.margins(0.08)
    FigureCanvasAgg(figure)  # figures without one ask for a display
    figure.savefig(file, format="png", dpi=120)


def apart(curve: Sequence[Point]) -> Iterator[Point]:
    """Yield the points whose labels do not meet, from the left."""
    places = [point.measured.milliseconds for point in curve]
    least, last = CLOSE * (max(places) - min(places)), float("-inf")
    for point in curve:
        if point.measured.milliseconds >= last + least:
            last = point.measured.milliseconds
            yield point
