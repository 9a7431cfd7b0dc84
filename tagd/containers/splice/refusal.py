"""What the splicers have in common: why something is not done."""

from __future__ import annotations


class CannotSplice(ValueError):
    """The file is whole, but putting a packet in, or taking it out, would harm something in it."""
