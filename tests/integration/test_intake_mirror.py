"""Sidecars in a folder of their own: watched and scanned, and never taken for photos."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import Catalogue
from tagd.intake.exclude import Excludes
from tagd.intake.mirror import Mirror
from tagd.intake.trouble import TroubleKind
from tagd.metadata.sidecar import SidecarRule
from tests.intake import Bench, Live, jobs, states, work_off, write


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write(tmp_path / "photos/2024/a.jpg")


@pytest.fixture
def rule(tmp_path: Path) -> SidecarRule:
    (tmp_path / "sidecars").mkdir()
    return SidecarRule(folder=tmp_path / "sidecars")


def sidecar_of(photo: Path, rule: SidecarRule) -> Path:
    place = rule.mirror_of(photo.parent) / f"{photo.name}.xmp"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def test_a_change_there_has_its_photo_read_again(
    catalogue: Catalogue, photo: Path, rule: SidecarRule
) -> None:
    place = sidecar_of(photo, rule)
    with Live(catalogue, photo.parents[1], sidecars=rule) as live:
        live.tagged("photos/2024/a.jpg")
        write(place.with_name("picture.jpg"))
        write(place.with_name("new"), "of another program").replace(place)
        live.until(lambda: jobs(catalogue) == {"photos/2024/a.jpg": 10}, "it is to be read")
        assert live.intake.state().folders == (photo.parents[1],)
    assert states(catalogue) == {"photos/2024/a.jpg": "tagged"}


def test_what_changed_while_nobody_watched_is_found_by_a_scan(
    catalogue: Catalogue, photo: Path, rule: SidecarRule
) -> None:
    bench = Bench(catalogue, (photo.parents[1],))
    bench.scan()
    work_off(catalogue)
    write(sidecar_of(photo, rule))
    write(sidecar_of(photo, rule).with_name("picture.jpg"))
    bench.mirror = Mirror.of(rule, bench.roots, bench.excludes)
    bench.roots = (*bench.roots, *bench.mirror.roots)
    assert bench.scan(bench.mirror.roots[0]).submitted == 1
    assert jobs(catalogue) == {"photos/2024/a.jpg": 10}
    assert states(catalogue) == {"photos/2024/a.jpg": "tagged"}


def test_a_folder_that_is_not_there_is_said_and_one_without_sidecars_is_not(
    catalogue: Catalogue, photo: Path, rule: SidecarRule
) -> None:
    folder = rule.folder
    assert folder is not None
    with Live(catalogue, photo.parents[1], sidecars=rule) as live:
        live.tagged("photos/2024/a.jpg")
        assert live.intake.state().troubles == ()
        folder.rename(folder.with_name("away"))
        assert "sidecars" in live.until_said(TroubleKind.ROOT_ABSENT)
        folder.with_name("away").rename(folder)
        live.until(lambda: live.intake.state().troubles == (), "it is there again")
        place = write(sidecar_of(photo, rule))
        live.until(lambda: jobs(catalogue) == {"photos/2024/a.jpg": 10}, "it is to be read")
        work_off(catalogue)
        shutil.rmtree(folder)
        live.until(lambda: live.intake.state().troubles != (), "it is gone again")
        write(sidecar_of(photo, rule), "anew")
        live.until(lambda: jobs(catalogue) == {"photos/2024/a.jpg": 10}, "it is to be read")
        assert place.exists()


@pytest.mark.parametrize(
    ("folder", "excluded", "mirrors"),
    [
        ("/sidecars", "", ["/sidecars/photos"]),
        ("/photos/xmp", "", []),
        ("/photos/xmp", "xmp", ["/photos/xmp/photos"]),
        ("/photos/.xmp", "", ["/photos/.xmp/photos"]),
        ("/", "", []),
    ],
)
def test_a_mirror_that_a_watched_folder_covers_is_none_of_its_own(
    folder: str, excluded: str, mirrors: list[str]
) -> None:
    rule = SidecarRule(folder=Path(folder))
    made = Mirror.of(rule, [Path("/photos")], Excludes([excluded]))
    assert made.roots == tuple(map(Path, mirrors))
    place = Path(folder, "photos/2024/a.jpg.xmp")
    assert rule.beside(place) == Path("/photos/2024/a.jpg.xmp")
