"""Fold what waits in the inbox, all the time; started beside web and worker. Several may run at once."""

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from metering.actions.inbox import AWAY, fold_some
from metering.api.receipts import items_of
from monetization.processes import collect_rarely

IDLE_SECONDS, AWAY_SECONDS = 0.05, 0.5


class Command(BaseCommand):
    help = "Take events that were sent with respond-async into usage, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing waits")

    def handle(self, *, once: bool, **options: Any) -> None:
        collect_rarely()
        stopped: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
        while not stopped:
            try:
                folded = fold_some(read=items_of, at=timezone.now())
            except AWAY as error:
                self.stderr.write(f"The database is away or refuses: {error}")
                connection.close()
                time.sleep(AWAY_SECONDS)
                continue
            if folded == 0:
                if once:
                    return
                time.sleep(IDLE_SECONDS)
