"""A session that another one replaces when its device has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.errors import DeviceUnavailable
from tagd.models.runtime.outputs import LOGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    import numpy as np
    from numpy.typing import NDArray

    from tagd.models.runtime.outputs import Output, Outputs
    from tagd.models.runtime.session import Session


class FailoverSession:
    """Delegates to `inner`. When its device has gone, `replace(inner, error)` returns a session to
    take its place, or raises."""

    def __init__(
        self, inner: Session, replace: Callable[[Session, DeviceUnavailable], Session]
    ) -> None:
        self.inner = inner
        self._replace = replace

    @property
    def device(self) -> str:
        """The inner one's, as the rest."""
        return self.inner.device

    @property
    def precision(self) -> str:
        """The inner one's."""
        return self.inner.precision

    @property
    def hardware(self) -> str:
        """The inner one's."""
        return self.inner.hardware

    @property
    def tolerance(self) -> float:
        """The inner one's."""
        return self.inner.tolerance

    @property
    def batch_limit(self) -> int | None:
        """The inner one's."""
        return self.inner.batch_limit

    @batch_limit.setter
    def batch_limit(self, most: int | None) -> None:
        self.inner.batch_limit = most

    @property
    def outputs(self) -> frozenset[Output]:
        """The inner one's."""
        return self.inner.outputs

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        """See `Session`."""
        try:
            return self.inner.run(images, outputs)
        except DeviceUnavailable as error:
            self.inner = self._replace(self.inner, error)
        return self.inner.run(images, outputs)

    def describe(self) -> str:
        """Describe the inner one."""
        return self.inner.describe()

    def close(self) -> None:
        """Close the inner one."""
        self.inner.close()
