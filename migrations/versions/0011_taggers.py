"""Several taggers may look at a photo, each with tags, taggings and a plan of its own.

What stood in three columns of `photo` stands in a row of `photo_tagger`: the first tagger is the
classifier, which gave all that there is until now. Tags know their tagger, and the sources know
tags that were learnt.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_CLASSIFIER = 1
_SOURCES = "IN ('person', 'learned', 'model', 'metadata')"
_STALE = (
    "desired_id IS NOT NULL AND desired_id IS NOT applied_id AND (tagging_id IS NOT NULL"
    f" OR applied_id IS NULL AND tagger_id <> {_CLASSIFIER})"
)


def upgrade() -> None:
    """Carry over what is there; no tag, plan or history changes."""
    _taggers()
    _photos()
    op.add_column("tagging", sa.Column("tagger_id", sa.Integer, nullable=False, server_default="1"))
    _tags()
    with op.batch_alter_table("history") as history:
        history.add_column(sa.Column("tagger_id", sa.Integer, nullable=False, server_default="0"))
        for name in ("source", "who"):
            history.drop_constraint(op.f(f"ck_history_{name}"), type_="check")
            history.create_check_constraint(op.f(f"ck_history_{name}"), f"{name} {_SOURCES}")
    op.execute(f"UPDATE history SET tagger_id = {_CLASSIFIER} WHERE source = 'model'")


def _taggers() -> None:
    op.create_table(
        "tagger",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tagger"),
        sa.UniqueConstraint("key", name="uq_tagger_key"),
    )
    op.execute(f"INSERT INTO tagger (id, key) VALUES ({_CLASSIFIER}, 'classifier')")
    op.create_table(
        "photo_tagger",
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("photo_id", "tagger_id")),
        *(sa.Column(name, sa.Integer) for name in ("tagging_id", "applied_id", "desired_id")),
        sa.PrimaryKeyConstraint("photo_id", "tagger_id", name="pk_photo_tagger"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_photo_tagger_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tagger_id"], ["tagger.id"], name="fk_photo_tagger_tagger_id"),
        sa.ForeignKeyConstraint(
            ["tagging_id"], ["tagging.id"], name="fk_photo_tagger_tagging_id", ondelete="SET NULL"
        ),
        sqlite_with_rowid=False,
    )
    op.execute(f"""
        INSERT INTO photo_tagger (photo_id, tagger_id, tagging_id, applied_id, desired_id)
        SELECT id, {_CLASSIFIER}, tagging_id, asked_id, wanted_id FROM photo
        WHERE coalesce(tagging_id, asked_id, wanted_id) IS NOT NULL ORDER BY id""")
    op.create_index("ix_photo_tagger_tagging_id", "photo_tagger", ["tagging_id"])
    op.create_index(
        "ix_photo_tagger_stale",
        "photo_tagger",
        ["tagger_id", "applied_id", "desired_id"],
        sqlite_where=sa.text(_STALE),
    )
    op.create_index(
        "ix_photo_tagger_unplanned",
        "photo_tagger",
        ["tagger_id", "photo_id"],
        sqlite_where=sa.text("tagging_id IS NOT NULL AND desired_id IS NULL"),
    )


def _photos() -> None:
    for name in ("stale", "unwanted", "tagging_id"):
        op.drop_index(f"ix_photo_{name}", "photo")
    with op.batch_alter_table("photo") as photo:
        photo.drop_constraint("fk_photo_tagging_id", type_="foreignkey")
        for name in ("tagging_id", "asked_id", "wanted_id"):
            photo.drop_column(name)


def _tags() -> None:
    """The tagger belongs to the key, which SQLite cannot change in place."""
    op.rename_table("tag", "tag_before")
    for name in ("label_id", "source"):
        op.drop_index(f"ix_tag_{name}", "tag_before")
    op.create_table(
        "tag",
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("tagger_id", sa.Integer, nullable=False, server_default="0"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("confidence", sa.REAL, nullable=False),
        sa.Column("model_id", sa.Integer),
        sa.Column("tagged_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("photo_id", "label_id", "source", "tagger_id", name="pk_tag"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_tag_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name="fk_tag_label_id"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_tag_model_id"),
        sa.CheckConstraint(f"source {_SOURCES}", name=op.f("ck_tag_source")),
        sa.CheckConstraint(
            "state IN ('active', 'confirmed', 'rejected')", name=op.f("ck_tag_state")
        ),
        sqlite_with_rowid=False,
    )
    op.execute(f"""
        INSERT INTO tag (photo_id, label_id, source, tagger_id, state, confidence, model_id,
                         tagged_at)
        SELECT photo_id, label_id, source,
               CASE source WHEN 'model' THEN {_CLASSIFIER} ELSE 0 END, state, confidence, model_id,
               tagged_at
        FROM tag_before ORDER BY photo_id, label_id, source""")
    op.drop_table("tag_before")
    op.create_index("ix_tag_label_id", "tag", ["label_id", "photo_id"])
    op.create_index(
        "ix_tag_source", "tag", ["source", "photo_id"], sqlite_where=sa.text("source <> 'model'")
    )
