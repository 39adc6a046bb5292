"""What a person may do with an invoice now, and why not: the buttons of its page."""

from __future__ import annotations

from dataclasses import dataclass

from billing.models import Invoice
from billing.rules.lifecycle import ARROWS, Status
from monetization.foundation.models import User
from monetization.foundation.templatetags.show import money

READY = "Everything is in order."


@dataclass(frozen=True, slots=True)
class Button:
    """A change of state as a button; `why_not` is empty when it may be pressed."""

    verb: str
    label: str
    primary: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """The buttons of a page, and the sentence that stands beside them."""

    buttons: tuple[Button, ...]
    sentence: str
    may_pay: bool
    open_amount: str
    seen: str


def seat(invoice: Invoice, user: User) -> Seat:
    """Work out the buttons from the table of states, the person's abilities, and the flags."""
    status = Status(invoice.status)
    makers = MAKERS.get(status, ())
    buttons = tuple(make(invoice, user) for make in makers if ARROWS[status])
    why = next((b.why_not for b in buttons if b.primary and b.why_not), "")
    may_pay = status is Status.ISSUED and user.has_perm("billing.record_payment")
    return Seat(
        buttons,
        why or _sentence(invoice, status),
        may_pay,
        open_amount=money(invoice.total - invoice.paid, invoice.currency).replace(",", ""),
        seen=bytes(invoice.content_digest or b"").hex(),
    )


def _sentence(invoice: Invoice, status: Status) -> str:
    if status is Status.ISSUED:
        open_amount = money(invoice.total - invoice.paid, invoice.currency)
        return f"{invoice.currency} {open_amount} open"
    if status is Status.PAID:
        return "Paid in full"
    count = invoice.flags.exclude(severity="INFO").count()
    return f"{count} finding{'' if count == 1 else 's'} to look at" if count else READY


def _need(user: User, ability: str, words: str) -> str:
    return "" if user.has_perm(ability) else f"Only {words} can do this."


def _refresh(invoice: Invoice, user: User) -> Button:
    why = _need(user, "billing.draft_invoice", "Finance and RevOps")
    return Button("refresh", "Recompute now", False, why)


def _review(invoice: Invoice, user: User) -> Button:
    why = _need(user, "billing.review_invoice", "Finance")
    return Button("review", "Freeze for review", True, why)


def _send_back(invoice: Invoice, user: User) -> Button:
    return Button("send-back", "Send back", False, _need(user, "billing.review_invoice", "Finance"))


def _approve(invoice: Invoice, user: User) -> Button:
    return Button("approve", "Approve only", False, _why_not_approve(invoice, user))


def _approve_and_issue(invoice: Invoice, user: User) -> Button:
    label = f"Approve and issue {_total(invoice)}"
    return Button("approve-and-issue", label, True, _why_not_approve(invoice, user))


def _issue(invoice: Invoice, user: User) -> Button:
    why = _need(user, "billing.issue_invoice", "Finance")
    return Button("issue", f"Issue {_total(invoice)}", True, why)


def _why_not_approve(invoice: Invoice, user: User) -> str:
    if why := _need(user, "billing.approve_invoice", "Finance"):
        return why
    if invoice.prepared_by_id == user.pk:
        return "You prepared this invoice, so a colleague approves it."
    if invoice.flags.filter(severity="BLOCK").exists():
        return "Settle the blocking findings first: send it back, mend them, review again."
    return ""


def _total(invoice: Invoice) -> str:
    return f"{invoice.currency} {money(invoice.total, invoice.currency)}"


MAKERS = {
    Status.DRAFT: (_refresh, _review),
    Status.IN_REVIEW: (_send_back, _approve, _approve_and_issue),
    Status.APPROVED: (_send_back, _issue),
}
