"""Bodies of impacts: how far one has come, its sums, and the accounts in it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.models import AccountImpact, Impact, ImpactBalance
from billing.queries.impact_inputs import is_stale
from billing.queries.impacts import rows_seen, summaries, sums_by
from monetization.foundation.rest import Exact, Strict


class ImpactOrder(Strict):
    """Over how many of the last whole calendar months."""

    months = serializers.IntegerField(min_value=1, max_value=12, default=3)


class BesideBody(serializers.Serializer[Any]):
    """Before tax: `before` on present terms, `after` on proposed ones; `covered` by commits and credits, off these."""

    currency = serializers.CharField()
    before = Exact()
    after = Exact()
    change = Exact()
    covered_before = Exact()
    covered_after = Exact()


class ImpactSumBody(BesideBody):
    """The same of one month (its first day), product or segment, by its key; empty: of whole invoices, or of none."""

    of = serializers.CharField()


class ImpactSummaryBody(serializers.Serializer[Any]):
    """All accounts of one currency: sums, and how many pay more, less or the same."""

    total = BesideBody()
    accounts = serializers.IntegerField()
    more = serializers.IntegerField()
    less = serializers.IntegerField()
    same = serializers.IntegerField()
    flagged = serializers.IntegerField(help_text="Change by more than the threshold")
    caps_before = serializers.IntegerField(help_text="Invoices that a cap lowers")
    caps_after = serializers.IntegerField()
    earlier = serializers.IntegerField(help_text="Commits and credits that are used up earlier")
    troubles = serializers.IntegerField(help_text="Accounts of which a part could not be reckoned")


class ImpactBody(serializers.ModelSerializer[Impact]):
    """An impact; its sums are those of the accounts that the caller sees."""

    made_by = serializers.CharField(source="made_by.email")
    threshold_percent = Exact()
    is_stale = serializers.SerializerMethodField(help_text="What it rests on has moved: reckon it again")
    summaries = serializers.SerializerMethodField()
    by_month = serializers.SerializerMethodField()
    by_product = serializers.SerializerMethodField()
    by_segment = serializers.SerializerMethodField()

    class Meta:
        model = Impact
        fields = [
            "id", "request", "status", "first_day", "months", "threshold_percent", "accounts", "accounts_done",
            "percent_done", "is_stale", "fault", "made_by", "made_at", "ended_at", "summaries", "by_month",
            "by_product", "by_segment",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_stale(self, impact: Impact) -> bool:
        """Compare its inputs with those of now."""
        return is_stale(impact)

    @extend_schema_field(ImpactSummaryBody(many=True))
    def get_summaries(self, impact: Impact) -> Any:
        """One a currency."""
        return ImpactSummaryBody(summaries(self._rows(impact)), many=True).data

    @extend_schema_field(ImpactSumBody(many=True))
    def get_by_month(self, impact: Impact) -> Any:
        """Sums of months in which billing periods end."""
        return self._sums(impact, "month")

    @extend_schema_field(ImpactSumBody(many=True))
    def get_by_product(self, impact: Impact) -> Any:
        """Sums of products."""
        return self._sums(impact, "product")

    @extend_schema_field(ImpactSumBody(many=True))
    def get_by_segment(self, impact: Impact) -> Any:
        """Sums of customers' segments."""
        return self._sums(impact, "segment")

    def _sums(self, impact: Impact, what: str) -> Any:
        return ImpactSumBody(sums_by(self._rows(impact), what), many=True).data

    def _rows(self, impact: Impact) -> Any:
        return rows_seen(impact, self.context["view"].by)


class ImpactBalanceBody(serializers.ModelSerializer[ImpactBalance]):
    """A commit or credit that is used up in another period: its last day; null: not in this time."""

    class Meta:
        model = ImpactBalance
        fields = ["key", "name", "ends_before", "ends_after", "is_earlier"]
        read_only_fields = fields


class AccountImpactBody(serializers.ModelSerializer[AccountImpact]):
    """What an account's contracts of one currency came to, and would have, before tax."""

    account = serializers.CharField(source="account.key")
    customer = serializers.CharField(source="account.customer.key")
    before = Exact()
    after = Exact()
    covered_before = Exact()
    covered_after = Exact()
    change_percent = Exact(allow_null=True, help_text="null: there was nothing before")
    balances = ImpactBalanceBody(many=True)

    class Meta:
        model = AccountImpact
        fields = [
            "account", "customer", "segment", "currency", "before", "after", "covered_before", "covered_after",
            "change_percent", "is_flagged", "caps_before", "caps_after", "balances", "trouble",
        ]  # fmt: skip
        read_only_fields = fields
