"""Examples that the calculator can start with, as bodies of quotes."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "tokens": (
        "Tokens and seats",
        {
            "currency": "USD",
            "charges": [
                {"key": "tokens", "name": "Input tokens", "metric": {"unit": "1M tokens"}, "free_units": "5",
                 "prices": [{"model": "GRADUATED", "tiers": [
                     {"up_to": "100", "unit_price": "2.50"}, {"up_to": "1000", "unit_price": "2"},
                     {"unit_price": "1.75"}]}]},
                {"key": "seats", "name": "Seats", "kind": "recurring", "unit_price": "20", "quantity": "3"},
            ],
            "discounts": [{"id": "discount", "name": "Launch discount", "percent": "10"}],
            "instruments": [{"id": "welcome", "balance": "250"}],
            "taxes": [{"percent": "19"}],
            "usage": [{"charge": "tokens", "quantity": "642.5"}],
        },
    ),
    "payments": (
        "Card payments",
        {
            "currency": "EUR",
            "charges": [
                {"key": "cards", "name": "Card payments",
                 "prices": [{"model": "PERCENTAGE", "percent": "2.9", "fixed_fee": "0.30"}]},
                {"key": "payouts", "name": "Payouts", "prices": [{"unit_price": "0.25"}]},
            ],
            "minimums": [{"amount": "25"}],
            "usage": [*[{"charge": "cards", "quantity": "19.90"}] * 12, {"charge": "payouts", "quantity": "4"}],
        },
    ),
    "messages": (
        "Packages with a prepaid commit",
        {
            "currency": "USD",
            "charges": [
                {"key": "messages", "name": "Messages",
                 "prices": [{"model": "PACKAGE", "package_size": "1000", "package_price": "4.50"}]},
                {"key": "storage", "name": "Storage", "metric": {"unit": "GB"},
                 "prices": [{"model": "VOLUME", "tiers": [
                     {"up_to": "500", "unit_price": "0.09"}, {"unit_price": "0.06", "flat_fee": "5"}]}]},
                {"key": "setup", "name": "Set-up", "kind": "one_time", "amount": "199"},
            ],
            "instruments": [{"id": "of the year", "kind": "prepaid", "balance": "300", "invoiced": "270"}],
            "taxes": [{"percent": "20"}],
            "usage": [{"charge": "messages", "quantity": "12400"}, {"charge": "storage", "quantity": "720"}],
        },
    ),
}  # fmt: skip
