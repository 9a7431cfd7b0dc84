"""What models say is not left to whoever may write into the cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tagd.errors import ModelError
from tagd.models.runtime.graph_cache import GraphFile, make_private


def test_a_graph_is_read_from_a_folder_of_ones_own_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "graphs"
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    graph = GraphFile.of(folder, "f" * 64)
    graph.write(b"a graph")
    assert graph.read() == b"a graph"
    for mode in (0o770, 0o702):
        folder.chmod(mode)
        assert graph.read() is None
        with pytest.raises(ModelError, match="chmod go-w"):
            make_private(folder)
    folder.chmod(0o755)
    assert graph.read() == b"a graph"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder away")
def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "graphs"
    make_private(folder)
    graph = GraphFile.of(folder, "f" * 64)
    graph.write(b"a graph")
    os.chown(folder, 2001, 2001)
    assert graph.read() is None
    with pytest.raises(ModelError, match="belongs to another user"):
        make_private(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_a_graph_that_another_user_put_there_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "graphs"
    make_private(folder)
    graph = GraphFile.of(folder, "f" * 64)
    graph.write(b"a graph")
    os.chown(graph.path, 2001, 2001)
    assert graph.read() is None
    graph.write(b"a graph")
    assert graph.read() == b"a graph"
