"""A file that another program has changed since it was tagged, while nobody watched.

Where it shows the same picture its tags are still true, and are joined with what is there now; what
else has changed is read by whoever works the queue next, as if the watch had told of it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tagd.catalogue.queue import jobs
from tagd.containers import former_hashes, payload_hash
from tagd.domain import FileState, JobKind, Priority
from tagd.errors import FileChanged
from tagd.fs import read_regular, signature_of
from tagd.metadata.file_calls import translated

if TYPE_CHECKING:
    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.written.inscriptions import Target


def as_it_is(
    catalogue: Catalogue, target: Target, *, any_picture: bool = False, dry_run: bool = False
) -> Target:
    """Return the target with the signature that its file has now. Raises FileChanged where it shows
    another picture, unless any will do, and another PhotoError where it cannot be read."""
    with translated(target.path):
        signature = signature_of(target.path.lstat())
        known = target.signature
        stands = (signature.size, signature.mtime_ns) == (known.size, known.mtime_ns)
        if stands and target.state is FileState.TAGGED:
            return target
        data = read_regular(target.path)
    ids = {payload_hash(data), *former_hashes(data)}
    if not any_picture and target.content not in ids:
        raise FileChanged(
            target.path, "its picture has changed since it was tagged: `tagd tag` it first"
        )
    if not dry_run:
        with catalogue.write() as tx:
            jobs.enqueue(tx, JobKind.TAG, {target.file_id: Priority.RESCAN}, time.time())
    return replace(target, signature=signature)
