"""The shipped unit under a real systemd: installed, sandboxed, watched over, started again.

    TAGD_TEST_SYSTEMD=1 pytest tests/acceptance/test_systemd.py

as root, since it boots one (see `tests/machine.py`). Tried on 2026-11-21 with systemd 252, and by
hand there: a person's own service in a session (`--user`) with tags embedded into photos of theirs,
and the machine's with `ReadWritePaths=`, which embeds into photos of the user tagd's and writes
sidecars for those of others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machine import Machine, machine
from tests.photos import cat
from tests.support import wait_until

CONFIG = '[watch]\nfolders = ["/srv/photos"]\n'
SECONDS = 120.0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_its_installation_to_its_end(tmp_path: Path, warm_cache: Path) -> None:
    with machine(tmp_path / "machine") as small:
        config = small.root / "etc/tagd/config.toml"
        config.write_text(CONFIG)
        small.install(warm_cache)
        installed = small.run("tagd", "service", "install")
        assert installed.returncode == 0, installed.stderr
        assert (small.says("ActiveState"), small.says("StatusText")) == ("active", "at work")
        tags_a_photo(small)
        follows_its_configuration(small, config)
        is_started_again_when_it_stands_still(small)
        stops_and_is_not_started_with_a_wrong_configuration(small, config)
        assert small.run("tagd", "service", "uninstall").returncode == 0
        assert not (small.root / "etc/systemd/system/tagd.service").exists()
        failed = small.run("tagd", "service", "install")
        assert "nothing was installed" in failed.stderr, "its configuration is wrong still"
        assert not (small.root / "etc/systemd/system/tagd.service").exists()


def tags_a_photo(small: Machine) -> None:
    cat().save(small.root / "srv/photos/cat.jpg")
    wait_until(lambda: "cat.jpg" in small.run("tagd", "search", "cat").stdout, SECONDS, "tagged")
    told = small.run("journalctl", "-o", "cat", "TAGD_PATH=/srv/photos/cat.jpg")
    assert told.stdout.startswith("tagged /srv/photos/cat.jpg: ")


def follows_its_configuration(small: Machine, config: Path) -> None:
    config.write_text('[watch]\nfoldrs = ["/srv/photos"]\n')
    assert small.run("systemctl", "reload", "tagd").returncode != 0
    config.write_text(f'{CONFIG}[log]\nlevel = "debug"\n')
    assert small.run("systemctl", "reload", "tagd").returncode == 0
    assert (small.says("ActiveState"), small.says("StatusText")) == ("active", "at work")


def is_started_again_when_it_stands_still(small: Machine) -> None:
    quick = small.root / "etc/systemd/system/tagd.service.d/quick.conf"
    quick.write_text("[Service]\nWatchdogSec=5\nRestartSec=1\n")
    small.run("systemctl", "daemon-reload")
    assert small.run("systemctl", "restart", "tagd").returncode == 0
    small.run("kill", "-STOP", small.says("MainPID"))
    wait_until(lambda: small.says("NRestarts") == "1", SECONDS, "it is started again")
    wait_until(lambda: small.says("ActiveState") == "active", SECONDS, "it is at work again")
    assert "Watchdog timeout" in small.run("journalctl", "-u", "tagd", "-o", "cat").stdout


def stops_and_is_not_started_with_a_wrong_configuration(small: Machine, config: Path) -> None:
    assert small.run("systemctl", "stop", "tagd").returncode == 0
    assert (small.says("Result"), small.says("ExecMainStatus")) == ("success", "0")
    config.write_text("nonsense\n")
    assert small.run("systemctl", "start", "tagd").returncode != 0
    assert (small.says("ActiveState"), small.says("ExecMainStatus")) == ("failed", "2")
