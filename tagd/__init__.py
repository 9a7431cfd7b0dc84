"""tagd watches folders and tags the photos that land there.

The journey of a photo, which is also the reading order of this package:

    intake/     a folder's events and scans become settled files
    catalogue/  a settled file becomes a durable job, beside the tags that it will get
    pipeline/   claim, decode (in processes that may die), choose, predict, derive, record
    policy/     which model, and why
    models/     weights on disk become logits
    labels/     logits become tags that a person would search for
    retag/      tags catch up when models change
    metadata/   tags inside the photos and beside them, and never a photo harmed

`domain.py` holds what travels between them, `errors.py` what can go wrong. The journey stands on
`containers/`, image files as bytes, on `fs.py`, what a file system is like, on `hours.py`, windows
of the day, on `text.py`, what of a text names a tag, and on `installation.py`, which knows what a
person types. `config/` is what a person may set. `daemon/` builds the whole, `ops/` looks after it,
`lab/` measures models, and `cli/` is what a person types. Imports point one way, from the command
to the errors.
"""

__version__ = "0.1.0"
