"""Tell metering what is spent and what is left: the counters of limits of money, written by rating running periods.

What waits is found by rows, a few seconds after it moved, so a lost message or a dead worker only delays it. Accounts
are read and rated together; each one's counters are a transaction of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from billing.queries.due import Due
from billing.queries.limits_due import Behind, limits_behind
from billing.queries.rated import Rated, rated_all
from billing.rules.money_left import balance_of, spend_of
from catalog.queries import period_of
from metering.actions.money import Word, settled_holds, write_counters
from metering.models import Limit
from monetization.values.money import EXACT

log = logging.getLogger(__name__)


def write_behind(*, at: datetime) -> int:
    """Write the counters of limits of money that are behind; returns for how many contracts."""
    waiting = limits_behind(at)
    freed = settled_holds([each.contract.account_id for each in waiting])  # before usage is read
    done = 0
    for _, same in groupby(sorted(waiting, key=_environment), key=_environment):
        mine = list(same)
        dues = [Due(each.contract, period_of(each.contract, at)) for each in mine]
        for behind, due, found in zip(mine, dues, rated_all(dues), strict=True):
            if isinstance(found, Exception):
                log.error("spend of contract %s can't be said", behind.contract.pk, exc_info=found)
                continue
            account = behind.contract.account_id
            words = list(_words(behind, due, found, at))
            write_counters(account_id=account, words=words, mark=found.mark, freed=freed.get(account, ()), at=at)
            done += 1
    return done


def _environment(behind: Behind) -> int:
    return behind.contract.environment_id


def _words(behind: Behind, due: Due, found: Rated, at: datetime) -> Iterator[Word]:
    for limit in behind.limits:
        product = limit.product.key if limit.product else ""
        if limit.kind == Limit.Kind.SPEND:
            yield Word(limit, due.period, spend_of(found.bill, product))
        else:
            whole, drawn = balance_of(found.bill, limit.currency, at, product)
            yield Word(limit, due.period, drawn, EXACT.subtract(whole, limit.most))
