"""What the migrations build is what the code means, and an older catalogue is brought along."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tagd.catalogue.db import migrate, settings, views
from tagd.catalogue.db.engine import open_owner, open_reader
from tagd.catalogue.db.schema import metadata
from tagd.catalogue.db.version import SCHEMA_VERSION
from tagd.domain import FileState, JobKind, JobState, TagSource, TagState
from tagd.errors import CatalogueCorrupt, CatalogueError, CatalogueTooNew
from tests.catalogue import REPOSITORY, fresh

SECOND = """
import os, signal
import sqlalchemy as sa
from alembic import op

revision = "0900"
down_revision = "{before}"

def upgrade():
    with op.batch_alter_table("file") as file:
        file.add_column(sa.Column("colour", sa.Text, nullable=False, server_default="green"))
        file.alter_column("reason", new_column_name="why")
    op.create_table("fruit", sa.Column("id", sa.Integer, primary_key=True))
    {last}
"""


def second(last: str) -> str:
    """The text of a migration that a later version of the program has."""
    return SECOND.format(before=SCHEMA_VERSION, last=last)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalogue that has been used and closed."""
    with fresh(tmp_path) as catalogue, catalogue.write() as tx:
        settings.put(tx, "a", "b")
        tx.exec_driver_sql(
            "INSERT INTO file (path_key, path, state, state_since, size, mtime_ns, ctime_ns, inode,"
            " seen_at, reason) VALUES (x'2f61', '/a', 'failed', 0, 1, 1, 1, 1, 0, 'broken')"
        )
        tx.exec_driver_sql(
            "INSERT INTO job (kind, file_id, priority, state, created_at)"
            " VALUES ('tag', 1, 0, 'quarantined', 0)"
        )
    return tmp_path / "catalogue.db"


def chain(tmp_path: Path, last: str = "pass") -> Path:
    """The migrations as a later version of the program would have them, in an awkward place."""
    place = tmp_path / "later 100% version"
    shutil.copytree(migrate.scripts(), place, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "versions" / "0900_colours.py").write_text(second(last))
    return place


def ask(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_the_migrations_build_what_the_code_means(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_what_a_comparison_passes_over_is_equal_too(path: Path, tmp_path: Path) -> None:
    """Checks, actions of foreign keys, WITHOUT ROWID: all words of each table's text."""
    meant = tmp_path / "meant.db"
    engine = create_engine(f"sqlite:///{meant}")
    metadata.create_all(engine)
    engine.dispose()
    statement = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name GLOB '[^s]*'"

    def words(database: Path) -> dict[object, Counter[str]]:
        return {
            name: Counter(re.findall(r"[\w']+", str(sql)))
            for name, sql in ask(database, statement)
            if name != "alembic_version"
        }

    assert words(path) == words(meant)


@pytest.mark.parametrize(
    ("table", "column", "members"),
    [
        ("file", "state", FileState),
        ("job", "kind", JobKind),
        ("job", "state", JobState),
        ("tag", "source", TagSource),
        ("tag", "state", TagState),
        ("history", "source", TagSource),
        ("history", "who", TagSource),
        ("history", "before", TagState),
        ("history", "after", TagState),
    ],
)
def test_enums_are_those_of_the_database(
    path: Path, table: str, column: str, members: type[StrEnum]
) -> None:
    [(sql,)] = ask(path, f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
    [allowed] = re.findall(rf"CHECK \({column} IN \(([^)]*)\)", str(sql))
    assert {value.strip(" '") for value in allowed.split(",")} == set(members)


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("v_photo_tags", "path tag label confidence source state model tagged_at"),
        ("v_files", "path photo_id state reason size modified_at seen_at"),
        ("v_tags", "tag files"),
        ("v_queue", "state jobs"),
        ("v_models", "model fingerprint photos first_used_at"),
        ("v_predictions", "path stage model label name probability rank"),
        ("v_speeds", "model device batch_size images_per_second latency_ms latency_p95_ms"),
        ("v_rejected_tags", "path tag label source rejected_at"),
        ("v_runs", "run command started_at tagged changed"),
        ("v_history", "path at who change tag label source model run command"),
    ],
)
def test_the_first_columns_of_the_views_are_fixed(path: Path, view: str, columns: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = [each[0] for each in connection.execute(f"SELECT * FROM {view}").description]
    assert names[: len(columns.split())] == columns.split()


def test_the_queue_reads_sensibly(path: Path) -> None:
    assert ask(path, "SELECT * FROM v_queue") == [("waiting", 0), ("leased", 0), ("quarantined", 1)]


def test_the_version_is_alembics_newest() -> None:
    script = ScriptDirectory(str(migrate.scripts()))
    assert script.get_heads() == [SCHEMA_VERSION]
    revisions = [each.revision for each in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True), "versions are compared as text"
    assert all(re.fullmatch(r"\d{4}", revision) for revision in revisions)


def test_alembic_alone_is_told_where_to_go(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "migrations"))
    config.set_main_option("path_separator", "newline")
    with pytest.raises(SystemExit, match="migrate"):
        command.upgrade(config, "head")


def test_a_newer_one_is_refused_in_words(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    before = path.read_bytes()
    for opened in (open_owner, open_reader):
        with pytest.raises(
            CatalogueTooNew, match=rf"newer tagd.*0999.*up to {SCHEMA_VERSION}"
        ) as refused:
            opened(path)
        assert "Upgrade tagd" in refused.value.hint
    assert path.read_bytes() == before


def test_an_older_one_cannot_be_read_before_it_is_migrated(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(CatalogueError, match="older tagd") as refused:
        open_reader(path)
    assert "tagd run" in refused.value.hint


def test_an_older_one_is_backed_up_and_then_migrated(path: Path, tmp_path: Path) -> None:
    backup = migrate.upgrade(path, to="0900", chain=chain(tmp_path))
    assert backup == path.with_name(f"catalogue.before-{SCHEMA_VERSION}.db")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o640
    # The copy is whole, and old; the catalogue has its rows, its references and its views.
    assert ask(backup, "SELECT path, reason FROM file") == [("/a", "broken")]
    assert ask(backup, "SELECT version_num FROM alembic_version") == [(SCHEMA_VERSION,)]
    assert ask(backup, "PRAGMA journal_mode") == [("delete",)]
    assert ask(path, "SELECT path, why, colour FROM file") == [("/a", "broken", "green")]
    assert ask(path, "SELECT * FROM fruit") == []
    assert ask(path, "SELECT * FROM fact") == [("a", "b")]
    assert ask(path, "SELECT version_num FROM alembic_version") == [("0900",)]
    assert ask(path, "PRAGMA foreign_key_check") == []
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert [name for (name,) in ask(path, "SELECT name FROM sqlite_master WHERE type = 'view'")]
    assert sorted(each.name for each in tmp_path.glob("*.new*")) == []


def test_what_is_up_to_date_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert migrate.upgrade(path) is None
    assert path.read_bytes() == before


def test_views_that_the_code_has_changed_are_made_anew(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP VIEW v_tags")
        connection.execute("CREATE VIEW v_old AS SELECT 1")
        connection.execute("CREATE VIEW mine AS SELECT 2 AS two")
    with open_owner(path):
        pass
    found: dict[object, object] = dict(
        ask(path, "SELECT name, sql FROM sqlite_master WHERE type = 'view'")
    )
    assert found.pop("mine")
    assert found == views.create()
    assert not path.with_name(f"catalogue.before-{SCHEMA_VERSION}.db").exists()


def test_a_migration_that_fails_leaves_the_old_one_whole(path: Path, tmp_path: Path) -> None:
    before = ask(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name")
    with pytest.raises(ZeroDivisionError):
        migrate.upgrade(path, to="0900", chain=chain(tmp_path, "1 / 0"))
    assert ask(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name") == before


def test_a_migration_that_breaks_references_is_taken_back(path: Path, tmp_path: Path) -> None:
    later = chain(tmp_path, 'op.execute("DELETE FROM file")')
    with pytest.raises(CatalogueCorrupt, match="table job"):
        migrate.upgrade(path, to="0900", chain=later)
    assert ask(path, "SELECT path FROM file") == [("/a",)]


def test_a_kill_in_the_middle_leaves_the_old_one_whole(path: Path, tmp_path: Path) -> None:
    before = ask(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name")
    later = chain(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    code = (
        "import sys; from pathlib import Path; from tagd.catalogue.db import migrate;"
        "migrate.upgrade(Path(sys.argv[1]), to='0900', chain=Path(sys.argv[2]))"
    )
    done = subprocess.run([sys.executable, "-c", code, path, later], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL
    assert ask(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name") == before
    assert ask(path, "SELECT path, reason FROM file") == [("/a", "broken")]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    (later / "versions" / "0900_colours.py").write_text(second("pass"))
    migrate.upgrade(path, to="0900", chain=later)
    assert ask(path, "SELECT path, why FROM file") == [("/a", "broken")]


def test_a_kill_while_a_catalogue_is_made_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tagd.catalogue.db import engine, migrate\n"
        "migrate.copies.place = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "engine.open_owner(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()
    with open_owner(path), open_reader(path):
        assert {each.name for each in tmp_path.iterdir()} == {
            f"catalogue.db{suffix}" for suffix in ("", "-wal", "-shm", ".lock", ".holder")
        }


def test_the_migrations_are_found_inside_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "tagd"
    shutil.copytree(migrate.scripts(), package / "migrations")
    monkeypatch.setattr("tagd.__file__", os.fspath(package / "__init__.py"))
    assert migrate.scripts() == package / "migrations"
    open_owner(tmp_path / "catalogue.db").close()
