"""What lies in a catalogue and is not tagd's."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.db.strangers import strangers
from tagd.ops import backup
from tests.acceptance.home import Home
from tests.catalogue import NOW, fresh

EVIL = (
    "CREATE TRIGGER evil AFTER INSERT ON fact BEGIN UPDATE fact SET value = 'evil'; END",
    'CREATE TRIGGER "keep_""evil" AFTER UPDATE ON fact BEGIN DELETE FROM fact; END',
    "DROP VIEW v_tags",
    "CREATE VIEW v_tags AS SELECT 'evil' AS tag, 1 AS files",
    "CREATE VIEW mine AS SELECT 1 AS one",
    "CREATE TABLE notes (note)",
)


def made_of(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as opened:
        return {
            (name, sql)
            for name, sql in opened.execute("SELECT name, sql FROM sqlite_master WHERE sql <> ''")
        }


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        for statement in statements:
            other.execute(statement)
        other.commit()


def test_what_others_put_into_a_backup_does_not_run_once_it_is_put_back(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        path = catalogue.path
        made = backup.back_up(path, tmp_path / "b", 7, NOW)
    ours = made_of(made.path)
    assert strangers(made.path) == []
    alter(made.path, *EVIL)
    done = backup.restore(path, made.path, NOW)
    assert sorted(map(str, done.strange)) == [
        "table notes",
        "trigger evil",
        'trigger keep_"evil',
        "view mine",
        "view v_tags",
    ]
    assert made_of(path) == {*ours, ("notes", "CREATE TABLE notes (note)")}
    with open_owner(path) as again:
        with again.write() as tx:
            settings.put(tx, "said", "one")
        with again.read() as tx:
            assert settings.get(tx, "said") == "one"


def test_others_triggers_in_the_catalogue_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    open_owner(home.database).close()
    alter(home.database, EVIL[-1], EVIL[-2])
    checked = home.run("db", "check")
    assert checked.returncode == 0
    assert "not tagd's: table notes, view mine" in checked.stderr
    alter(home.database, EVIL[0])
    refused = home.run("db", "check")
    assert refused.returncode == 1
    assert "trigger evil" in refused.stderr
    command = next(line for line in refused.stderr.splitlines() if "sqlite3" in line)
    alter(home.database, shlex.split(command[command.index("sqlite3") :])[2])
    assert home.run("db", "check").returncode == 0
