"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Four-digit revisions ascend; tables are changed through `op.batch_alter_table`; raise
    SCHEMA_VERSION in tagd/catalogue/version.py. The views are made anew afterwards."""
    ${upgrades if upgrades else "pass"}
