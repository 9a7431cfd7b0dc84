"""The running daemon does what it is told, and remembers it."""

from __future__ import annotations

import signal
import stat
from datetime import datetime, timedelta

from tests import photos
from tests.acceptance.home import START_SECONDS, Home
from tests.support import wait_until


def mode(home: Home) -> str:
    return str(home.json("status")["mode"])


def test_paused_and_drained_across_restarts(home: Home) -> None:
    with home.daemon():
        [sock] = (home.root / "tagd").glob("*.sock")
        assert stat.S_IMODE(sock.stat().st_mode) == 0o600
        told = home.run("pause")
        assert told.returncode == 0
        assert told.stdout.startswith("paused; `")
        assert told.stdout.endswith(" resume` continues\n")
        photos.coffee().save(home.photos / "coffee.jpg")
        home.wait_state("coffee.jpg", "queued")
        assert "paused since" in home.run("status").stdout
        asked = home.run("tag", home.photos)
        assert (asked.returncode, "is paused" in asked.stderr) == (1, True)
    process = home.start()  # as the service manager does, and still paused
    wait_until(lambda: " resume` continues" in home.log.read_text(), START_SECONDS)
    photos.cat().save(home.photos / "cat.jpg")
    home.wait_state("cat.jpg", "queued")
    assert home.tags("coffee.jpg") == []
    # What waits is worked off, what comes is not taken, and then it ends by itself.
    wait_until(lambda: home.run("drain").returncode == 0)
    assert process.wait(START_SECONDS) == 0, home.log.read_text()
    assert home.states() == {"coffee.jpg": "tagged", "cat.jpg": "tagged"}
    assert mode(home) == "working"
    gone = home.run("resume")
    assert gone.returncode == 1
    assert "no tagd is running" in gone.stderr
    assert list((home.root / "tagd").glob("*.sock")) == []


def test_a_reload_follows_what_can_change_and_keeps_the_old_where_it_is_wrong(home: Home) -> None:
    photos.cat().save(home.photos / "cat.jpg")
    more = home.root / "more"
    more.mkdir()
    with home.daemon() as process:
        home.wait_state("cat.jpg", "tagged")
        assert "cat" in home.tags("cat.jpg")
        home.config.write_text(
            f'[watch]\nfolders = ["{home.photos}", "{more}"]\n'
            f'[catalogue]\npath = "{home.root / "elsewhere.db"}"\n[tags]\ndeny = ["cat"]\n'
            "[taggers]\neveryday = false\n"
        )
        # The command looks for the catalogue that the file names; a signal goes to the process.
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "read again" in home.log.read_text(), START_SECONDS)
        assert (
            "changed: watch.folders, tags.deny; needs a restart: catalogue.path"
            in home.log.read_text()
        )
        wait_until(lambda: "cat" not in home.tags("cat.jpg"), START_SECONDS)
        photos.coffee().save(more / "coffee.jpg")
        wait_until(lambda: str(more / "coffee.jpg") in tagged(home), START_SECONDS)
        home.configure("[tags]\nmin_confidence = 7\n")
        told = home.run("reload")
        assert told.returncode == 2  # the command reads it too
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "could not reload" in home.log.read_text(), START_SECONDS)
        assert "min_confidence = 7" in home.log.read_text()
        home.configure('[model]\nname = "no-such-model"\n')
        told = home.run("reload")
        assert told.returncode == 1
        assert "no-such-model" in told.stderr
        photos.coffee().rotate(30).save(home.photos / "new.jpg")  # the old one still works
        home.wait_state("new.jpg", "tagged")
        later = (datetime.now() + timedelta(hours=12)).strftime("%H:00")
        home.configure(f'[worker]\nwindows = ["{later}-{later[:2]}:59"]\n')
        assert "changed: watch.folders" in home.run("reload").stdout
        wait_until(lambda: "outside its hours, waiting" in home.log.read_text(), START_SECONDS)
        photos.cat().rotate(30).save(home.photos / "night.jpg")
        home.wait_state("night.jpg", "queued")
        home.configure("")
        assert home.run("reload").stdout == "changed: worker.windows\n"
        home.wait_state("night.jpg", "tagged")
        assert home.run("stop").stdout == "stopping\n"
        assert process.wait(START_SECONDS) == 0


def tagged(home: Home) -> set[str]:
    return {path for (path,) in home.rows("SELECT path FROM v_files WHERE state = 'tagged'")}
