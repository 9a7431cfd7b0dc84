"""What a person may set: a TOML file and TAGD_* variables become one frozen `Config`.

    keys.py         every key with its default, its unit and why one would set it
    section.py      what every table is made of; policy.py, retag.py, embeddings.py, taggers.py,
                    learn.py, metadata.py and web.py have theirs
    paths.py        ~ and $VARIABLES in paths
    rules.py        [tags] as rules about labels
    sources.py      which file is read, and how the variables lie over it
    environment.py  TAGD_WATCH__SETTLE_SECONDS and its like (imported only where there are any)
    mistakes.py     what is wrong, as a person would say it
    example.py      the commented file that `tagd init` writes
    reference.py    docs/configuration.md

Nothing below this layer sees a `Config`: lower ones receive plain values.
"""

from tagd.config.keys import Config
from tagd.config.rules import tag_rules
from tagd.config.sources import find, load, unread, user_file

__all__ = ["Config", "find", "load", "tag_rules", "unread", "user_file"]
