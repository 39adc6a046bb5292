"""A package with one part of each kind, as JSON says it."""

from typing import Any

GROWTH: dict[str, Any] = {
    "currencies": ["EUR", "USD"],
    "anchor": "first",
    "trial_days": 14,
    "term_months": 12,
    "fees": [
        {"key": "base", "name": "Platform fee", "product": "api", "unit_price": {"EUR": "450.50", "USD": "499"}},
        {"key": "seats", "name": "Seats", "product": "api", "unit_price": {"EUR": "9", "USD": "10"}, "quantity": "2"},
    ],
    "allowances": [{"key": "calls", "name": "Free calls", "product": "api", "units": "1000", "per": "seats"}],
    "limits": [
        {"key": "calls", "name": "Calls a day", "metric": "calls", "most": "5000", "window": "DAY",
         "thresholds": [100, 80]},
        {"key": "spend", "name": "Spend", "amount": {"EUR": "900", "USD": "1000"}, "is_hard": False},
    ],
    "grants": [
        {"key": "welcome", "name": "Welcome", "amount": {"EUR": "50", "USD": "50"}, "months": 6, "products": ["api"]},
    ],
    "discounts": [{"key": "launch", "name": "Launch", "percent": "12.5", "products": ["api"]}],
    "bounds": [{"key": "floor", "name": "Floor", "kind": "MINIMUM", "amount": {"EUR": "100", "USD": "110"}}],
}  # fmt: skip
