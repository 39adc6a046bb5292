"""Write down what a chunk of an impact found: a row an account and currency, its figures, and balances that move."""

from collections.abc import Iterator, Sequence

from billing.models import AccountImpact, Impact, ImpactBalance, ImpactFigure
from billing.queries.impact_rows import AccountPairs
from billing.rules.impacts import Beside, figures_of, is_over, percent_of, used_up, whole_of


def write(impact: Impact, found: Sequence[AccountPairs]) -> None:
    """Write rows of accounts, all of one kind in one statement."""
    figures = [figures_of(each.pairs) for each in found]
    rows = [_row(impact, each, whole_of(mine.values())) for each, mine in zip(found, figures, strict=True)]
    AccountImpact.objects.bulk_create(rows)
    ImpactFigure.objects.bulk_create(
        ImpactFigure(
            row=row, contract_id=contract, month=month, product=product, before=beside.before.billed,
            after=beside.after.billed, covered_before=beside.before.covered, covered_after=beside.after.covered,
        )
        for row, mine in zip(rows, figures, strict=True)
        for (contract, month, product), beside in mine.items()
    )  # fmt: skip
    ImpactBalance.objects.bulk_create(
        balance for row, each in zip(rows, found, strict=True) for balance in _balances(row, each)
    )


def _row(impact: Impact, found: AccountPairs, whole: Beside) -> AccountImpact:
    before, after = whole.before, whole.after
    return AccountImpact(
        impact=impact, account=found.account, currency=found.currency, segment=found.account.customer.segment,
        before=before.billed, after=after.billed, covered_before=before.covered, covered_after=after.covered,
        change_percent=percent_of(before.billed, after.billed),
        is_flagged=is_over(before.billed, after.billed, impact.threshold_percent),
        caps_before=sum(pair.before.is_capped for pair in found.pairs),
        caps_after=sum(pair.after.is_capped for pair in found.pairs),
        trouble="; ".join(found.troubles)[:300],
    )  # fmt: skip


def _balances(row: AccountImpact, found: AccountPairs) -> Iterator[ImpactBalance]:
    for key, (before, after) in used_up(found.pairs).items():
        yield ImpactBalance(
            row=row, key=key, name=found.names.get(key, key)[:160], ends_before=before, ends_after=after
        )
