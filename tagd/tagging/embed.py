"""What models see in photos that are known already, and tagged while nobody asked for it.

lacked → decoded for that model → seen
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tagd.catalogue.tagging import embedded
from tagd.domain import Priority
from tagd.errors import ModelError, in_a_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.embedded import Source
    from tagd.domain import DecodedPhoto, Embedding, Geometry, Job
    from tagd.tagging.classify import Classifier


class Embedder:
    """Asks the very model that a photo's tags come from. One that is not here any more, or fails,
    leaves its photos as they are: no trouble of those that wait for tags. `say` is told of one that
    fails, once."""

    def __init__(
        self, catalogue: Catalogue, classifier: Classifier, say: Callable[[str], None]
    ) -> None:
        self._catalogue = catalogue
        self._classifier = classifier
        self._say = say
        self._said = ""

    def geometries(self, claimed: Sequence[Job]) -> dict[int, Geometry]:
        """The model's input that those of these jobs need which may bring an embedding, by the
        file's row: photos that are looked at where nothing else waits."""
        files = [job.file_id for job in claimed if job.priority >= Priority.RETAG]
        if not files:
            return {}
        with self._catalogue.read() as tx:
            lacked = embedded.lacked_by_files(tx, files)
        return {
            file_id: self._classifier.pool.geometry_of(source.model)
            for file_id, source in lacked.items()
            if self._is_here(source)
        }

    def look(self, photos: Collection[DecodedPhoto]) -> dict[str, Embedding]:
        """What the photos lack, by photo id, of those that were decoded for it."""
        if not photos:
            return {}
        with self._catalogue.read() as tx:
            lacked = embedded.lacked_by_photos(tx, [photo.photo_id for photo in photos])
        together: dict[Source, list[DecodedPhoto]] = defaultdict(list)
        for photo in photos:
            source = lacked.get(photo.photo_id)
            if source and self._is_here(source) and self._can_see(source, photo):
                together[source].append(photo)
        return {
            each.photo_id: each
            for source, same in together.items()
            for each in self._ask(source, same)
        }

    def _ask(self, source: Source, photos: Sequence[DecodedPhoto]) -> Sequence[Embedding]:
        try:
            return self._classifier.embed(source.model, photos)
        except ModelError as error:
            if (why := in_a_line(error)) != self._said:
                self._said = why
                self._say(f"no embeddings by {source.model}: {why}")
            return ()

    def _can_see(self, source: Source, photo: DecodedPhoto) -> bool:
        return self._classifier.pool.geometry_of(source.model) in photo.inputs

    def _is_here(self, source: Source) -> bool:
        try:
            return self._classifier.pool.fingerprint_of(source.model) == source.fingerprint
        except ModelError:
            return False
