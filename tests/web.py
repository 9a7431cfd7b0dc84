"""Pages that are really served, of photos that are really there, and requests to them."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.queue import claims
from tagd.catalogue.tagging.record import TaggedFile, Tagging, record
from tagd.decoding.decode import DecodeLimits, read_photo
from tagd.domain import JobKind, Predictions, Priority, SettledFile, Tag, Tags
from tests.acceptance.home import Home
from tests.reading import NAMES

CAT, DOG, ANIMAL, ESPRESSO = "n02121808", "n02084071", "n00015388", "n07920052"
SECONDS = 60.0
Given = Mapping[str, tuple[Image.Image, Mapping[str, float]]]  # by name: a picture, and its tags


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Site:
    """Pages that are served, with a token that may write."""

    home: Home
    process: subprocess.Popen[str]
    base: str
    link: str
    token: str

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        with_token: bool = True,
    ) -> Answer:
        """One request; a body that is no bytes goes as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}"} if with_token else {}
        if data is not None:
            given["Content-Type"] = "application/json"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as to:
            to.request(
                method or ("GET" if data is None else "POST"),
                path,
                data,
                {**given, **(headers or {})},
            )
            said = to.getresponse()
            return Answer(said.status, {k.lower(): v for k, v in said.getheaders()}, said.read())

    def raw(self, data: bytes, seconds: float = SECONDS) -> bytes:
        """What comes back for these bytes, until the server hangs up or says nothing more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as to:
            to.sendall(data)
            said = b""
            try:
                while part := to.recv(1 << 16):
                    said += part
                    if b"\r\n\r\n" in said:
                        to.settimeout(0.3)
            except (TimeoutError, ConnectionResetError):
                pass
            return said

    def photo_id(self, name: str) -> str:
        """The id of the photo of this name."""
        [(found,)] = self.home.rows(
            "SELECT photo_id FROM v_files WHERE path = ?", str(self.home.photos / name)
        )
        return str(found)

    def tags(self, name: str) -> dict[str, str]:
        """The tags of a photo with their states, as the catalogue has them."""
        rows = self.home.rows(
            """SELECT label.name, max(tag.state) FROM tag JOIN label ON label.id = tag.label_id
               JOIN file ON file.photo_id = tag.photo_id WHERE file.path = ? GROUP BY label.id""",
            str(self.home.photos / name),
        )
        return dict(rows)

    @property
    def megabytes(self) -> float:
        """What the process takes of memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [kilobytes] = re.findall(r"VmRSS:\s+(\d+) kB", status)
        return int(kilobytes) / 1024


def fill(home: Home, given: Given) -> None:
    """Photos on the disk and in the catalogue, with tags as a model would have given them."""
    with closing(open_owner(home.database)) as catalogue:
        now = time.time()
        read = {}
        for name, (image, _) in given.items():
            path = home.photos / name
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path)
            read[path] = read_photo(path, (), DecodeLimits())
        settled = [SettledFile(path, each.signature, Priority.NEW) for path, each in read.items()]
        with catalogue.write() as tx:
            photos.submit(tx, settled, now)
            claimed = claims.claim(
                tx, JobKind.TAG, limit=len(read), lease="test/1", lease_seconds=60, now=now
            )
            done = []
            for job in claimed:
                its = read[job.path]
                tags = given[str(job.path.relative_to(home.photos))][1]
                best = tags or {CAT: 0.2}
                said = Predictions(
                    photo_id=its.photo_id,
                    model="efficientnet-lite0",
                    fingerprint="f" * 64,
                    labels=tuple(best),
                    logits=np.log(np.array([*best.values()], dtype=np.float32)),
                    log_sum_exp=0.0,
                )
                gave = Tags(its.photo_id, tuple(Tag(label, sure) for label, sure in tags.items()))
                tagging = Tagging("the quick model is sure", (said,), gave)
                done.append(TaggedFile(job, its.photo_id, its.facts, its.signature, tagging))
            assert all(record(tx, done, NAMES.__getitem__, now))


@contextmanager
def served(home: Home, settings: str = "") -> Iterator[Site]:
    """Its pages, on a port that is free."""
    home.environment.pop("TAGD_WEB__LISTEN")
    home.configure(f'[web]\nlisten = "127.0.0.1:0"\n{settings}')
    token = home.run("web", "token", "add", "tests").stdout.splitlines()[-1]
    with (home.root / "web.log").open("wb") as log:
        process = subprocess.Popen(
            home.command("web"),
            stdout=subprocess.PIPE,
            stderr=log,
            env=home.environment,
            cwd=home.root,
            text=True,
        )
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        assert link, (home.root / "web.log").read_text()
        yield Site(home, process, link.partition("/open/")[0], link, token)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
