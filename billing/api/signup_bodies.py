"""Bodies of sign-ups: who signs up for what, and what came of it."""

from typing import Any

from rest_framework import serializers

from billing.queries.first_bills import first_bill
from catalog.models import Contract
from catalog.queries import first_paid
from monetization.foundation.models import Account, Customer
from monetization.foundation.rest import Exact, Strict, StrictModel
from monetization.values.periods import DAY, local_date

DETAILS = ["name", "time_zone", "language", "street", "postal_code", "city", "country", "tax_id", "billing_email"]


class NewCustomer(StrictModel):
    """The account's customer, by its key; with a name it may be new."""

    class Meta:
        model = Customer
        fields = ["key", "name", "segment"]
        extra_kwargs = {"name": {"required": False}}
        validators: list[Any] = []


class NewAccount(StrictModel):
    """Who pays, by key; name, time zone and country are needed where it is new."""

    class Meta:
        model = Account
        fields = ["key", *DETAILS]
        extra_kwargs = {name: {"required": False} for name in DETAILS}
        validators: list[Any] = []


class SignUpBody(Strict):
    """Who signs up for which plan."""

    plan = serializers.CharField(max_length=63, help_text="Its key; the version in force on the first day is taken")
    currency = serializers.CharField(max_length=3, help_text="One that the plan is offered in")
    start_date = serializers.DateField(required=False, help_text="First day, local to the account; today if left out")
    key = serializers.CharField(
        max_length=63, required=False, help_text="Of the contract; made of account, plan and day if left out"
    )
    customer = NewCustomer(required=False)
    account = NewAccount()


class SignedContractBody(serializers.Serializer[Any]):
    """The contract, in force."""

    key = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    plan = serializers.CharField()
    plan_version = serializers.IntegerField()
    currency = serializers.CharField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(allow_null=True, help_text="Last day served; null: open")


class FreeDaysBody(serializers.Serializer[Any]):
    """Days of the trial, both in it."""

    start_date = serializers.DateField()
    end_date = serializers.DateField()


class FirstLineBody(serializers.Serializer[Any]):
    """A line of the first paid period."""

    name = serializers.CharField()
    amount = Exact()


class FirstPeriodBody(serializers.Serializer[Any]):
    """The first period that is paid: what it comes to before anything is used."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    start_date = serializers.DateField()
    end_date = serializers.DateField(help_text="Its last day")
    lines = FirstLineBody(many=True)
    net = Exact()
    tax = Exact()
    total = Exact(help_text="Usage beyond free units and credits comes on top")


class SignedUpBody(serializers.Serializer[Any]):
    """What a sign-up made."""

    contract = SignedContractBody()
    account = serializers.CharField(help_text="Key")
    customer = serializers.CharField(help_text="Key")
    trial = FreeDaysBody(allow_null=True)
    first_period = FirstPeriodBody()


def answer_of(contract: Contract) -> dict[str, Any]:
    """Say what a sign-up made; the same for the same contract."""
    assert contract.plan_version is not None
    paid, account = first_paid(contract), contract.account
    trial = {"start_date": contract.start_date, "end_date": paid - DAY} if contract.trial_until else None
    return {
        "contract": {
            "key": contract.key, "name": contract.name, "status": contract.status,
            "plan": contract.plan_version.plan.key, "plan_version": contract.plan_version.number,
            "currency": contract.currency, "start_date": contract.start_date, "end_date": contract.end_date,
        },
        "account": account.key, "customer": account.customer.key, "trial": trial, "first_period": _first(contract),
    }  # fmt: skip


def _first(contract: Contract) -> dict[str, Any]:
    found = first_bill(contract)
    ends_at, zone = found.period.ends_at, contract.account.time_zone
    assert ends_at is not None  # a billing period ends
    return {
        "starts_at": found.period.starts_at, "ends_at": ends_at,
        "start_date": local_date(found.period.starts_at, zone), "end_date": local_date(ends_at, zone) - DAY,
        "lines": [{"name": line.name, "amount": line.amount} for line in found.lines],
        "net": found.totals.net, "tax": found.totals.tax, "total": found.totals.total,
    }  # fmt: skip
