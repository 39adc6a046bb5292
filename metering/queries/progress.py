"""How far a backfill has come."""

from metering.models import Backfill
from monetization.foundation.models import Account


def percent_done(backfill: Backfill) -> int:
    """Give whole percent, 100 only where it is done: of the events' order, or of the accounts where it mends."""
    if backfill.status == Backfill.Status.DONE:
        return 100
    if backfill.started_at is None:
        return 0
    done, whole = _accounts(backfill) if backfill.is_mend else _events(backfill)
    return min(99, 100 * done // whole) if whole else 99


def _events(backfill: Backfill) -> tuple[int, int]:
    return max(0, backfill.done_seq - backfill.from_seq), backfill.until_seq - backfill.from_seq


def _accounts(backfill: Backfill) -> tuple[int, int]:
    accounts = Account.objects.filter(environment=backfill.environment_id, pk__lte=backfill.until_seq)
    return accounts.filter(pk__lte=backfill.done_seq).count(), accounts.count()
