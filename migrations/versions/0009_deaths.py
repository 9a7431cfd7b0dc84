"""How often in a row a process died with a job in hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """A column that begins with none."""
    op.add_column("job", sa.Column("deaths", sa.Integer, nullable=False, server_default="0"))
