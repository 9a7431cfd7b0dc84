"""What learns personal tags; and those whose examples have changed, learnt again in a process of
its own: it takes seconds of a whole core, and nothing that it does may cost the daemon anything.

python -m tagd.assembly.learning < the configuration as JSON
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from tagd.assembly.build import limits_of, models_of
from tagd.assembly.derivation import derivation_of
from tagd.assembly.policy import preferences_of
from tagd.assembly.survey import Survey
from tagd.assembly.writing import writes_of
from tagd.catalogue.db.engine import open_writer
from tagd.catalogue.files.photos import paths_of
from tagd.catalogue.tagging import embeddings, identity, personal
from tagd.catalogue.tagging.runs import Run
from tagd.config import Config
from tagd.errors import ModelError, TagdError
from tagd.lab.photos import batches
from tagd.learning import teach
from tagd.learning.teach import Means, TooFew
from tagd.ops import niceness
from tagd.tagging.classify import Classifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.examples import Base
    from tagd.learning.teach import Learned

COMMAND = "tagd learn by itself"
BATCH = 8  # photos that a model looks at together


def means_of(config: Config, command: str) -> Means:
    """Return what a command learns with."""
    above, writes = derivation_of(config).above, writes_of(config)
    return Means(Run.of(command), above, writes, look=partial(_look, config))


def learn_due(config: Config, catalogue: Catalogue) -> list[Learned]:
    """Learn what has other examples than it was learnt from. One that cannot be learnt is passed
    over: `tagd learn --list` tells of it."""
    with catalogue.read() as tx:
        due = [each for each in personal.every(tx) if teach.is_due(tx, each)]
    means = means_of(config, COMMAND)
    learned: list[Learned] = []
    for each in due:
        try:
            learned.append(teach.learn(catalogue, each, means))
        except TooFew:
            continue
    return learned


def main() -> int:
    """Learn what is due, and say of each tag what became of it, a line each."""
    config = Config.model_validate(json.load(sys.stdin.buffer))
    niceness.lower_priority(19, "idle")
    try:
        with closing(open_writer(config.catalogue.path)) as catalogue:
            for each in learn_due(config, catalogue):
                gained, lost = len(each.outcome.gained), len(each.outcome.lost)
                print(f"{each.of.name}: {gained} gained, {lost} lost")  # noqa: T201
    except TagdError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _look(config: Config, catalogue: Catalogue, wanted: Mapping[Base, Sequence[int]]) -> None:
    """Have each model look at these photos, by row id, and keep what it sees. Photos that cannot be
    read, and models that are not here, are passed over."""
    with closing(models_of(config)) as models:
        survey = Survey(models, catalogue, batch=config.worker.batch_size)
        classifier = Classifier(models, preferences_of(config), survey)
        for base, rows in wanted.items():
            try:
                if rows and models.fingerprint_of(base.name) == base.fingerprint:
                    _look_by(config, catalogue, classifier, base, frozenset(rows))
            except ModelError:
                continue


def _look_by(
    config: Config, catalogue: Catalogue, classifier: Classifier, base: Base, rows: frozenset[int]
) -> None:
    with catalogue.read() as tx:
        paths = list(paths_of(tx, rows).values())
    for outcomes in batches(
        paths,
        [classifier.pool.geometry_of(base.name)],
        size=BATCH,
        decoders=min(config.worker.decoders, len(paths)) or 1,
        limits=limits_of(config),
    ):
        photos = [outcome.photo for outcome in outcomes if outcome.photo is not None]
        seen = classifier.embed(base.name, photos) if photos else []
        with catalogue.write() as tx:
            known = identity.known_among(tx, [each.photo_id for each in seen])
            found = {known[each.photo_id]: each for each in seen if each.photo_id in known}
            mine = {row: each for row, each in found.items() if row in rows}
            embeddings.keep_beside(tx, mine, time.time())


if __name__ == "__main__":
    sys.exit(main())
