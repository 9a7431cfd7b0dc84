"""The catalogue: photos and the files that hold them, what models said, tags, and the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table. Names and values stand here as they were, whatever the code says later."""
    _photos()
    _files()
    _predictions()
    _tags()
    _queue()
    op.create_table(
        "fact",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_fact"),
    )


def _photos() -> None:
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("orientation", sa.Integer, nullable=False),
        sa.Column("camera_make", sa.Text),
        sa.Column("camera_model", sa.Text),
        sa.Column("taken_at", sa.Text),
        sa.Column("tagging_id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_photo"),
        sa.UniqueConstraint("content_hash", name="uq_photo_content_hash"),
        # The two tables refer to each other; SQLite looks a table up when a row comes.
        sa.ForeignKeyConstraint(
            ["tagging_id"], ["tagging.id"], name="fk_photo_tagging_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_photo_tagging_id", "photo", ["tagging_id"])


def _files() -> None:
    op.create_table(
        "file",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("path_key", sa.LargeBinary, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("photo_id", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("state_since", sa.REAL, nullable=False),
        sa.Column("reason_code", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("ctime_ns", sa.BigInteger, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_file"),
        sa.UniqueConstraint("path_key", name="uq_file_path_key"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_file_photo_id", ondelete="SET NULL"
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'tagged', 'failed', 'missing')", name=op.f("ck_file_state")
        ),
    )
    op.create_index("ix_file_path", "file", ["path"])
    op.create_index("ix_file_photo_id", "file", ["photo_id"])
    op.create_index("ix_file_state", "file", ["state", "state_since"])
    op.create_index("ix_file_inode", "file", ["inode", "size"])
    op.create_table(
        "root",
        sa.Column("path_key", sa.LargeBinary, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("device", sa.BigInteger, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("scanned_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("path_key", name="pk_root"),
    )


def _predictions() -> None:
    op.create_table(
        "model",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("first_used_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("fingerprint", name="uq_model_fingerprint"),
    )
    op.create_table(
        "tagging",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("orientation", sa.Integer, nullable=False),
        sa.Column("tagged_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tagging"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_tagging_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_tagging_model_id"),
    )
    op.create_index("ix_tagging_photo_id", "tagging", ["photo_id"])
    op.create_index("ix_tagging_model_id", "tagging", ["model_id"])
    op.create_index("ix_tagging_tagged_at", "tagging", ["tagged_at"])
    op.create_table(
        "prediction",
        sa.Column("tagging_id", sa.Integer, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("logits", sa.LargeBinary, nullable=False),
        sa.Column("log_sum_exp", sa.REAL, nullable=False),
        sa.Column("best", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tagging_id", "stage", name="pk_prediction"),
        sa.ForeignKeyConstraint(
            ["tagging_id"], ["tagging.id"], name="fk_prediction_tagging_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_prediction_model_id"),
    )


def _tags() -> None:
    op.create_table(
        "label",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_label"),
        sa.UniqueConstraint("key", name="uq_label_key"),
    )
    op.create_index("ix_label_name", "label", ["name"])
    op.create_table(
        "tag",
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("confidence", sa.REAL, nullable=False),
        sa.Column("model_id", sa.Integer),
        sa.Column("tagged_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("photo_id", "label_id", "source", name="pk_tag"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_tag_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name="fk_tag_label_id"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_tag_model_id"),
        sa.CheckConstraint("source IN ('model', 'person', 'metadata')", name=op.f("ck_tag_source")),
        sa.CheckConstraint(
            "state IN ('active', 'confirmed', 'rejected')", name=op.f("ck_tag_state")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tag_label_id", "tag", ["label_id", "photo_id"])


def _queue() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", sa.REAL, nullable=False, server_default="0"),
        sa.Column("lease", sa.Text),
        sa.Column("lease_until", sa.REAL),
        sa.Column("error_code", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("tried", sa.Text),
        sa.Column("created_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("file_id", "kind", name="uq_job_file_id_kind"),
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name="fk_job_file_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('tag')", name=op.f("ck_job_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'leased', 'quarantined')", name=op.f("ck_job_state")
        ),
    )
    op.create_index("ix_job_next", "job", ["state", "kind", "not_before", "priority", "id"])
