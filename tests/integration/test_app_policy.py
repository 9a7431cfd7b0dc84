"""Why a model is chosen, and how sure a cascade must be, as functions: values in, values out."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tagd.app import catalogues
from tagd.app.measure import compare
from tagd.app.model_schemas import explanation_fields
from tagd.app.policy import cascade_of, explain, forget, keep
from tagd.assembly.survey import load_calibrations
from tagd.config import Config
from tagd.domain import EVERYDAY
from tagd.errors import CatalogueHeld, ConfigError, PhotoError, TagdError
from tagd.policy.cascade import EMBEDDED
from tests.photos import coffee

CONFIG = Config()


def at(path: Path) -> Config:
    return CONFIG.model_copy(
        update={"catalogue": CONFIG.catalogue.model_copy(update={"path": path})}
    )


def test_a_choice_is_explained_without_a_catalogue(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    coffee().save(photo)
    assert catalogues.reader_if_any(at(tmp_path / "catalogue.db")) is None
    fields = explanation_fields(explain(None, CONFIG, photo))
    assert [stage["model"] for stage in fields["stages"]] == list(EMBEDDED.models)
    assert (fields["photo"]["format"], fields["rules"]) == ("JPEG", [])
    assert fields["machine"]["waiting"] == 0
    [everyday] = fields["taggers"]
    assert everyday["tagger"] == EVERYDAY
    assert all(f"by what {model} sees" in everyday["by"] for model in EMBEDDED.models)
    with pytest.raises(PhotoError):
        explain(None, CONFIG, tmp_path / "no.jpg")


def test_it_says_where_the_quick_model_looks_for_everyday_words_alone(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    coffee().save(photo)
    named = CONFIG.model.model_copy(update={"name": "efficientnet-lite1"})
    config = CONFIG.model_copy(update={"model": named})
    [(_, by)] = explain(None, config, photo).further
    assert by.endswith("by a look of efficientnet-lite0, as efficientnet-lite1 has no head")
    off = CONFIG.taggers.model_copy(update={"everyday": False})
    assert explain(None, CONFIG.model_copy(update={"taggers": off}), photo).further == ()


def test_what_was_fitted_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    config, held = at(tmp_path / "catalogue.db"), list[CatalogueHeld]()
    fitted = replace(EMBEDDED, origin="by hand")
    with closing(catalogues.made(config, "tagd run")) as owned:
        with closing(catalogues.made(config, "tagd policy calibrate", held.append)) as beside:
            keep(beside, fitted)
            assert len(held) == 1
        with owned.read() as tx:
            assert [known.origin for known in load_calibrations(tx)] == ["by hand"]
        assert forget(owned, fitted.models)
        assert not forget(owned, fitted.models)


def test_a_cascade_has_different_models(tmp_path: Path) -> None:
    assert cascade_of(CONFIG) == EMBEDDED.models
    assert cascade_of(CONFIG, ["a", "b"]) == ("a", "b")
    for named in (["a"], ["a", "b", "a"]):
        with pytest.raises(ConfigError, match="different models"):
            cascade_of(CONFIG, named)
    with pytest.raises(TagdError, match="no photos below"):
        compare(CONFIG, [tmp_path])
