"""The ways in which PyTorch can run a network, and what their sessions are called. Imports no
torch."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """Its value is what people read."""

    EAGER = "eager"  # one operation after the other: passes of any size, and nothing to prepare
    GRAPHS = "CUDA graphs"  # recorded once for each size, and launched as one
    COMPILED = "compiled"  # by torch.compile, which takes minutes; on a GPU then recorded too

    @property
    def session(self) -> str:
        """Return what a session of PyTorch's is called that runs so."""
        return "PyTorch" if self is Way.EAGER else f"PyTorch, {self}"

    @classmethod
    def on_gpu(cls, quickest: str | None) -> Way:
        """Return the way for a GPU, where this session was measured to be the quickest, or none
        was."""
        return next((way for way in cls if way.session == quickest), cls.GRAPHS)
