"""What the tests of written tags share: a photo whose tags are known, without any model."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR

import structlog

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.files import photos, sidecars
from tagd.catalogue.queue import jobs
from tagd.catalogue.tagging import record
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.written import inscriptions, unwritten
from tagd.config import Config
from tagd.daemon.writing import Writing
from tagd.domain import Job, JobKind, Place, Priority, Readings, SettledFile, Signature
from tagd.fs import signature_of
from tagd.labels.derivation import Derivation
from tagd.labels.rules import TagRules
from tagd.metadata import exif, packets, read_back, reader, xmp
from tagd.metadata.keywords import IN_XMP, Field
from tagd.ops.pulse import Pulses
from tagd.tagging import keyword_sync
from tagd.writeback.ledger import recover_all
from tagd.writeback.tag_writer import MetadataSettings, TagWriter, WriteMode, WriteOutcome
from tagd.writeback.worker import MetadataWorker
from tests import catalogue as recorded
from tests import photos as pictures

CAT, DOG = "n02121808", "n02084071"
EMBEDDED = MetadataSettings(WriteMode.EMBEDDED)
STARS = b'rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"'
_LEASES = itertools.count(1)


def photo_of(path: Path) -> str:
    """The id of the photo at this path."""
    return f"{abs(hash(path.name)):032x}"[:32]


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a photo that has begun: its job, and the file as it was read."""

    job: Job
    signature: Signature
    said: Readings


@dataclass
class Desk:
    """A catalogue, a folder, and who writes what the one says into the photos of the other."""

    catalogue: Catalogue
    folder: Path
    settings: MetadataSettings = EMBEDDED
    run: Run = field(default_factory=lambda: Run.of("tagd run"))
    failed: list[str] = field(default_factory=list)
    outcomes: list[tuple[Place, WriteOutcome]] = field(default_factory=list)
    derivation: Derivation = field(default_factory=lambda: Derivation.by(TagRules()))

    def photo(self, name: str = "cat.jpg", *labels: str) -> Path:
        """A photo that lies there, tagged as of these labels (a cat), to be written."""
        path = self.folder / name
        pictures.cat().save(path)
        self.tag(path, *(labels or (CAT,)))
        return path

    def tag(self, path: Path, *labels: str) -> None:
        """A model says that this is in the photo as it lies there now."""
        signature = signature_of(path.stat())
        with self.catalogue.write() as tx:
            # As if nothing were known of it: a file that is unchanged is not looked at again.
            recorded.rows(tx, f"UPDATE file SET size = 0 WHERE path = '{path}' RETURNING id")
            photos.submit(tx, [SettledFile(path, signature, Priority.ASKED)], recorded.NOW)
            [job] = recorded.claim(tx, lease=f"test/{next(_LEASES)}")
            result = recorded.result(job, photo_of(path), *labels, signature=signature)
            record.record(
                tx,
                [result],
                self.derivation.name_of,
                recorded.NOW,
                above=self.derivation.above,
            )
        self.queue(path)

    def submit(self, path: Path) -> int:
        """The watch tells of the file; how many are to be looked at."""
        with self.catalogue.write() as tx:
            seen = SettledFile(path, signature_of(path.stat()), Priority.NEW)
            return photos.submit(tx, [seen], recorded.NOW).queued

    def submit_sidecar(self, path: Path) -> int:
        """The watch tells of a sidecar; how many photos are to be read for it."""
        with self.catalogue.write() as tx:
            return sidecars.submit(tx, path, signature_of(path.stat()), path, recorded.NOW)

    def missing(self, path: Path) -> None:
        """The watch tells that it is not there any more."""
        with self.catalogue.write() as tx:
            photos.mark_missing(tx, [path], recorded.NOW)

    def moved(self, source: Path, destination: Path) -> None:
        """The watch tells that it has another name."""
        stat = destination.stat()
        is_folder = S_ISDIR(stat.st_mode)
        seen = None if is_folder else signature_of(stat)
        with self.catalogue.write() as tx:
            photos.rename(
                tx, source, destination, is_folder=is_folder, now=recorded.NOW, signature=seen
            )

    def read(self, path: Path) -> None:
        """What the photo and its sidecars say is taken in."""
        with self.catalogue.write() as tx:
            [(file_id,)] = recorded.rows(tx, f"SELECT id FROM file WHERE path = '{path}'")
            said = read_back.readings_at(path, self.settings.sidecars, photo_of(path))
            keyword_sync.take_in(tx, {file_id: said}, self.derivation, self.run, recorded.NOW)
        self.queue(path)

    def look(self, path: Path) -> Look:
        """The daemon begins to look at the photo anew, and has read what is there."""
        with self.catalogue.write() as tx:
            [(file_id,)] = recorded.rows(tx, f"SELECT id FROM file WHERE path = '{path}'")
            jobs.enqueue(tx, JobKind.TAG, {file_id: Priority.NEW}, recorded.NOW)
            [job] = recorded.claim(tx, lease=f"test/{next(_LEASES)}")
        said = read_back.readings_at(path, self.settings.sidecars, photo_of(path))
        return Look(job, signature_of(path.stat()), said)

    def take_in(self, path: Path, look: Look) -> bool:
        """The look is at its end; whether what it saw counts."""
        seen = recorded.result(look.job, photo_of(path), tagged=False, signature=look.signature)
        with self.catalogue.write() as tx:
            [counts] = record.record(tx, [seen], self.derivation.name_of, recorded.NOW)
            if counts:
                said = {look.job.file_id: look.said}
                keyword_sync.take_in(tx, said, self.derivation, self.run, recorded.NOW)
        self.queue(path)
        return counts

    def rejected(self) -> list[str]:
        """The names of the tags that no photo is to have."""
        with self.catalogue.read() as tx:
            sql = "SELECT tag FROM v_rejected_tags ORDER BY tag"
            return [name for (name,) in recorded.rows(tx, sql)]

    def queue(self, path: Path) -> None:
        """Its tags are to be written."""
        with self.catalogue.write() as tx:
            rows = inscriptions.rows_of(tx, [photo_of(path)])
            inscriptions.enqueue(tx, rows, self.settings.wants, Priority.NEW, time.time())

    def write(self, later: float = 0.0) -> int:
        """Work the queue off, so many seconds from now; returns how many files were written."""
        written: list[object] = []
        MetadataWorker(
            catalogue=self.catalogue,
            tag_writer=TagWriter(
                self.catalogue,
                self.settings,
                self.derivation,
                self.run,
                on_outcome=lambda *what: self.outcomes.append(what),
            ),
            max_attempts=3,
            on_written=written.append,
            on_failed=lambda _path, reason, _error: self.failed.append(reason),
            on_trouble=_raise,
            clock=lambda: time.time() + later,
        ).drain()
        return len(written)

    def recover(self) -> list[tuple[Path, str]]:
        """What the next start does first."""
        return list(recover_all(self.catalogue, self.run).told)

    def set(self, **values: object) -> None:
        """Other settings from now on."""
        self.settings = replace(self.settings, **values)  # type: ignore[arg-type]  # their own types

    def jobs(self) -> list[tuple[str, str | None]]:
        """The state of each write that is to be done, and what went wrong."""
        with self.catalogue.read() as tx:
            sql = "SELECT state, error_code FROM job WHERE kind = 'write'"
            return [(state, code) for state, code in recorded.rows(tx, sql)]

    def unwritten(self) -> list[tuple[int, Path]]:
        """How many photos could not be written for each reason, and one of them."""
        with self.catalogue.read() as tx:
            return [(each.files, each.example) for each in unwritten.reasons(tx)]

    def waiting_tags(self) -> int:
        """How many photos are to be looked at."""
        with self.catalogue.read() as tx:
            return jobs.waiting(tx, most=100, kind=JobKind.TAG)

    def places(self) -> list[Place]:
        """Where tagd answers for keywords."""
        with self.catalogue.read() as tx:
            sql = "SELECT place FROM inscription ORDER BY place"
            return [Place(place) for (place,) in recorded.rows(tx, sql)]


def writing_of(
    catalogue: Catalogue, run: Run, write: str, sidecar_folder: Path | None = None
) -> Writing:
    """The daemon's writers by such a configuration; nothing runs yet."""
    metadata = {"write": write, "sidecar_folder": sidecar_folder and str(sidecar_folder)}
    return Writing(
        Config.model_validate(
            {"metadata": {key: value for key, value in metadata.items() if value}}
        ),
        catalogue,
        run,
        pulses=Pulses(60),
        log=structlog.get_logger(),
        on_fault=lambda error: None,
    )


def subjects(path: Path) -> tuple[str, ...]:
    """The plain keywords that a photo, or a sidecar, holds."""
    if path.suffix == ".xmp":
        return reader.of_packets([path.read_bytes()]).of(Field.SUBJECT)
    return reader.read(path).of(Field.SUBJECT)


def annotate(photo: Path, *subjects: str) -> None:
    """Another program writes these keywords, and knows nothing of tagd's provenance."""
    data = exif.with_keywords(photo.read_bytes(), subjects)
    there = packets.embedded(data)
    packet = xmp.parse(there) if there else xmp.new_packet(padded=False)
    xmp.set_keywords(packet, dict.fromkeys(IN_XMP, subjects))
    photo.write_bytes(packets.embed(data, packet.to_bytes()))


def _raise(trouble: Exception) -> None:
    raise trouble


def told(desk: Desk) -> list[tuple[str, str, int]]:
    """Photo, sidecar and run, as others are told, below the desk's folder."""
    with desk.catalogue.read() as tx:
        found = recorded.rows(tx, "SELECT path, written_to, run FROM v_written ORDER BY path")
    return [(Path(path).name, Path(to).name, run) for path, to, run in found]


def names(desk: Desk) -> list[str]:
    return sorted(each.name for each in desk.folder.rglob("*") if each.is_file())


def move(desk: Desk, photo: Path, name: str) -> Path:
    """Rename a photo, and tell of it as the watch does."""
    there = desk.folder / name
    there.parent.mkdir(exist_ok=True)
    desk.moved(photo, photo.rename(there))
    return there


def rated(sidecar: Path) -> None:
    """Another program gives stars."""
    sidecar.write_bytes(sidecar.read_bytes().replace(b'rdf:about=""', STARS, 1))
