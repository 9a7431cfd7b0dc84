"""A session that another one replaces when its device has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.errors import DeviceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from tagd.models.session import Session


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

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Session`."""
        try:
            return self.inner.logits(images)
        except DeviceUnavailable as error:
            self.inner = self._replace(self.inner, error)
        return self.inner.logits(images)

    def describe(self) -> str:
        """The inner one's."""
        return self.inner.describe()

    def close(self) -> None:
        """Close the inner one."""
        self.inner.close()
