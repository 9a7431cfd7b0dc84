"""Commands print what use cases return, in the shapes that are written down: programs read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tagd.app import failures, history, photo, rederive, schemas, search, status, tags
from tagd.catalogue.db.engine import Catalogue, open_owner, open_reader
from tagd.config import Config, load
from tagd.errors import QueryError, TagdError
from tests.acceptance.home import Home
from tests.reading import fill

SHAPES = json.loads((Path(__file__).parents[1] / "data" / "json_shapes.json").read_text())
BY_NAME = {"gained", "lost", "unread"}  # objects whose keys are names, not fields

USE_CASES: dict[tuple[str, ...], Callable[[Catalogue, Config, Path], Any]] = {
    ("search", "cat OR espresso"): lambda _, config, __: found(config, "cat OR espresso"),
    ("show", "both.jpg"): lambda *known: shown(*known, name="both.jpg"),
    ("show", "plain.jpg"): lambda *known: shown(*known, name="plain.jpg"),
    ("show", "waits.jpg"): lambda *known: shown(*known, name="waits.jpg"),
    ("tags",): lambda catalogue, *_: list(map(schemas.count_fields, tags.tags(catalogue))),
    ("tags", "rederive", "--dry-run"): lambda _, config, __: schemas.outcome_fields(
        rederive.preview(config)
    ),
    ("history",): lambda catalogue, *_: list(map(schemas.run_fields, history.runs(catalogue))),
    ("history", "both.jpg"): lambda catalogue, _, folder: list(
        map(schemas.event_fields, history.events(catalogue, folder / "both.jpg"))
    ),
    ("failed",): lambda catalogue, *_: list(
        map(schemas.failure_fields, failures.failed(catalogue, None))
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Photos of every fate, one of which a person corrected, and no hours for re-tagging."""
    made = Home(tmp_path_factory.mktemp("schemas") / "home", "[retag]\nwindows = []\n")
    with closing(open_owner(made.database)) as catalogue:
        fill(catalogue, made.photos)
    rejected = made.run("reject", made.photos / "both.jpg", "dog")
    assert rejected.returncode == 0, rejected.stderr
    return made


@pytest.fixture(scope="module")
def config(home: Home) -> Config:
    return load(home.config, {})


@pytest.fixture(scope="module")
def catalogue(home: Home) -> Iterator[Catalogue]:
    with open_reader(home.database) as opened:
        yield opened


def found(config: Config, query: str) -> list[dict[str, Any]]:
    with search.moment(config) as catalogue:
        request = search.SearchRequest(query)
        return [schemas.found_fields(each) for each in catalogue.found(request)]


def shown(catalogue: Catalogue, config: Config, folder: Path, *, name: str) -> dict[str, Any]:
    return schemas.shown_fields(photo.photo(catalogue, config, folder / name))


def shape(value: Any, *, by_name: bool = False) -> Any:
    """What kinds of values stand where."""
    match value:
        case dict():
            of_fields = {key: shape(value[key], by_name=key in BY_NAME) for key in value}
            return {"*": merged(of_fields.values())} if by_name else of_fields
        case list():
            return [merged(map(shape, value))]
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
    return "number"


def merged(shapes: Iterable[Any]) -> Any:
    """The kinds of several values at one place; None where there is no value."""
    known: list[Any] = []
    for each in shapes:
        if each not in known:
            known.append(each)
    if len(known) < 2:
        return known[0] if known else None
    if all(isinstance(each, dict) for each in known):
        return {key: merged(each[key] for each in known) for key in known[0]}
    if all(isinstance(each, list) for each in known):
        return [merged(item for each in known for item in each if item is not None)]
    return " or ".join(sorted(map(str, known)))


@pytest.mark.parametrize("arguments", USE_CASES, ids=" ".join)
def test_a_command_prints_what_its_use_case_returns(
    home: Home, config: Config, catalogue: Catalogue, arguments: tuple[str, ...]
) -> None:
    typed = [home.photos / each if each.endswith(".jpg") else each for each in arguments]
    printed = home.json(*typed)
    assert printed == json.loads(json.dumps(USE_CASES[arguments](catalogue, config, home.photos)))
    assert shape(printed) == SHAPES[" ".join(arguments)]


def test_the_shape_of_a_status(home: Home, config: Config, catalogue: Catalogue) -> None:
    printed = home.json("status", "--verbose")
    report = status.status(catalogue, config)
    fields = schemas.status_fields(report) | {"stages": schemas.stage_fields(report.times)}
    for told in (printed, json.loads(json.dumps(fields))):
        told["eta_seconds"] = None  # a minute after the last photo nobody can tell
        assert shape(told) == SHAPES["status --verbose"]


def test_the_shape_of_a_mistake(home: Home, config: Config) -> None:
    with pytest.raises(QueryError) as mistake:
        found(config, "dog esspresso")
    printed = json.loads(home.run("search", "dog esspresso", "--json").stdout)
    assert printed == schemas.mistake_fields(mistake.value)
    assert shape(printed) == SHAPES["search, a mistake"]


def test_the_shape_of_an_export(home: Home, config: Config) -> None:
    lines = home.run("export", "--format", "jsonl").stdout.splitlines()
    printed = [json.loads(line) for line in lines]
    with search.moment(config) as catalogue:
        rows = [schemas.row_fields(each) for each in catalogue.found(search.SearchRequest(""))]
    assert printed == json.loads(json.dumps(rows))
    assert shape(printed) == SHAPES["export --format jsonl"]


def test_what_is_not_known_is_an_error_of_the_use_case(
    config: Config, catalogue: Catalogue, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere.jpg"
    for ask in (
        lambda: photo.photo(catalogue, config, nowhere),
        lambda: history.events(catalogue, nowhere),
        lambda: failures.failed(catalogue, [nowhere]),
        lambda: failures.retry(config, [nowhere]),
    ):
        with pytest.raises(TagdError, match="does not know"):
            ask()


def test_a_page_goes_on_after_another_with_their_number(config: Config) -> None:
    with search.moment(config) as catalogue:
        first = list(catalogue.found(search.SearchRequest("animal", limit=1)))
        rest = list(catalogue.found(search.SearchRequest("animal", after=first[-1].position)))
        whole = list(catalogue.found(search.SearchRequest("animal")))
        assert first + rest == whole
        assert catalogue.total("animal") == search.Total(len(whole), is_exact=True)
