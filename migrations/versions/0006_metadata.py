"""What tagd wrote into photos and sidecars, and what was found there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keywords that are tagd's, writes that are under way, a job of their own, stars and places."""
    for name, kind in (("rating", sa.Integer), ("latitude", sa.REAL), ("longitude", sa.REAL)):
        op.add_column("photo", sa.Column(name, kind))
    with op.batch_alter_table("job") as job:
        job.drop_constraint(op.f("ck_job_kind"), type_="check")
        job.create_check_constraint(op.f("ck_job_kind"), "kind IN ('tag', 'write')")
    op.create_table(
        "inscription",
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("path_key", sa.LargeBinary, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("ours", sa.Text, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("size", "mtime_ns", "ctime_ns", "inode")
        ),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("written_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "place", name="pk_inscription"),
        *_references("inscription"),
        sqlite_with_rowid=False,
    )
    for name in ("path_key", "run_id"):
        op.create_index(f"ix_inscription_{name}", "inscription", [name])
    op.create_table(
        "intent",
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("path_key", sa.LargeBinary, nullable=False),
        sa.Column("seen", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("ours", sa.Text, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_intent"),
        *_references("intent"),
    )
    op.create_index("ix_intent_file_id", "intent", ["file_id"])


def _references(table: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name=f"fk_{table}_file_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=f"fk_{table}_run_id"),
        sa.CheckConstraint("place IN ('embedded', 'sidecar')", name=op.f(f"ck_{table}_place")),
    ]
