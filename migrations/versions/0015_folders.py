"""Each job has its folder's number, by which the queue serves folders in turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """What waits already is as of one folder."""
    op.add_column("job", sa.Column("folder", sa.BigInteger, nullable=False, server_default="0"))
    op.drop_index("ix_job_next", "job")
    op.create_index(
        "ix_job_next", "job", ["state", "kind", "not_before", "priority", "folder", "id"]
    )
