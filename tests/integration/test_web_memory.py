"""What the process that serves pages takes, when much of it has been used."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.home import Home
from tests.photos import cat
from tests.web import CAT, fill, served


def test_it_takes_little_memory_and_no_model(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    fill(home, {"cat.jpg": (cat(), {CAT: 0.9})})
    with served(home) as site:
        photo = site.photo_id("cat.jpg")
        pages = ("/", "/tags", "/review", "/status", f"/photo/{photo}", "/?q=aniaml", "/?q=cat")
        for path in (*pages, f"/api/v1/photos/{photo}/picture", "/api/v1/openapi.json"):
            assert site.ask(path, headers={"Accept": "text/html"}).status == 200
        body = {"action": "confirm", "tag": "cat", "photos": [photo]}
        assert site.ask("/api/v1/corrections", body).status == 200
        assert site.megabytes < 120
        maps = Path(f"/proc/{site.process.pid}/maps").read_text()
    assert "onnxruntime" not in maps
    assert "libtorch" not in maps
