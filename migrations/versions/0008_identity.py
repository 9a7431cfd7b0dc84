"""Photos whose identity was all of their file's bytes are read again, once, to have their new one.

It costs no inference: see `tagd.catalogue.tagging.identity`.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_RESCAN = 20  # the priority of what a scan finds: behind new photos


def upgrade() -> None:
    """A job for each file of such a photo that is tagged; who works the queue does the rest."""
    op.execute(
        f"""
        INSERT INTO job (kind, file_id, priority, state, created_at)
        SELECT 'tag', file.id, {_RESCAN}, 'waiting', CAST(strftime('%s', 'now') AS REAL)
        FROM file JOIN photo ON photo.id = file.photo_id
        WHERE file.state = 'tagged' AND photo.format IN
            ('GIF', 'BMP', 'TIFF', 'RAW', 'CR2', 'CR3', 'NEF', 'ARW', 'DNG', 'RAF', 'ORF', 'RW2')
        ON CONFLICT DO NOTHING"""
    )
