"""How quick each part is for itself, and the whole: photos a second."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import harmonic_mean

import numpy as np

from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecodeOutcome
from tagd.lab.photos import batches
from tagd.models.pool import LoadedModel
from tests.acceptance.home import Home

MODEL = "efficientnet-lite0"
ALONE = f'[model]\nname = "{MODEL}"\n'
CASCADE = ""
FORWARD_SECONDS = 3.0
BATCH = 4


@dataclass(frozen=True, slots=True)
class Round:
    """One round's rates, all measured within a minute of each other. `start_up` is in seconds."""

    loop: float
    decode: float
    forward: float
    tagd: float
    cascade: float
    start_up: float

    @property
    def limit(self) -> float:
        """What both together could reach at most, each with every core."""
        return 1 / (1 / self.decode + 1 / self.forward)

    @property
    def over_loop(self) -> float:
        """How many times the one-at-a-time loop."""
        return self.tagd / self.loop

    @property
    def limit_over_loop(self) -> float:
        """How many times the one-at-a-time loop could be reached at most."""
        return self.limit / self.loop

    @property
    def of_limit(self) -> float:
        """The share of the limit that is reached."""
        return self.tagd / self.limit


def measure(photos: Sequence[Path], looped: int, model: LoadedModel, root: Path) -> Round:
    """One round over these photos; the loop takes `looped` of them. The parts are measured before
    the whole and after it, since a machine that is shared grows quicker and slower."""
    rate, _ = loop(photos[:looped])
    before = decode(photos, model), forward(model)
    tagged, start_up = tag(photos, ALONE, root)
    after = decode(photos, model), forward(model)
    cascade, _ = tag(photos, CASCADE, root)
    decoded, passed = (harmonic_mean(pair) for pair in zip(before, after, strict=True))
    return Round(rate, decoded, passed, tagged, cascade, start_up)


def loop(photos: Sequence[Path]) -> tuple[float, list[int]]:
    """The rate of the one-at-a-time loop, in a process of its own, and the photos' best classes."""
    command = [sys.executable, "-m", "benchmarks.loop", *map(str, photos)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(told.stdout)
    return said["photos_a_second"], said["best"]


def decode(photos: Sequence[Path], model: LoadedModel) -> float:
    """Decoding alone, in as many decoders as there are cores; their start is not counted."""
    ended, began = 0, 0.0
    for each in _decoded(photos, model):
        if not began:
            began = time.perf_counter()
            continue
        ended += len(each)
    return ended / (time.perf_counter() - began)


def forward(model: LoadedModel) -> float:
    """The model alone, in batches as the worker's."""
    height, width = model.geometry.crop
    images = np.random.default_rng(0).integers(0, 256, (BATCH, height, width, 3), np.uint8)
    for _ in range(5):
        model.session.run(images)
    began, passes = time.perf_counter(), 0
    while time.perf_counter() - began < FORWARD_SECONDS:
        model.session.run(images)
        passes += 1
    return BATCH * passes / (time.perf_counter() - began)


def best(photos: Sequence[Path], model: LoadedModel) -> list[int]:
    """The place of each photo's best class, decoded and asked as tagd does."""
    found = dict.fromkeys(range(len(photos)), -1)
    for outcomes in _decoded(photos, model):
        seen = [each for each in outcomes if each.photo is not None]
        if not seen:
            continue
        inputs = np.stack([each.photo.inputs[model.geometry] for each in seen if each.photo])
        rows = model.session.run(inputs).logits.argmax(axis=1)
        found |= {each.ticket: int(row) for each, row in zip(seen, rows, strict=True)}
    return list(found.values())


def tag(photos: Sequence[Path], settings: str, root: Path) -> tuple[float, float]:
    """`tagd tag` from beginning to end: photos a second, and the seconds that it takes to start
    and tag a single photo, which do not count. The first run of all is cold, and not looked at."""
    shutil.rmtree(root / "tag", ignore_errors=True)
    home = Home(root / "tag", settings, cache=root / "cache")
    cold, *singles = (_linked(photos[place : place + 1], home.root) for place in range(4))
    many = _linked(photos[4:], home.root)
    _run(home, cold)
    start_up = sorted(_run(home, each) for each in singles)[1]
    seconds = _run(home, many)
    [(tagged,)] = home.rows("SELECT count(*) FROM v_files WHERE state = 'tagged'")
    if tagged != len(photos) or home.inferences() != len(photos):
        raise SystemExit(f"{tagged} of {len(photos)} photos tagged, or some were duplicates")
    return (len(photos) - 4) / (seconds - start_up), start_up


def _run(home: Home, folder: Path) -> float:
    began = time.perf_counter()
    told = home.run("tag", folder, timeout=300)
    seconds = time.perf_counter() - began
    if told.returncode:
        raise SystemExit(told.stdout + told.stderr)
    return seconds


def _linked(photos: Sequence[Path], root: Path) -> Path:
    """A folder with these photos, which costs no copy."""
    folder = root / photos[0].stem
    folder.mkdir()
    for photo in photos:
        os.link(photo, folder / photo.name)
    return folder


def _decoded(photos: Sequence[Path], model: LoadedModel) -> Iterator[list[DecodeOutcome]]:
    cores = len(os.sched_getaffinity(0))
    return batches(photos, [model.geometry], size=BATCH, decoders=cores, limits=DecodeLimits())
