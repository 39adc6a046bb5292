"""What a contract makes of its price list, as rows of its page: each price beside the list's."""

from datetime import datetime

from catalog.models import Contract
from catalog.queries import EffectivePrice, effective_prices
from catalog.rules.overrides import Combine
from monetization.values.periods import local_midnight

COMBINES = [
    (Combine.COMPOUND.value, "are multiplied with each other"),
    (Combine.LOWEST.value, "give way to the lowest"),
    (Combine.FIRST.value, "give way to the first by priority"),
]


def own_rows(contract: Contract, now: datetime) -> list[EffectivePrice]:
    """List the prices that a contract changes, as they are now or on its first day; none where it changes nothing."""
    if not (contract.overrides.exists() or contract.multipliers.exists()):
        return []
    start = local_midnight(contract.start_date, contract.account.time_zone)
    return [each for each in effective_prices(contract, max(now, start)) if each.is_own]
