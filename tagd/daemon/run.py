"""`tagd run`: watch and tag until told to stop."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import structlog

from tagd.catalogue.db.engine import open_owner
from tagd.daemon.orders import Orders
from tagd.daemon.service import Service
from tagd.ops import backup, niceness
from tagd.ops.control import Command
from tagd.ops.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tagd.config import Config


def run(
    config: Config,
    reread: Callable[[], Config],
    relog: Callable[[Config], None],
    web: Sequence[str] = (),
) -> int:
    """Watch and tag until SIGTERM or SIGINT; returns the exit status. On SIGHUP `reread` reads the
    configuration again, and `relog` has the log follow it. `web` is the command that serves pages.

    Raises CatalogueCorrupt where the catalogue was damaged, was set aside, and a backup can take
    its place.
    """
    orders = Orders()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: orders.stop())
    signal.signal(signal.SIGHUP, lambda _number, _frame: orders.post(Command.RELOAD))
    log = structlog.get_logger()
    if failed := niceness.lower_priority(config.worker.nice, config.worker.ionice):
        log.warning(failed)
    damage = backup.refuse_damaged(config.catalogue.path, config.backup.folder, time.time())
    if damage:
        log.error(f"{damage}; there is no backup, so a new one is begun")
    with closing(open_owner(config.catalogue.path, "tagd run")) as catalogue:
        service = Service(
            config,
            catalogue,
            orders,
            reread=reread,
            relog=relog,
            notifier=Notifier(),
            log=log,
            web=web,
        )
        service.start()
        service.supervise()
        ended = service.end()
    # Python gives signals back to the system as it ends: one more Ctrl-C would make it a failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if not ended:
        # A thread inside a forward pass cannot be ended, only left behind with the process.
        sys.stdout.flush()
        os._exit(service.status)
    return service.status
