"""tagd watches folders and tags the photos that land there.

The journey of a photo, which is also the reading order of this package:

    intake/     a folder's events and scans become settled files
    catalogue/  a settled file becomes a durable job, beside the tags that it will get
    decoding/   one read of the file becomes its identity and the models' inputs, in processes
                that may die
    tagging/    the story: claim, decode, choose, predict, derive, record
    policy/     which model, and why
    models/     weights on disk become logits
    labels/     logits become tags that a person would search for
    writeback/  which photos' tags are written, when, and what was written
    metadata/   tags inside the photos and beside them, and never a photo harmed
    learning/   a person's own tags, learnt from examples
    revise/     tags catch up when models or rules change, and are taken back

`domain.py` holds what travels between them, `errors.py` what can go wrong. The journey stands on
`containers/`, image files as bytes, on `fs.py`, what a file system is like, on `hours.py`, windows
of the day, on `text.py`, what of a text names a tag, and on `installation.py`, which knows what a
person types. `work/` is what the workers of every queue share. `config/` is what a person may set;
`assembly/` builds objects from it, for the daemon and for commands; `daemon/` starts and supervises
the whole, `ops/` looks after it, `lab/` measures models, `app/` is what a person can do, and `cli/`
what a person types for it; `web/` is the same for browsers and for other programs, and `previews/`
makes the pictures that it shows. Imports point one way, from the command to the errors.
"""

__version__ = "0.1.0"
