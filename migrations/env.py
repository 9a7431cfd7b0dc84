"""Runs the migrations on the connection that `tagd.catalogue.db.migrate` hands over, inside the one
transaction that it has begun. There is no alembic.ini: what has to be configured is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

from tagd.catalogue.db import triggers, views
from tagd.catalogue.db.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection


def run(connection: Connection) -> None:
    """Drop views and triggers, which would stand in the way of changes, migrate, and make them
    anew."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'view' AND name GLOB 'v_*'"
        ).all():
            connection.exec_driver_sql(f"DROP VIEW {name}")
        triggers.drop(connection)
        context.run_migrations()
        for statement in views.create().values():
            connection.exec_driver_sql(statement)
        triggers.make(connection)


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    raise SystemExit("migrations run through tagd.catalogue.db.migrate, not through alembic")
run(handed_over)
