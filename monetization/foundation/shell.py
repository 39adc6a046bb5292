"""What the console's shell looks like: name, mark, colours, and a sidebar in the order of the flow.

Settings import this module before any app is loaded, so it holds data and functions that wait for a request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

if TYPE_CHECKING:
    from monetization.foundation.models import User


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the sidebar: its URL name, the abilities of which it needs one, the paths where it is lit.

    `whole`: only for those who see every customer, because its rows can't be told apart by customer.
    """

    title: str
    icon: str
    url: str
    abilities: tuple[str, ...]
    below: tuple[str, ...] = ()
    whole: bool = False


REQUESTS = ("requests/",)
POLICIES = ("policies/", "policy-versions/", "approval-needed/")
AUDIT_PAGES = ("audit/", "duties/", "access-review/", "foundation/auditentry/")
CARD_PAGES = ("rate-cards/", "catalog/ratecardversion/")
PLAN_PAGES = ("plans/", "catalog/planversion/")
READ, CATALOG, METERING, BILLING = (("foundation.read",), ("catalog.read",), ("metering.read",), ("billing.read",))
AUDIT = "foundation.read_audit"
PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place("Inbox", "inbox", "inbox", READ),
            Place("Change requests", "published_with_changes", "foundation_changerequest_changelist", READ, REQUESTS),
        ),
    ),
    (
        "Metrics",
        (
            Place(
                "Metrics",
                "speed",
                "catalog_metric_changelist",
                CATALOG,
                ("metrics/", "catalog/metricversion/", "backfills/"),
            ),
        ),
    ),
    (
        "Catalog",
        (
            Place("Products", "category", "catalog_product_changelist", CATALOG),
            Place("Rate cards", "sell", "catalog_ratecard_changelist", CATALOG, CARD_PAGES),
            Place("Plans", "inventory_2", "catalog_plan_changelist", CATALOG, PLAN_PAGES),
            Place("Imports", "upload_file", "imports", CATALOG),
        ),
    ),
    (
        "Contracts",
        (
            Place("Customers", "domain", "foundation_customer_changelist", READ),
            Place("Accounts", "account_balance_wallet", "foundation_account_changelist", READ, ("accounts/",)),
            Place("Contracts", "contract", "catalog_contract_changelist", CATALOG, ("contracts/",)),
            Place("Calculator", "calculate", "calculator", BILLING),
        ),
    ),
    (
        "Usage",
        (
            Place("Explorer", "bar_chart", "usage", METERING),
            Place("Events", "list_alt", "events", METERING),
            Place("Limits", "data_thresholding", "limits", METERING),
            Place("Send events", "send", "send_events", METERING),
            Place("Ingestion", "monitor_heart", "ingestion", METERING, whole=True),
            Place("Corrections", "edit_note", "corrections", METERING, whole=True),
            Place("Quarantine", "report", "quarantine", METERING, whole=True),
        ),
    ),
    (
        "Invoices",
        (
            Place("Review queue", "fact_check", "invoices", BILLING),
            Place("All invoices", "receipt_long", "billing_invoice_changelist", BILLING),
            Place("Payments", "payments", "billing_payment_changelist", BILLING),
            Place("Ledger", "menu_book", "billing_transfer_changelist", BILLING),
        ),
    ),
    ("Reports", (Place("Reports", "monitoring", "reports", BILLING),)),
    (
        "Settings",
        (
            Place("People and roles", "group", "foundation_user_changelist", ("foundation.manage_people", AUDIT)),
            Place("API keys", "key", "foundation_apikey_changelist", ("foundation.manage_api_keys", AUDIT)),
            Place("Policies", "rule", "foundation_policy_changelist", READ, POLICIES),
            Place("Legal entities", "apartment", "foundation_legalentity_changelist", READ),
            Place("Webhooks", "webhook", "foundation_endpoint_changelist", READ),
            Place("Audit log", "history_edu", "audit", (AUDIT,), AUDIT_PAGES),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Build the groups that this person may see; a group without an entry is left out."""
    groups = [(title, [p for p in places if _may(request, p)]) for title, places in PLACES]
    lit = _lit(request.path, (p for _, places in groups for p in places))
    return [
        {"title": title, "items": [_entry(place, place is lit) for place in places]}
        for title, places in groups
        if places
    ]


def _entry(place: Place, active: bool) -> dict[str, Any]:
    return {"title": place.title, "icon": place.icon, "link": _address(place), "active": active}


def _may(request: HttpRequest, place: Place) -> bool:
    from monetization.foundation.queries import sees_all_customers  # apps are loaded only after the settings

    may = any(request.user.has_perm(ability) for ability in place.abilities)
    return may and (not place.whole or sees_all_customers(cast("User", request.user)))


def _address(place: Place) -> str:
    return reverse(f"console:{place.url}")


def _lit(path: str, places: Iterable[Place]) -> Place | None:
    """Find the entry whose own address or one of its paths is the longest beginning of this path."""
    root = reverse("console:index")
    best, length = None, 0
    for place in places:
        for start in (_address(place), *(root + below for below in place.below)):
            if path.startswith(start) and len(start) > length:
                best, length = place, len(start)
    return best


def mark(request: HttpRequest) -> str:
    """Return the address of the mark."""
    return static("mark.svg")


def stylesheet(request: HttpRequest) -> str:
    """Return the address of the console's own styles."""
    return static("console.css")


def script(request: HttpRequest) -> str:
    """Return the address of the console's own script."""
    return static("js/console.js")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Meterstone",
    "SITE_HEADER": "Meterstone",
    "SITE_URL": None,
    "SITE_ICON": mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": mark}],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [stylesheet],
    "SCRIPTS": [script],
    "SIDEBAR": {"show_search": False, "navigation": sidebar},
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .014 178)",
            "100": "oklch(94.5% .03 178)",
            "200": "oklch(89% .055 178)",
            "300": "oklch(82% .08 178)",
            "400": "oklch(77% .1 178)",
            "500": "oklch(72% .105 178)",
            "600": "oklch(46% .078 178)",
            "700": "oklch(40% .068 178)",
            "800": "oklch(34% .056 178)",
            "900": "oklch(29% .045 178)",
            "950": "oklch(21% .034 178)",
        },
    },
}
