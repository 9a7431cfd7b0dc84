"""Orders to the daemon, as functions: they reach who listens, and say why where nobody does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tagd.app.control import Command, order, wait_for_end
from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.config import Config
from tagd.errors import ControlError
from tagd.ops.control import ControlServer, Reply


def at(path: Path) -> Config:
    config = Config()
    return config.model_copy(
        update={"catalogue": config.catalogue.model_copy(update={"path": path})}
    )


def listening(catalogue: Catalogue, obey: Callable[[Command], Reply]) -> ControlServer:
    server = ControlServer(catalogue.path.with_name("control.sock"), obey)
    with catalogue.write() as tx:
        settings.put(tx, settings.CONTROL, str(server.path))
    return server


def test_an_order_reaches_the_daemon_and_its_answer_comes_back(tmp_path: Path) -> None:
    config, heard = at(tmp_path / "catalogue.db"), list[Command]()

    def obey(command: Command) -> Reply:
        heard.append(command)
        if command is Command.RELOAD:
            return Reply(ok=False, message="the file is wrong", hint="mend it")
        return Reply(ok=True, message=f"{command} done")

    with closing(open_owner(config.catalogue.path, "tagd run")) as catalogue:
        server = listening(catalogue, obey)
        try:
            assert order(config, Command.PAUSE) == "pause done"
            with pytest.raises(ControlError, match="the file is wrong") as refused:
                order(config, Command.RELOAD)
        finally:
            server.stop()
    assert refused.value.hint == "mend it"
    assert heard == [Command.PAUSE, Command.RELOAD]


def test_where_nobody_listens_it_is_said_why(tmp_path: Path) -> None:
    config = at(tmp_path / "catalogue.db")
    with pytest.raises(ControlError, match="no tagd is running"):
        order(config, Command.PAUSE)
    with (
        closing(open_owner(config.catalogue.path, "tagd tag")),
        pytest.raises(ControlError, match="takes no commands"),
    ):
        order(config, Command.PAUSE)
    with (
        closing(open_owner(config.catalogue.path, "tagd run")),
        pytest.raises(ControlError, match="does not listen yet"),
    ):
        order(config, Command.PAUSE)


def test_the_end_of_a_daemon_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = at(tmp_path / "catalogue.db")
    daemon = open_owner(config.catalogue.path, "tagd run")
    ending = threading.Timer(0.2, daemon.close)
    ending.start()
    wait_for_end(config)
    ending.join()
    monkeypatch.setattr("tagd.app.control.END_SECONDS", 0.0)
    with (
        closing(open_owner(config.catalogue.path, "tagd run")),
        pytest.raises(ControlError, match="has not ended yet"),
    ):
        wait_for_end(config)
    with closing(open_owner(config.catalogue.path, "tagd tag")):
        wait_for_end(config)
