"""Nothing is told to anybody: no library that tagd uses reports home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_onnx_runtime_keeps_no_telemetry(tmp_path: Path) -> None:
    # Where it takes itself to be tested it keeps none anyway.
    silent = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "TF_BUILD", "GITHUB_ACTIONS"}
    environment = {key: value for key, value in os.environ.items() if key not in silent}
    subprocess.run(
        [sys.executable, "-c", "import tagd.models.runtime.onnx_session"],
        cwd=REPOSITORY,
        env={**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=True,
    )
    assert not list(tmp_path.rglob("*"))
