"""README.md and docs/ tell the truth: commands run, outputs are real, keys and links exist.

How a page is marked up for this: docs/development.md.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import piexif
import pytest
from PIL import Image

from tagd.catalogue.db.engine import open_owner
from tagd.config import Config, load
from tagd.config.keys import SECTIONS
from tagd.config.reference import text as configuration
from tests import pages, photos
from tests.pages import PAGES, PROJECT, Screen
from tests.support import PATIENCE_SECONDS, wait_until

AKI = "/home/aki"  # at whose home the pages' examples are
LONGEST_README = 8 << 10
# Pages whose commands speak with a daemon.
WITH_DAEMON = {"docs/service.md"}


class Aki:
    """The home of the pages' examples, with the real command in it."""

    def __init__(self, home: Path, cache: Path) -> None:
        self.home = home
        self.catalogue = home / ".local/share/tagd/catalogue.db"
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "120",
            "HF_HUB_OFFLINE": "1",
            "XDG_CACHE_HOME": str(cache),
            "XDG_RUNTIME_DIR": str(home),
            "TAGD_WEB__LISTEN": "127.0.0.1:0",
        }

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """A command line, as a shell has it."""
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.home,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    @contextmanager
    def started(self, line: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A command line that does not end of itself; it must end cleanly on Ctrl-C."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.home,
                start_new_session=True,
            )
        try:
            yield process
            # One that was told to end is on its way out.
            if process.poll() is None and "drained" not in log.read_text():
                process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_SECONDS) in (0, 130), log.read_text()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def as_printed(self, text: str) -> str:
        """What was printed here, as it would be at Aki's."""
        return text.replace(str(self.home), AKI)


def save(
    picture: Image.Image, path: Path, taken: str = "", camera: str = "", maker: str = ""
) -> None:
    """A JPEG as a camera writes it."""
    exif = piexif.dump(
        {
            "0th": {piexif.ImageIFD.Make: maker, piexif.ImageIFD.Model: camera},
            "Exif": {piexif.ExifIFD.DateTimeOriginal: taken} if taken else {},
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=90, exif=exif)


def sample(name: str) -> Image.Image:
    return Image.open(photos.SAMPLES / name).convert("RGB")


@pytest.fixture(scope="module")
def first_screen(tmp_path_factory: pytest.TempPathFactory, warm_cache: Path) -> tuple[Aki, str]:
    """Aki's home once the first command of README has run there, and what it printed."""
    home = tmp_path_factory.mktemp("docs") / "aki"
    save(photos.cat(), home / "Pictures/chelsea.jpg", "2024:06:01 10:00:00", "D70", "NIKON")
    save(photos.coffee(), home / "Pictures/coffee.jpg", "2024:07:14 08:30:00", "EOS 40D", "Canon")
    save(sample("horse.png"), home / "Pictures/horse.jpg")
    save(sample("rocket.jpg"), home / "Pictures/2024/rocket.jpg")
    (home / "Pictures/notes.jpg").write_text("not a picture at all\n" * 9)
    aki = Aki(home, warm_cache)
    log = home / "log"

    def done() -> bool:
        assert process.poll() is None, log.read_text()
        said = log.read_text()
        return said.count(" tagged ") >= 4 and "notes.jpg" in said and "then try" in said

    with aki.started(first_of_readme().command, log) as process:
        wait_until(done, what="README's first screen")
    return aki, aki.as_printed(log.read_text())


def first_of_readme() -> Screen:
    return pages.screens("README.md")[0]


@pytest.fixture(scope="module")
def kept(first_screen: tuple[Aki, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of Aki's home as the first run leaves it."""
    aki, _ = first_screen
    return Path(shutil.copytree(aki.home, tmp_path_factory.mktemp("kept") / "aki"))


@pytest.fixture
def aki(first_screen: tuple[Aki, str], kept: Path) -> Aki:
    """Aki's home as the first run leaves it, for one page alone."""
    aki, _ = first_screen
    shutil.rmtree(aki.home)  # and at the same place again: the catalogue knows files by their paths
    shutil.copytree(kept, aki.home)
    return aki


def test_the_first_screen_is_real(first_screen: tuple[Aki, str]) -> None:
    _, printed = first_screen
    for line in str(first_of_readme().output).splitlines():
        assert re.search(pages.pattern(line), printed), (line, printed)


# README.ja.md shows what README.md does, as a test below holds.
@pytest.mark.parametrize(
    "page",
    [
        page if page == "README.md" else pytest.param(page, marks=pytest.mark.slow)
        for page in PAGES
        if page != "README.ja.md"  # shows the same as README.md
    ],
)
def test_what_a_page_shows_runs_as_printed(page: str, aki: Aki, tmp_path: Path) -> None:
    with ExitStack() as stack:
        if page in WITH_DAEMON:
            log = tmp_path / "log"
            stack.enter_context(aki.started("tagd run", log))
            wait_until(lambda: "then try" in log.read_text(), what="the daemon is ready")
        for step in pages.steps(page):
            done = aki.run(step.command)
            printed = aki.as_printed(done.stdout + done.stderr)
            assert done.returncode == 0, (step.command, printed)
            assert step.matches(printed), (step, printed)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_named_exist(page: str) -> None:
    wrong = {" ".join(words): pages.misspelt(words) for words in pages.named_commands(page)}
    assert {command: word for command, word in wrong.items() if word} == {}


def test_every_command_is_named_somewhere() -> None:
    named = {words[0] for page in PAGES for words in pages.named_commands(page) if words}
    assert set(pages.program().commands) <= named | {"help", "version"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    assert {kind for kind, _ in pages.BLOCK.findall(pages.read(page))} <= pages.KINDS


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(((?!http)[^)]+)\)", pages.prose(page)):
        path, _, anchor = link.partition("#")
        target = (PROJECT / page).parent / path if path else PROJECT / page
        assert target.exists(), link
        assert not anchor or anchor in pages.anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", sorted(PROJECT.glob("docs/*.md")), ids=lambda page: page.name)
def test_readme_leads_to_every_page(page: Path) -> None:
    assert f"](docs/{page.name})" in pages.read("README.md")


def test_readme_is_short() -> None:
    assert len(pages.read("README.md").encode()) <= LONGEST_README


@pytest.mark.parametrize(("page", "text"), pages.all_blocks("toml"))
def test_a_configuration_is_well(page: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    assert load(file, {"HOME": str(tmp_path)}) != Config(), page


@pytest.mark.parametrize("page", PAGES)
def test_keys_named_exist(page: str) -> None:
    named = re.findall(r"`\[(\w+)\]\s(\w+)", pages.prose(page))
    assert [key for key in named if key[1] not in SECTIONS.get(key[0], ())] == []


def test_the_page_of_keys_is_the_one_that_is_generated() -> None:
    assert pages.read("docs/configuration.md") == configuration()


QUERIES = [
    query.strip()
    for _, text in pages.all_blocks("sql")
    for query in text.split(";")
    if query.strip()
]


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A reader of an empty catalogue."""
    path = tmp_path_factory.mktemp("views") / "catalogue.db"
    open_owner(path).close()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_runs(query: str, views: sqlite3.Connection) -> None:
    assert [column for column, *_ in views.execute(query).description]


def test_the_views_have_the_columns_that_are_documented(views: sqlite3.Connection) -> None:
    rows = re.findall(r"^\| `(v_\w+)` \| (.*?) \|$", pages.read("docs/catalogue.md"), re.MULTILINE)
    there = {
        name: [row[1] for row in views.execute(f"PRAGMA table_info({name})")]
        for (name,) in views.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")
    }
    assert {name: columns.split(":")[0].strip().split(", ") for name, columns in rows} == there


def test_programs_run_as_printed(aki: Aki) -> None:
    for _, program in pages.all_blocks("python"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=aki.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "cat" in done.stdout


def test_make_run_knows_the_home_folder_whatever_the_shell_does(tmp_path: Path) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", "run", "PHOTOS=~/My Pictures"],
        cwd=PROJECT,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f'tagd run "{tmp_path}/My Pictures"' in told.stdout


def test_the_japanese_readme_shows_what_the_english_one_does() -> None:
    english, japanese = (
        [
            (kind, re.sub(r"\s+#.*", "", text))
            for kind, text in pages.BLOCK.findall(pages.read(page))
        ]
        for page in ("README.md", "README.ja.md")
    )
    assert japanese == english
    links = [
        set(re.findall(r"\]\((docs/[^)]+|CHANGELOG.md)\)", pages.read(page)))
        for page in ("README.md", "README.ja.md")
    ]
    assert links[0] == links[1]


def test_the_layers_are_those_that_are_held() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    [shown] = pages.blocks("docs/architecture.md", "text")
    names = [re.split(r"\s{2,}", line)[0] for line in shown.splitlines()]
    assert [name for name in names if name] == contract["layers"]
