"""Metrics for Prometheus, and whether all is well, over HTTP.

    /metrics   what `prometheus_client` makes of counters and gauges
    /healthz   200 while every thread makes progress, else 503 with their names
    /readyz    200 once the models are loaded, else 503

Gauges are looked up when somebody asks, so that nobody asking costs nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from tagd.errors import MetricsError, TagdError
from tagd.ops.local_http import LocalHandler, LocalServer
from tagd.work.stage_times import Stage, StageTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Family = CounterMetricFamily | GaugeMetricFamily

METRICS = "tagd-metrics"  # the thread
STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
NOTHING_TIMED = StageTimes(0, dict.fromkeys(Stage, 0.0))


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number as it is now. Those of one name have the same labels' names."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Total(Gauge):
    """A number that only grows while the daemon lives: told as a counter, which Prometheus takes
    the rate of. Its name ends in `_total`."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether all is well, and if not why not."""

    ok: bool
    words: str


class Metrics:
    """What is counted, and where it is told. `gauges` may raise `TagdError`: then only what was
    counted is told."""

    def __init__(self, gauges: Callable[[], Iterable[Gauge]]) -> None:
        self._registry = CollectorRegistry()
        self._photos = Counter(
            "tagd_photos",
            "Jobs by what came of them; one that was postponed comes again.",
            ["outcome"],
            registry=self._registry,
        )
        self._writes = Counter(
            "tagd_metadata_writes",
            "Photos and sidecars whose tags were to be brought up to date.",
            ["target", "outcome"],
            registry=self._registry,
        )
        self._stages = Histogram(
            "tagd_stage_seconds",
            "What a photo took in each stage, on average over those that were recorded together.",
            ["stage"],
            buckets=STAGE_SECONDS,
            registry=self._registry,
        )
        self._timed = NOTHING_TIMED
        self._registry.register(_Gauges(gauges))

    def count(self, outcome: str) -> None:
        """Count what came of one more job, for now or for good."""
        self._photos.labels(outcome).inc()

    def count_write(self, target: str, outcome: str) -> None:
        """Once more tags were to be written, into a photo or into a sidecar."""
        self._writes.labels(target, outcome).inc()

    def time(self, times: StageTimes) -> None:
        """Note what the stages have taken in all; a worker that was replaced begins anew."""
        if times.photos < self._timed.photos:
            self._timed = NOTHING_TIMED
        spent, self._timed = times.since(self._timed), times
        for stage in Stage:
            for _ in range(spent.photos):
                self._stages.labels(stage).observe(spent.milliseconds(stage) / 1000)

    def text(self) -> bytes:
        """Write all of it, as Prometheus reads it."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, gauges: Callable[[], Iterable[Gauge]]) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[Family]:
        """Describe nothing beforehand: asking would look at the catalogue before there is one."""
        return ()

    def collect(self) -> Iterator[Family]:
        families: dict[str, Family] = {}
        try:
            for gauge in self._gauges():
                names = [name for name, _ in gauge.labels]
                kind = CounterMetricFamily if isinstance(gauge, Total) else GaugeMetricFamily
                family = families.setdefault(gauge.name, kind(gauge.name, gauge.help, labels=names))
                family.add_metric([value for _, value in gauge.labels], gauge.value)
        except TagdError:
            return  # the catalogue is busy; the next scrape will see it
        yield from families.values()


class MetricsServer:
    """Answers over HTTP, in threads of its own. Raises `MetricsError` where it cannot listen.
    `beat` is called twice a second while it does."""

    def __init__(
        self,
        host: str,
        port: int,
        metrics: Metrics,
        checks: Mapping[str, Callable[[], Health]],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        answers = {"/metrics": metrics.text}

        class Handler(LocalHandler):
            def answer(self) -> None:
                if self.path in answers:
                    self.send(HTTPStatus.OK, answers[self.path](), CONTENT_TYPE_LATEST)
                elif check := checks.get(self.path):
                    health = check()
                    code = HTTPStatus.OK if health.ok else HTTPStatus.SERVICE_UNAVAILABLE
                    self.send(code, f"{health.words}\n".encode())
                else:
                    known = ", ".join([*answers, *checks])
                    self.send(HTTPStatus.NOT_FOUND, f"there are {known}\n".encode())

        try:
            self._server = LocalServer(host, port, Handler, beat)
        except OSError as error:
            raise MetricsError(
                f"metrics cannot be served at {host}:{port}: {error.strerror}",
                hint="set another [metrics] listen, or empty it",
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, name=METRICS, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
