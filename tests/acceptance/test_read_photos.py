"""What people write into photos with other programs, while the real daemon runs."""

from __future__ import annotations

from pathlib import Path

from tagd.containers.splice import packet, with_packet
from tagd.metadata import xmp
from tagd.metadata.keywords import Field
from tests import photos
from tests.acceptance.home import Home
from tests.inscriptions import subjects
from tests.support import wait_until

SETTINGS = '[metadata]\nwrite = "embedded"\n'


def test_what_is_added_becomes_a_tag_and_what_is_taken_away_never_comes_back(home: Home) -> None:
    home.configure(SETTINGS)
    photo, elsewhere = home.photos / "cat.jpg", home.root / "cat.jpg"
    photos.cat().save(elsewhere)
    stars = _packet("Aunt Ada", "コーヒー").replace(
        b"<rdf:Description ", b"<rdf:Description %s " % STARS
    )
    with home.daemon():
        photo.write_bytes(with_packet(elsewhere.read_bytes(), stars))
        wait_until(lambda: "animal" in subjects(photo), what="the tags are in the photo")
        wait_until(lambda: _read(home).keys() == {"Aunt Ada", "coffee"}, what="both are tags")
        assert _read(home)["Aunt Ada"] == "own:Aunt Ada"
        assert home.rows("SELECT rating FROM v_files") == [(4,)]

        _edit(photo, "animal", "Aunt Ada")
        wait_until(lambda: "animal" in _rejected(home), what="what was taken away is rejected")
        assert "Aunt Ada" not in home.tags("cat.jpg")
        assert "cat" in home.tags("cat.jpg"), "what stands there is a statement too"
        line = f"rejected animal (removed in another program) {photo}"
        wait_until(lambda: line in home.log.read_text(), what="the log says so")
        [(run,)] = home.rows("SELECT DISTINCT run FROM v_history WHERE change = 'rejected'")

        _edit(photo, *subjects(photo))
        wait_until(lambda: "cat" in _rejected(home), what="all that was taken away is rejected")

        photo.with_name("cat.jpg.xmp").write_bytes(_packet("Beach house"))
        wait_until(lambda: "Beach house" in home.tags("cat.jpg"), what="the sidecar is read")
        assert home.inferences() == 1
        assert home.run("undo", "--run", str(run), photo).returncode == 0
        assert {"animal", "Beach house"} <= set(home.tags("cat.jpg")), "this alone is taken back"
        assert "cat" not in home.tags("cat.jpg")
        wait_until(lambda: "animal" in subjects(photo), what="the photo says so again")
    photo.with_name("cat.jpg.xmp").write_bytes(_packet("Beach house", "Aunt Bea"))
    with home.daemon():
        wait_until(lambda: "own:Aunt Bea" in _labels(home), what="the sidecar is read at the scan")
        assert home.inferences() == 1
    told = home.run("read", photo)
    assert told.stdout == "1 file read, the tags of 0 photos changed\n"
    photo.with_name("cat.jpg.xmp").unlink()
    told = home.run("read", photo)
    assert told.stdout.startswith("1 file read, the tags of 1 photo changed (`")
    assert "Beach house" not in home.tags("cat.jpg")


STARS = b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"'


def test_sidecars_in_a_folder_of_their_own_are_read_as_those_beside_photos_are(home: Home) -> None:
    folder = home.root / "sidecars"
    home.configure(f'[metadata]\nwrite = "sidecar"\nsidecar_folder = "{folder}"\n')
    photo = home.photos / "cat.jpg"
    place = folder / photo.relative_to("/").with_name("cat.jpg.xmp")
    photos.cat().save(photo)
    with home.daemon():
        # Told of only once it is there for good: until then, another's would be in tagd's way.
        wait_until(lambda: home.rows("SELECT * FROM v_written") != [], 60, "it has a sidecar")
        assert "animal" in subjects(place)
        _say(place, "Aunt Ada", *(each for each in subjects(place) if each != "animal"))
        wait_until(lambda: "Aunt Ada" in home.tags("cat.jpg"), 30, "the sidecar is read")
        wait_until(lambda: "animal" in _rejected(home), 30, "what was taken away is rejected")
    _say(place, "Aunt Bea")
    with home.daemon():
        wait_until(lambda: "own:Aunt Bea" in _labels(home), 30, "the sidecar is read at the scan")
        assert "Aunt Ada" not in home.tags("cat.jpg")
        assert home.inferences() == 1
    assert [path.name for path in home.photos.iterdir()] == ["cat.jpg"]


def _say(sidecar: Path, *subjects: str) -> None:
    """Another program writes a sidecar anew, beside the old one and over it."""
    made = sidecar.with_name("made")
    made.write_bytes(_packet(*subjects))
    made.replace(sidecar)


def _packet(*subjects: str) -> bytes:
    """A packet of another program."""
    made = xmp.new_packet(padded=False)
    xmp.set_keywords(made, {Field.SUBJECT: subjects})
    return made.to_bytes()


def _edit(photo: Path, *gone: str) -> None:
    """Another program takes keywords out."""
    data = photo.read_bytes()
    there = xmp.parse(packet(data) or b"")
    left = tuple(value for value in xmp.keywords(there)[Field.SUBJECT] if value not in gone)
    xmp.set_keywords(there, {Field.SUBJECT: left})
    made = photo.with_name(".cat.tmp")
    made.write_bytes(with_packet(data, there.to_bytes()))
    made.replace(photo)


def _labels(home: Home) -> set[str]:
    return {label for (label,) in home.rows("SELECT label FROM v_photo_tags")}


def _read(home: Home) -> dict[str, str]:
    """The tags that come from what was read, with their labels."""
    return dict(home.rows("SELECT tag, label FROM v_photo_tags WHERE source = 'metadata'"))


def _rejected(home: Home) -> set[str]:
    return {tag for (tag,) in home.rows("SELECT tag FROM v_rejected_tags")}


def test_where_nothing_is_written_keywords_count_on_request_alone(home: Home) -> None:
    photo = home.photos / "cat.jpg"
    photos.cat().save(photo)
    photo.write_bytes(with_packet(photo.read_bytes(), _packet("Aunt Ada")))
    assert home.run("tag", home.photos).returncode == 0
    assert "cat" in home.tags("cat.jpg")
    assert "Aunt Ada" not in home.tags("cat.jpg")
    assert home.run("read", photo).returncode == 0
    assert "Aunt Ada" in home.tags("cat.jpg")
