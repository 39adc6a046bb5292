"""API of terms: metrics, products, rate cards with their versions and prices, contracts, decisions."""

from django.urls import URLPattern, path

from catalog.api import agreed, changes, contracts, metrics, prices, products, rate_cards

METRIC_VERSION = "metrics/<str:key>/versions/<int:number>"
CARD_VERSION = "rate-cards/<str:key>/versions/<int:number>"
REQUEST = "change-requests/<int:pk>"
patterns: list[URLPattern] = [
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
    path(f"{CARD_VERSION}/prices", prices.Prices.as_view(), name="api_prices"),
    path(f"{CARD_VERSION}/prices/<int:pk>", prices.OnePrice.as_view(), name="api_price"),
    path(f"{CARD_VERSION}/submit", rate_cards.Submit.as_view(), name="api_rate_card_version_submit"),
    path(f"{CARD_VERSION}/discard", rate_cards.Discard.as_view(), name="api_rate_card_version_discard"),
    path("contracts", contracts.Contracts.as_view(), name="api_contracts"),
    path("contracts/<str:key>", contracts.OneContract.as_view(), name="api_contract"),
    path("contracts/<str:key>/submit", contracts.Submit.as_view(), name="api_contract_submit"),
    path("contracts/<str:key>/discard", contracts.Discard.as_view(), name="api_contract_discard"),
    path("contracts/<str:key>/recurring-charges", agreed.RecurringCharges.as_view(), name="api_contract_recurring_charges"),
    path("contracts/<str:key>/recurring-charges/<str:name>", agreed.OneRecurring.as_view(), name="api_contract_recurring_charges_one"),
    path("contracts/<str:key>/one-time-charges", agreed.OneTimeCharges.as_view(), name="api_contract_one_time_charges"),
    path("contracts/<str:key>/one-time-charges/<str:name>", agreed.OneOneTime.as_view(), name="api_contract_one_time_charges_one"),
    path("contracts/<str:key>/discounts", agreed.Discounts.as_view(), name="api_contract_discounts"),
    path("contracts/<str:key>/discounts/<str:name>", agreed.OneDiscount.as_view(), name="api_contract_discounts_one"),
    path("contracts/<str:key>/bounds", agreed.Bounds.as_view(), name="api_contract_bounds"),
    path("contracts/<str:key>/bounds/<str:name>", agreed.OneBound.as_view(), name="api_contract_bounds_one"),
    path("contracts/<str:key>/instruments", agreed.Instruments.as_view(), name="api_contract_instruments"),
    path("contracts/<str:key>/instruments/<str:name>", agreed.OneInstrument.as_view(), name="api_contract_instruments_one"),
    path("accounts/<str:key>/credits", agreed.GrantCredit.as_view(), name="api_account_credits"),
    path(f"{REQUEST}/decide", changes.Decide.as_view(), name="api_change_request_decide"),
    path(f"{REQUEST}/send-back", changes.SendBack.as_view(), name="api_change_request_send_back"),
    path(f"{REQUEST}/withdraw", changes.Withdraw.as_view(), name="api_change_request_withdraw"),
]
