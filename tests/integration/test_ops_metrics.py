"""Metrics over HTTP, as Prometheus reads them."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tagd.config import load
from tagd.daemon.gauges import of_intake, of_models
from tagd.errors import CatalogueBusy, ConfigError, MetricsError
from tagd.intake.intake import IntakeState
from tagd.models.pool import ModelPool
from tagd.models.runtime.device import Device
from tagd.models.runtime.session import FakeSession
from tagd.ops import local_http
from tagd.ops.metrics import Gauge, Health, Metrics, MetricsServer
from tagd.work.stage_times import Stage, StageTimes
from tests.support import PATIENCE_SECONDS, wait_until


def get(server: MetricsServer, path: str) -> tuple[int, str]:
    try:
        address = f"http://127.0.0.1:{server.port}{path}"
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_served() -> None:
    health = [Health(ok=True, words="ok")]
    metrics = Metrics(lambda: [Gauge("tagd_x", "An x.", 1.5, (("kind", "tag"),))])
    metrics.count("tagged")
    metrics.count("tagged")
    metrics.count_write("sidecar", "written")
    server = MetricsServer("127.0.0.1", 0, metrics, {"/healthz": lambda: health[0]})
    try:
        code, text = get(server, "/metrics")
        found = samples(text)
        assert code == 200
        assert found["tagd_x", (("kind", "tag"),)] == 1.5
        assert found["tagd_photos_total", (("outcome", "tagged"),)] == 2
        written = (("outcome", "written"), ("target", "sidecar"))
        assert found["tagd_metadata_writes_total", written] == 1
        assert get(server, "/healthz") == (200, "ok\n")
        health[0] = Health(ok=False, words="no progress: worker")
        assert get(server, "/healthz") == (503, "no progress: worker\n")
        assert get(server, "/secret")[0] == 404
        with pytest.raises(MetricsError, match="in use"):
            MetricsServer("127.0.0.1", server.port, metrics, {})
    finally:
        server.stop()


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    running = MetricsServer("127.0.0.1", 0, Metrics(list), {})
    yield running
    running.stop()


def asked(server: MetricsServer, request: bytes) -> bytes:
    """The first line of what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as client:
        client.sendall(request)
        return client.makefile("rb").readline()


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:9469", 200),
        ("localhost", 200),
        ("LOCALHOST.:80", 200),
        ("[::1]:9469", 200),
        ("127.9.9.9", 200),
        ("evil.example", 421),
        ("localhost.evil.example:9469", 421),
        ("192.168.0.7", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_only_who_means_this_machine_is_answered(
    server: MetricsServer, host: str, code: int
) -> None:
    request = f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert f" {code} ".encode() in asked(server, request)


def test_who_asks_by_hand_without_a_host_is_answered(server: MetricsServer) -> None:
    assert b" 200 " in asked(server, b"GET /metrics HTTP/1.0\r\n\r\n")


def test_connections_that_say_nothing_take_no_more_than_their_share(
    server: MetricsServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(local_http, "LONGEST_SECONDS", 0.5)
    with ExitStack() as silent:
        for _ in range(12):
            each = socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS)
            silent.enter_context(each)
        silent.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        each.sendall(b"GET /met")  # one that says a little
        threads = [one for one in threading.enumerate() if "process_request" in one.name]
        assert len(threads) <= local_http.MOST_CONNECTIONS

        def is_answered() -> bool:
            try:
                return get(server, "/metrics")[0] == 200
            except OSError:  # there are too many still
                return False

        wait_until(is_answered)
    assert capfd.readouterr().err == ""


def times(photos: int, milliseconds: float) -> StageTimes:
    return StageTimes(photos, dict.fromkeys(Stage, photos * milliseconds / 1000))


def test_the_stages_of_a_turn_count_once_for_each_of_its_photos() -> None:
    metrics = Metrics(list)
    metrics.time(times(2, 20))
    metrics.time(times(6, 20))  # the total of both turns
    metrics.time(times(1, 2000))  # of another worker
    found = samples(metrics.text().decode())
    for stage in Stage:
        of = ("stage", stage.value)
        assert found["tagd_stage_seconds_count", (of,)] == 7
        assert found["tagd_stage_seconds_sum", (of,)] == pytest.approx(2.12)
        assert found["tagd_stage_seconds_bucket", (("le", "0.025"), of)] == 6


def test_what_only_grows_is_a_counter_and_the_rest_are_gauges() -> None:
    state = IntakeState(
        unread={},
        standing=True,
        folders=(),
        watches=3,
        polling=(),
        settling=0,
        scanning=False,
        last_scan=None,
        troubles=(),
        overflows=2,
    )
    pool = ModelPool(
        open_session=lambda _facts, labels, _device: FakeSession(len(labels)),
        find_device=lambda _: Device("cpu", "fp32", "as told"),
    )
    pool.get("efficientnet-lite0")
    text = Metrics(lambda: [*of_intake(state), *of_models(pool)]).text().decode()
    kinds = {family.name: family.type for family in text_string_to_metric_families(text)}
    counters = {name for name, kind in kinds.items() if kind == "counter"}
    assert {"tagd_watch_overflows", "tagd_model_loads"} <= counters
    assert {kinds["tagd_watches"], kinds["tagd_model_loaded"]} == {"gauge"}
    found = samples(text)
    assert (found["tagd_watch_overflows_total", ()], found["tagd_model_loads_total", ()]) == (2, 1)


def test_a_catalogue_that_is_busy_costs_the_gauges_alone() -> None:
    def busy() -> Iterator[Gauge]:
        yield Gauge("tagd_y", "A y.", 1)
        raise CatalogueBusy("locked")

    metrics = Metrics(busy)
    metrics.count("failed")
    assert samples(metrics.text().decode())["tagd_photos_total", (("outcome", "failed"),)] == 1


@pytest.mark.parametrize("listen", ["127.0.0.1:9469", "[::1]:80", "localhost:0", ""])
def test_an_address_of_this_machines_own(listen: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'[metrics]\nlisten = "{listen}"\n')
    assert load(file, {"HOME": str(tmp_path)}).metrics.listen == listen


@pytest.mark.parametrize("listen", ["0.0.0.0:9469", "9469", "127.0.0.1", "host:1", "127.0.0.1:x"])
def test_no_other_address(listen: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'[metrics]\nlisten = "{listen}"\n')
    with pytest.raises(ConfigError, match=r"metrics\.listen"):
        load(file, {"HOME": str(tmp_path)})
