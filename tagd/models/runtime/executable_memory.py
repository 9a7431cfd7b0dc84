"""Whether this process may make memory that it writes and then executes.

A hardened service may not (systemd's MemoryDenyWriteExecute). Compilers at run time, such as the
oneDNN in PyTorch, fail there; ONNX Runtime needs none.
"""

from __future__ import annotations

import mmap
from functools import cache


@cache
def is_denied() -> bool:
    """Find out by trying, since nothing else tells: the rule may be a filter of system calls."""
    try:
        mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    except OSError:
        return True
    return False
