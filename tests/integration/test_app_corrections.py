"""Corrections and their undoing as functions: values go in, values come out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tagd.app.corrections import Ambiguous, Corrected, CorrectionRequest, correct, tag_word
from tagd.app.paths import PathUnknown
from tagd.app.schemas import corrected_fields, undone_fields
from tagd.app.selection import Selection
from tagd.app.undo import UndoRequest, UndoScope, undo
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.tagging.corrections import Action
from tagd.catalogue.tagging.tags import labels_on
from tagd.config import Config
from tagd.errors import TagdError, TagUnknown
from tests.reading import PHOTOS, fill

CONFIG = Config()
CAT, CRANE = "n02121808", "n02012849"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with closing(open_owner(tmp_path / "catalogue.db")) as made:
        fill(made, tmp_path)
        yield made


def rejecting(word: str, *, query: str) -> CorrectionRequest:
    return CorrectionRequest(Action.REJECT, word, Selection(query=query))


def corrected(catalogue: Catalogue, request: CorrectionRequest) -> Corrected:
    done = correct(catalogue, CONFIG, request)
    assert isinstance(done, Corrected)
    return done


def test_what_a_query_finds_is_corrected_together_and_undone(catalogue: Catalogue) -> None:
    done = corrected(catalogue, rejecting("cat", query="cat"))
    assert (done.tag, done.photos, done.changed, done.run) == ("cat", 2, 2, 1)
    assert corrected_fields(done)["changed"] == 2
    with catalogue.read() as tx:
        assert CAT not in labels_on(tx, range(1, len(PHOTOS) + 1))
    asked = UndoRequest(UndoScope(run=1), dry_run=True)
    preview = undo(catalogue, CONFIG, asked)
    assert (preview.said, preview.run, preview.together.gained) == (2, None, {"cat": 2})
    brought = undo(catalogue, CONFIG, replace(asked, dry_run=False))
    assert (brought.said, brought.run) == (2, 2)
    assert undone_fields(brought)["gained"] == {"cat": 2}
    with catalogue.read() as tx:
        assert CAT in labels_on(tx, range(1, len(PHOTOS) + 1))


def test_an_ambiguous_word_is_a_value_until_it_is_said_which(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    photos = Selection(paths=(tmp_path / "plain.jpg",))
    request = CorrectionRequest(Action.ADD, "crane", photos)
    unclear = correct(catalogue, CONFIG, request)
    assert isinstance(unclear, Ambiguous)
    [bird] = [each for each in unclear.candidates if each.label == CRANE]
    assert (bird.name, "bird" in bird.kinds) == ("crane", True)
    done = corrected(catalogue, replace(request, label=CRANE))
    assert (done.label, done.changed, done.new_own) == (CRANE, 1, None)


def test_a_word_that_nothing_is_called_becomes_ones_own(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    photos = Selection(paths=(tmp_path / "plain.jpg",))
    done = corrected(catalogue, CorrectionRequest(Action.ADD, "Mike", photos))
    assert done.label == "own:Mike"
    assert done.new_own is not None
    assert done.new_own.things == ("microphone",)
    again = corrected(catalogue, CorrectionRequest(Action.ADD, "Mike", photos))
    assert (again.new_own, again.changed, again.run) == (None, 0, None)


def test_what_cannot_be_corrected_is_an_error_and_changes_nothing(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    with pytest.raises(TagUnknown, match="expresso"):
        correct(catalogue, CONFIG, rejecting("expresso", query="cat"))
    with pytest.raises(TagdError, match="nothing found"):
        correct(catalogue, CONFIG, rejecting("cat", query="path:nowhere"))
    nowhere = Selection(paths=(tmp_path / "both.jpg", tmp_path / "no.jpg"))
    with pytest.raises(PathUnknown) as unknown:
        correct(catalogue, CONFIG, CorrectionRequest(Action.REJECT, "cat", nowhere))
    assert unknown.value.path == tmp_path / "no.jpg"
    with pytest.raises(TagdError, match="no run 1"):
        undo(catalogue, CONFIG, UndoRequest(UndoScope(run=1)))


def test_a_word_is_normalised_and_has_an_end() -> None:
    assert tag_word("  Aunt   Ada ", Action.ADD) == "Aunt Ada"
    for word, action in (("own:", Action.ADD), ("x" * 256, Action.ADD), ("", Action.REJECT)):
        with pytest.raises(ValueError, match="name"):
            tag_word(word, action)
    assert tag_word("x" * 256, Action.REJECT) == "x" * 256, "a tag of other times may be so long"
