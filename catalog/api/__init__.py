"""API of terms: metrics, products, rate cards with their versions and prices, plans, contracts, decisions."""

from django.urls import URLPattern, path

from catalog.api import (
    agreed,
    amendments,
    as_of,
    bundles,
    changes,
    charges,
    contracts,
    histories,
    imports,
    instruments,
    listings,
    metrics,
    own_prices,
    plans,
    prices,
    products,
    rate_cards,
    recurring,
    rescheduling,
)
from monetization.foundation.rest.views import View

METRIC_VERSION = "metrics/<str:key>/versions/<int:number>"
CARD_VERSION = "rate-cards/<str:key>/versions/<int:number>"
PLAN_VERSION = "plans/<str:key>/versions/<int:number>"
REQUEST = "change-requests/<int:pk>"
IMPORT = "imports/<int:pk>"
CONTRACT = "contracts/<str:key>"
AMENDMENT = f"{CONTRACT}/amendments/<int:number>"


def _parts(name: str, many: type[View], one: type[View]) -> tuple[URLPattern, URLPattern]:
    """Give the addresses of the parts of one kind."""
    noun = f"api_contract_{name.replace('-', '_')}"
    return (
        path(f"{CONTRACT}/{name}", many.as_view(), name=noun),
        path(f"{CONTRACT}/{name}/<str:name>", one.as_view(), name=f"{noun}_one"),
    )


patterns: list[URLPattern] = [
    path("catalog", listings.CatalogFile.as_view(), name="api_catalog"),
    path("metrics", metrics.Metrics.as_view(), name="api_metrics"),
    path("metrics/<str:key>", metrics.OneMetric.as_view(), name="api_metric"),
    path("metrics/<str:key>/price-unseen", metrics.PriceUnseen.as_view(), name="api_metric_price_unseen"),
    path("metrics/<str:key>/versions", metrics.Versions.as_view(), name="api_metric_versions"),
    path(METRIC_VERSION, metrics.OneVersion.as_view(), name="api_metric_version"),
    path(f"{METRIC_VERSION}/submit", metrics.Submit.as_view(), name="api_metric_version_submit"),
    path(f"{METRIC_VERSION}/discard", metrics.Discard.as_view(), name="api_metric_version_discard"),
    path("products", products.Products.as_view(), name="api_products"),
    path("products/<str:key>", products.OneProduct.as_view(), name="api_product"),
    path("rate-cards", rate_cards.RateCards.as_view(), name="api_rate_cards"),
    path("rate-cards/<str:key>", rate_cards.OneRateCard.as_view(), name="api_rate_card"),
    path("rate-cards/<str:key>/versions", rate_cards.Versions.as_view(), name="api_rate_card_versions"),
    path(CARD_VERSION, rate_cards.OneVersion.as_view(), name="api_rate_card_version"),
    path(f"{CARD_VERSION}/charges", charges.Charges.as_view(), name="api_charges"),
    path(f"{CARD_VERSION}/charges/<str:product>", charges.OneCharge.as_view(), name="api_charge"),
    path(f"{CARD_VERSION}/prices", prices.Prices.as_view(), name="api_prices"),
    path(f"{CARD_VERSION}/prices/<int:pk>", prices.OnePrice.as_view(), name="api_price"),
    path(f"{CARD_VERSION}/submit", rate_cards.Submit.as_view(), name="api_rate_card_version_submit"),
    path(f"{CARD_VERSION}/roll-back", rate_cards.RollBack.as_view(), name="api_rate_card_version_roll_back"),
    path(f"{CARD_VERSION}/discard", rate_cards.Discard.as_view(), name="api_rate_card_version_discard"),
    path("plans", plans.Plans.as_view(), name="api_plans"),
    path("plans/<str:key>", plans.OnePlan.as_view(), name="api_plan"),
    path("plans/<str:key>/versions", plans.PlanVersions.as_view(), name="api_plan_versions"),
    path(PLAN_VERSION, plans.OnePlanVersion.as_view(), name="api_plan_version"),
    path(f"{PLAN_VERSION}/submit", plans.SubmitPlan.as_view(), name="api_plan_version_submit"),
    path(f"{PLAN_VERSION}/discard", plans.DiscardPlan.as_view(), name="api_plan_version_discard"),
    path("contracts", contracts.Contracts.as_view(), name="api_contracts"),
    path("contracts/<str:key>", contracts.OneContract.as_view(), name="api_contract"),
    path("contracts/<str:key>/prices", own_prices.EffectivePrices.as_view(), name="api_contract_prices"),
    path("contracts/<str:key>/submit", contracts.Submit.as_view(), name="api_contract_submit"),
    path("contracts/<str:key>/discard", contracts.Discard.as_view(), name="api_contract_discard"),
    path(f"{CONTRACT}/amendments", amendments.Amendments.as_view(), name="api_contract_amendments"),
    path(AMENDMENT, amendments.OneAmendment.as_view(), name="api_contract_amendment"),
    path(f"{AMENDMENT}/submit", amendments.Submit.as_view(), name="api_contract_amendment_submit"),
    path(f"{AMENDMENT}/discard", amendments.Discard.as_view(), name="api_contract_amendment_discard"),
    *(route for name, many, one in (*agreed.KINDS, *own_prices.KINDS) for route in _parts(name, many, one)),
    path("contracts/<str:key>/roll-over", recurring.RollOver.as_view(), name="api_contract_roll_over"),
    path("accounts/<str:key>/prices-as-of", as_of.PricesAsOf.as_view(), name="api_account_prices_as_of"),
    path("history/<str:thing_kind>/<int:pk>", histories.History.as_view(), name="api_history"),
    path("accounts/<str:key>/credits", instruments.GrantCredit.as_view(), name="api_account_credits"),
    path("imports", imports.Imports.as_view(), name="api_imports"),
    path("imports/templates/<str:file_kind>/<str:form>", imports.Template.as_view(), name="api_import_template"),
    path(IMPORT, imports.OneImport.as_view(), name="api_import"),
    path(f"{IMPORT}/lines", imports.Lines.as_view(), name="api_import_lines"),
    path(f"{IMPORT}/errors", imports.Errors.as_view(), name="api_import_errors"),
    path(f"{IMPORT}/apply", imports.Apply.as_view(), name="api_import_apply"),
    path(f"{IMPORT}/check", imports.Check.as_view(), name="api_import_check"),
    path(f"{REQUEST}/items", bundles.Items.as_view(), name="api_change_request_items"),
    path(f"{REQUEST}/items/<int:item>", bundles.OneItem.as_view(), name="api_change_request_item"),
    path(f"{REQUEST}/reschedule", rescheduling.Reschedule.as_view(), name="api_change_request_reschedule"),
    path(f"{REQUEST}/submit", bundles.Submit.as_view(), name="api_change_request_submit"),
    path(f"{REQUEST}/decide", changes.Decide.as_view(), name="api_change_request_decide"),
    path(f"{REQUEST}/send-back", changes.SendBack.as_view(), name="api_change_request_send_back"),
    path(f"{REQUEST}/withdraw", changes.Withdraw.as_view(), name="api_change_request_withdraw"),
]
