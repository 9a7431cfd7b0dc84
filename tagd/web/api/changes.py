"""Corrections, undoing, tagging again, writing: each a run that can be taken back."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tagd.app import history
from tagd.app.corrections import Ambiguous, CorrectionRequest, correct, tag_word
from tagd.app.schemas import (
    corrected_fields,
    marked_fields,
    run_fields,
    undone_fields,
)
from tagd.app.work_schemas import written_fields
from tagd.web import problems
from tagd.web.answers import answer
from tagd.web.api.shapes import CorrectionGiven, Object, Photos, UndoGiven, WriteGiven
from tagd.web.site import site_of

router = APIRouter(tags=["changes"])


@router.post("/corrections", response_model=Object)
def corrections(request: Request, given: CorrectionGiven) -> Response:
    """Confirm, reject, add or remove a tag of photos, all or none. Where the word may mean several
    tags, 409 lists the labels, one of which is to be sent along."""
    site = site_of(request)
    try:
        word = tag_word(given.tag, given.action)
    except ValueError as error:
        return problems.problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    asked = CorrectionRequest(given.action, word, given.selection, given.own, given.label)
    with site.writing() as catalogue:
        done = correct(catalogue, site.config, asked)
    if isinstance(done, Ambiguous):
        candidates = [asdict(each) for each in done.candidates]
        return problems.problem(HTTPStatus.CONFLICT, done.reason, candidates=candidates)
    return answer(request, corrected_fields(done))


@router.post("/undo", response_model=Object)
def take_back(request: Request, given: UndoGiven) -> Response:
    """Take back what a run did. That is a run as well."""
    from tagd.app import undo  # noqa: PLC0415  lazy: it brings NumPy

    site = site_of(request)
    with site.writing() as catalogue:
        done = undo.undo(catalogue, site.config, undo.UndoRequest(undo.UndoScope(run=given.run)))
    return answer(request, undone_fields(done))


@router.get("/runs", response_model=list[Object])
def runs(request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 20) -> Response:
    """The last runs that changed tags, the latest first."""
    with site_of(request).reading() as catalogue:
        return answer(request, [run_fields(run) for run in history.runs(catalogue, limit)])


@router.post("/retag", response_model=Object)
def tag_again(request: Request, given: Photos) -> Response:
    """Have a daemon tag these photos again."""
    from tagd.app import retag  # noqa: PLC0415  lazy: it brings what measures models

    site = site_of(request)
    with site.writing() as catalogue:
        return answer(request, marked_fields(retag.mark(catalogue, site.config, given.selection)))


@router.post("/write", response_model=Object)
def write(request: Request, given: WriteGiven) -> Response:
    """Write the tags of these photos into them, or beside them."""
    from tagd.app import writeback  # noqa: PLC0415  lazy: it brings NumPy

    site = site_of(request)
    to = None if given.to is None else writeback.WriteMode(given.to)
    asked = writeback.WriteRequest(given.selection, to, given.dry_run)
    with site.writing() as catalogue:
        return answer(request, written_fields(writeback.write(catalogue, site.config, asked)))
