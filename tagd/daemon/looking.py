"""What a picture shows that lies in no folder: asked over the control socket, answered by the
models of the worker, and not kept."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tagd.assembly.build import classifier_with, limits_of
from tagd.assembly.derivation import derivation_of
from tagd.assembly.taggers import taggers_of
from tagd.decoding.pool import DecodeRequest, DecoderPool
from tagd.domain import CLASSIFIER
from tagd.errors import DecoderUnavailable, InternalFault, PhotoError, TagdError
from tagd.ops.control import Reply
from tagd.tagging.taggers import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.domain import DecodedPhoto, Geometry, Predictions
    from tagd.labels.derivation import Derivation
    from tagd.models.pool import ModelPool

PATIENCE_SECONDS = 40.0  # for a decoder to start and to read a picture


def look(
    path: Path,
    config: Config,
    catalogue: Catalogue,
    models: ModelPool,
    on_event: Callable[[str], None] = lambda _: None,
) -> Reply:
    """Return what the picture at this path would be tagged with, the surest first. What is wrong
    with it is a reply as well."""
    try:
        said = _said(path, config, catalogue, models, on_event)
        tags = _tags(said, derivation_of(config))
    except PhotoError as error:
        return Reply(ok=False, message=error.reason, code=error.code)
    except TagdError as error:
        return Reply(ok=False, message=error.message, hint=error.hint)
    return Reply(ok=True, message="", tags=tags)


def _tags(said: Mapping[str, Predictions], derivation: Derivation) -> tuple[dict[str, Any], ...]:
    """What follows from what each tagger said, each label once, as the surest of them has it."""
    given = [
        (tag, tagger) for tagger, found in derivation.together(said).items() for tag in found.tags
    ]
    surest = {
        tag.label: (tag, by) for tag, by in sorted(given, key=lambda each: each[0].confidence)
    }
    return tuple(
        {
            "tag": derivation.name_of(tag.label),
            "label": tag.label,
            "confidence": round(tag.confidence, 6),
            "model": said[tagger].model,
            "tagger": tagger,
        }
        for tag, tagger in sorted(surest.values(), key=lambda each: -each[0].confidence)
    )


def _said(
    path: Path,
    config: Config,
    catalogue: Catalogue,
    models: ModelPool,
    on_event: Callable[[str], None],
) -> dict[str, Predictions]:
    """What each tagger says. Raises `PhotoError`, and `ModelError` where none can be asked."""
    classifier = classifier_with(config, models, catalogue)
    taggers = taggers_of(config, classifier)
    [reachable] = classifier.reachable([path])
    geometries = (*classifier.inputs(reachable), *taggers.geometries(reachable))
    photo = _decoded(path, tuple(dict.fromkeys(geometries)), config, on_event)
    chosen, refused = classifier.choose([photo], waiting=0)
    if refused:
        raise refused[photo.photo_id]
    choices = {photo.photo_id: chosen[photo.photo_id].now}
    answers = classifier.classify({photo.photo_id: photo}, choices, embed=bool(taggers))
    answer = answers[photo.photo_id]
    seen = [Seen(photo, answer)]
    return {CLASSIFIER: answer.final} | {
        tagger.key: predictions
        for tagger in taggers
        if taggers.plan_of(tagger) is not None
        for predictions in tagger.look(seen)
    }


def _decoded(
    path: Path,
    geometries: tuple[Geometry, ...],
    config: Config,
    on_event: Callable[[str], None],
) -> DecodedPhoto:
    """The picture, read by a decoder of its own: it may be anything that anybody sent. Raises
    `PhotoError`, and `DecoderUnavailable`."""
    with closing(DecoderPool(decoders=1, limits=limits_of(config), on_event=on_event)) as decoders:
        decoders.submit(DecodeRequest(threading.get_ident(), path, geometries))
        outcomes = decoders.take(1, PATIENCE_SECONDS)
    if not outcomes:
        raise DecoderUnavailable(f"no decoder answered within {PATIENCE_SECONDS:g} s")
    [outcome] = outcomes
    if outcome.photo is None:
        raise outcome.error or InternalFault(path, "neither a picture nor a reason")
    return outcome.photo
