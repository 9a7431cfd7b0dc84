"""How long the threads of the daemon may be silent."""

from __future__ import annotations

import pytest

from tagd.config import Config
from tagd.daemon.parts import BUSY_FACTOR, SLOWEST_PHOTO_SECONDS, patience_of
from tagd.models.device import CPU_BATCH, GPU_BATCH


@pytest.mark.parametrize(
    ("device", "asked", "photos"),
    [
        ("cpu", 0, CPU_BATCH),
        ("cuda", 0, GPU_BATCH),
        ("auto", 0, GPU_BATCH),  # a GPU's batch goes through the CPU where the GPU has gone since
        ("auto", 1, 1),
        ("cpu", 32, 32),
    ],
)
def test_a_thread_may_be_silent_for_the_slowest_pass(device: str, asked: int, photos: int) -> None:
    config = Config.model_validate({"model": {"device": device}, "worker": {"batch_size": asked}})
    assert patience_of(config) == photos * SLOWEST_PHOTO_SECONDS * BUSY_FACTOR
