"""Previews through real decoder processes, kept within a budget."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from tagd.decoding.decode import DecodeLimits, read_photo
from tagd.decoding.pool import DecoderPool
from tagd.errors import FileChanged, NotAnImage
from tagd.previews.maker import Edge, Previews
from tagd.previews.store import PreviewStore
from tests.photos import cat, coffee, distinct

SECONDS = 60.0


def decoders() -> DecoderPool:
    return DecoderPool(decoders=2, limits=DecodeLimits(), on_event=lambda _: None)


@pytest.fixture
def previews(tmp_path: Path) -> Iterator[Previews]:
    store = PreviewStore(tmp_path / "cache", budget_bytes=1 << 30)
    with closing(Previews(store, decoders)) as made:
        yield made


def identity(path: Path) -> str:
    return read_photo(path, (), DecodeLimits()).photo_id


def test_a_preview_is_made_once_and_kept(previews: Previews, tmp_path: Path) -> None:
    coffee().save(tmp_path / "coffee.jpg")
    photo_id = identity(tmp_path / "coffee.jpg")
    made = previews.get(photo_id, Edge.SMALL, tmp_path / "coffee.jpg", SECONDS)
    assert Image.open(io.BytesIO(made)).size == (480, 320)
    (tmp_path / "coffee.jpg").unlink()
    assert previews.get(photo_id, Edge.SMALL, tmp_path / "coffee.jpg", SECONDS) == made
    with closing(Previews(PreviewStore(tmp_path / "cache", 1 << 30), decoders)) as later:
        assert later.get(photo_id, Edge.SMALL, tmp_path / "gone.jpg", SECONDS) == made


def test_no_photo_is_shown_in_the_place_of_another(previews: Previews, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    coffee().save(path)
    photo_id = identity(path)
    cat().save(path)
    with pytest.raises(FileChanged):
        previews.get(photo_id, Edge.SMALL, path, SECONDS)
    path.write_text("no picture at all, but a text")
    with pytest.raises(NotAnImage):
        previews.get(photo_id, Edge.LARGE, path, SECONDS)


def test_what_is_kept_stays_within_its_budget(tmp_path: Path) -> None:
    photos = distinct(12, tmp_path)
    cache = tmp_path / "cache"
    with closing(Previews(PreviewStore(cache, 60_000), decoders)) as previews:
        for path in photos:
            assert previews.get(identity(path), Edge.SMALL, path, SECONDS)
    kept = [path.stat().st_size for path in cache.glob("??/*")]
    assert 0 < len(kept) < len(photos)
    assert sum(kept) <= 60_000


def test_nothing_but_a_photo_id_names_a_preview(tmp_path: Path) -> None:
    store = PreviewStore(tmp_path, 1 << 20)
    for name in ("../../etc/passwd", "a" * 31, "A" * 32, f"{'a' * 32}\n", ""):
        with pytest.raises(ValueError, match="photo id"):
            store.get(name, Edge.SMALL)
