"""Tags derived anew from what models said before: after changed rules, with no inference.

What a person decided is left alone, and the tags in force stay until their photo's turn comes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tagd.catalogue import facts, predictions, tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.catalogue.engine import Catalogue
    from tagd.pipeline.derivation import Derivation

PAGE = 1000  # photos a transaction, so that other writers never wait long


def rederive_if_changed(
    catalogue: Catalogue,
    derivation: Derivation,
    *,
    stopping: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Derive all tags anew where the rules are not those that they were derived with.

    Returns the number of photos. Stopped or killed in the middle it begins again next time: the
    rules are noted only when the last photo is done.
    """
    with catalogue.read() as tx:
        before = facts.get(tx, facts.DERIVED_WITH)
    if before == derivation.digest():
        return 0
    done = _rederive(catalogue, derivation, stopping, on_progress) if before else 0
    if not stopping():
        with catalogue.write() as tx:
            facts.put(tx, facts.DERIVED_WITH, derivation.digest())
    return done


def _rederive(
    catalogue: Catalogue,
    derivation: Derivation,
    stopping: Callable[[], bool],
    on_progress: Callable[[int, int], None],
) -> int:
    with catalogue.write() as tx:
        tags.rename_labels(tx, {key: derivation.name_of(key) for key in tags.label_keys(tx)})
        total = predictions.count(tx)
    done, after = 0, ""
    while not stopping():
        with catalogue.read() as tx:
            page = predictions.photo_ids(tx, after=after, limit=PAGE)
            said = predictions.load(tx, page)
        if not page:
            break
        derived = [(stages[-1], derivation.tags_of(stages[-1])) for stages in said.values()]
        with catalogue.write() as tx:
            tags.rederive(tx, derived, derivation.name_of, time.time())
        done, after = done + len(page), page[-1]
        on_progress(done, total)
    return done
