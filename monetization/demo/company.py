"""Who there is at Lumen AI and whom it sells to."""

from dataclasses import dataclass
from decimal import Decimal

from monetization.foundation.rules.roles import MemberRole, Role

PASSWORD = "meterstone"
SEED = 20231116
PROVIDERS = ("openai", "anthropic", "google", "mistral")
RATES = {"EUR": Decimal("0.92"), "JPY": Decimal("150")}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in; customers' people name their customer."""

    email: str
    name: str
    role: Role | MemberRole
    customer: str = ""


PEOPLE = (
    Person("chen@lumen.example", "Chen Wei", Role.HEAD),
    Person("mia@lumen.example", "Mia Lang", Role.PRODUCT),
    Person("eli@lumen.example", "Eli Stone", Role.ENGINEERING),
    Person("finn@lumen.example", "Finn Berger", Role.FINANCE),
    Person("fay@lumen.example", "Fay Novak", Role.FINANCE),
    Person("rosa@lumen.example", "Rosa Diaz", Role.REVOPS),
    Person("sam@lumen.example", "Sam Okoye", Role.SALES),
    Person("sue@lumen.example", "Sue Park", Role.SUPPORT),
    Person("audra@lumen.example", "Audra Klein", Role.AUDITOR),
    Person("pat@acme.example", "Pat Moreno", MemberRole.CUSTOMER_ADMIN, "acme"),
    Person("vera@acme.example", "Vera Lind", MemberRole.CUSTOMER_VIEWER, "acme"),
    Person("greta@globex.example", "Greta Brandt", MemberRole.CUSTOMER_ADMIN, "globex"),
)


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer with one account; `requests` is its mean a day, `models` its favourites."""

    key: str
    name: str
    currency: str
    time_zone: str
    country: str
    street: str
    postal_code: str
    city: str
    tax_id: str
    segment: str
    requests: int
    models: tuple[str, ...]
    discount: Decimal = Decimal(0)
    growth: int = 0

    @property
    def email(self) -> str:
        """Return where its invoices go."""
        return f"accounts@{self.key}.example"


GPT, MINI, SONNET, GEMINI, MISTRAL = (
    "openai/gpt-4o", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-5",
    "google/gemini-2.5-pro", "mistral/mistral-large",
)  # fmt: skip

BUYERS = (
    Buyer("acme", "Acme Robotics Inc.", "USD", "America/New_York", "US",
          "350 Fifth Avenue", "NY 10118", "New York", "", "enterprise",
          150, (SONNET, GPT, MINI), Decimal(5), 10),
    Buyer("globex", "Globex SE", "EUR", "Europe/Berlin", "DE",
          "Invalidenstraße 44", "10115", "Berlin", "DE811569869", "enterprise",
          120, (SONNET, GEMINI), Decimal(0), 65),
    Buyer("hooli", "Hooli LLC", "USD", "America/Los_Angeles", "US",
          "1 Market Street", "CA 94105", "San Francisco", "", "enterprise",
          180, (GEMINI, GPT, SONNET), Decimal(10), 5),
    Buyer("initech", "Initech LLC", "USD", "America/Chicago", "US",
          "600 Congress Avenue", "TX 78701", "Austin", "", "mid-market",
          40, (MINI, GPT), Decimal(0), -20),
    Buyer("umbra", "Umbra SAS", "EUR", "Europe/Paris", "FR",
          "12 rue de la Paix", "75002", "Paris", "FR40303265045", "mid-market",
          60, (MISTRAL, SONNET), Decimal(0), 15),
    Buyer("northwind", "Northwind ApS", "EUR", "Europe/Copenhagen", "",
          "", "", "", "", "startup",
          25, (MINI, MISTRAL), Decimal(0), 30),
    Buyer("sakura", "Sakura Logistics KK", "JPY", "Asia/Tokyo", "JP",
          "2-4-1 Marunouchi", "100-6390", "Tokyo", "T7010401089234", "enterprise",
          90, (GEMINI, MINI), Decimal(0), 20),
    Buyer("kumo", "Kumo Games KK", "JPY", "Asia/Tokyo", "JP",
          "3-1-3 Umeda", "530-0001", "Osaka", "T4120001122334", "startup",
          50, (MINI, GPT), Decimal(0), 40),
)  # fmt: skip
