"""Tags that catch up, as functions: values go in, values come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tagd.app.retag import back, mark, plan
from tagd.app.schemas import marked_fields, plan_fields, went_back_fields
from tagd.app.selection import Selection
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.config import Config
from tagd.domain import CLASSIFIER, EVERYDAY
from tagd.errors import TagdError
from tests.reading import PHOTOS, fill

CONFIG = Config()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with closing(open_owner(tmp_path / "catalogue.db")) as made:
        fill(made, tmp_path)
        yield made


def test_photos_are_marked_by_path_and_by_query(catalogue: Catalogue, tmp_path: Path) -> None:
    by_query = mark(catalogue, CONFIG, Selection(query="cat"))
    assert marked_fields(by_query)["marked"] == 2
    both = Selection(paths=(tmp_path / "plain.jpg",), query="-- -cat")
    assert mark(catalogue, CONFIG, both).photos == 2
    assert mark(catalogue, CONFIG, Selection(paths=(tmp_path,))).photos == len(PHOTOS)


def test_a_plan_is_a_value_and_changes_nothing(catalogue: Catalogue) -> None:
    before = plan(catalogue, CONFIG)
    by_tagger = Counter({step.tagger: 0 for step in before.steps})
    for step in before.steps:
        by_tagger[step.tagger] += step.photos
    assert by_tagger == {CLASSIFIER: len(PHOTOS), EVERYDAY: len(PHOTOS)}
    assert plan_fields(before)["photos"] == len(PHOTOS), "the same photos"
    assert before.unmet == {}
    assert plan(catalogue, CONFIG).steps == before.steps


def test_what_nobody_can_do_is_an_error(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(TagdError, match="finds no photo"):
        mark(catalogue, CONFIG, Selection(query="path:nowhere"))
    with pytest.raises(TagdError, match="knows no photo at"):
        mark(catalogue, CONFIG, Selection(paths=(tmp_path / "no.jpg",)))
    with pytest.raises(TagdError, match="nothing is kept of a model 'other'"):
        back(catalogue, CONFIG, "other")
    done = back(catalogue, CONFIG, "efficientnet-lite0", Selection(query="cat"))
    assert went_back_fields(done)["changed"] == done.outcome.changed
