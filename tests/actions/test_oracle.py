"""Real requests through the whole house, against a calculator that shares no code with it.

Two traces of real services (`../shared/data`, left where they lie) are sent through the door for two accounts, priced
with the published prices of two real models, and billed. Every line must equal the sum over its requests of what
`genai_prices.calc_price` says for each one: unrounded exactly, and rounded once. Requests on both sides of a model's
context threshold are among them. A seeded twin of the same shape runs where the traces are missing.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from genai_prices import Usage, calc_price

from billing.actions import invoices, upkeep
from billing.models import Invoice
from billing.queries import line_trail
from catalog.actions import price_lists
from catalog.models import RateCard
from catalog.queries import metric_terms, period_of
from catalog.rules.published import published
from catalog.rules.terms import dims_of
from metering.models import HourlyUsage
from metering.queries import events_behind
from monetization.values.money import round_half_away
from tests import deals
from tests.make import AT, Api, World, token

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
TRACES = {"acme": "azure_llm_trace_code.csv", "globex": "azure_llm_trace_conv.csv"}
MODELS = {"acme": ("openai", "gpt-4o"), "globex": ("anthropic", "claude-sonnet-4-5")}
DAY = date(2023, 11, 16)
NIGHT = datetime(2023, 11, 16, 18, 17, tzinfo=UTC)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
THRESHOLD = 200_000  # of claude-sonnet-4-5: above it every token of the request has another price
SIZES = {"acme": 2000, "globex": 10_000}


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a trace."""

    account: str
    id: str
    time: datetime
    given: int
    made: int

    def body(self) -> dict[str, Any]:
        provider, model = MODELS[self.account]
        data = {"provider": provider, "model": model, "input_tokens": self.given, "output_tokens": self.made}
        time = self.time.isoformat()
        return {"id": self.id, "type": "llm.request", "subject": self.account, "time": time, "data": data}

    def prices(self) -> dict[str, Fraction]:
        """What the independent calculator says, by kind of token."""
        provider, model = MODELS[self.account]
        said = calc_price(
            Usage(input_tokens=self.given, output_tokens=self.made),
            model_ref=model, provider_id=provider, genai_request_timestamp=self.time,
        )  # fmt: skip
        return {"input": Fraction(said.input_price), "output": Fraction(said.output_price)}


def traced(account: str) -> Iterator[Request]:
    """Read a trace: id is file name and row number, seven decimals of a second are cut to six."""
    name = TRACES[account]
    with (DATA / name).open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            time = datetime.fromisoformat(row["TIMESTAMP"][:26]).replace(tzinfo=UTC)
            yield Request(account, f"{name}:{number}", time, int(row["ContextTokens"]), int(row["GeneratedTokens"]))


def seeded(account: str, count: int = 400) -> Iterator[Request]:
    """Make requests of the same shape as a trace."""
    random = Random(f"{account} 16 November 2023")
    for number in range(count):
        time = NIGHT + timedelta(microseconds=random.randrange(3_600_000_000))
        yield Request(account, f"{account}:{number}", time, random.randrange(1, 8000), random.randrange(1, 1200))


def around_the_threshold() -> Iterator[Request]:
    """Make requests beside, on and above the context threshold, and at its neighbours among all models."""
    random = Random(200_000)
    sizes = [THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 128_000, 128_001, 272_000, 272_001]
    sizes += [random.randrange(190_000, 210_000) for _ in range(40)]
    for number, given in enumerate(sizes):
        time = NIGHT + timedelta(seconds=number)
        yield Request("globex", f"threshold:{number}", time, given, random.randrange(1, 4000))


def bill(world: World) -> None:
    """Price both models as published, and agree with both customers in dollars."""
    loaded = price_lists.load(
        environment=world.live, card_key="list", price_list=published(DAY, ("anthropic", "openai")),
        factors={"USD": Decimal(1)}, effective_date=date(2023, 11, 1), by=world.mia, at=AT,
    )  # fmt: skip
    for version in loaded.metrics:
        deals.approved_metric(world, version, at=AT)
    deals.approved(world, loaded.version, at=AT)
    card = RateCard.objects.get(key="list")
    for account in (world.acme, world.globex):
        deals.contract(world, account, card, currency="USD", start_date=date(2023, 11, 1), anchor="first")


def send(api: Api, requests: Sequence[Request], size: int) -> tuple[int, int]:
    """Send through the door in batches of a size; returns how many were accepted and how many known."""
    accepted = duplicates = 0
    for start in range(0, len(requests), size):
        answer = api.post("/events", json.dumps([one.body() for one in requests[start : start + size]]))
        assert answer.status_code == 200, answer.content[:500]
        accepted, duplicates = accepted + answer.json()["accepted"], duplicates + answer.json()["duplicates"]
    return accepted, duplicates


def drafted(world: World) -> dict[str, Invoice]:
    found = {}
    for account in (world.acme, world.globex):
        contract = account.contracts.get()
        found[account.key] = invoices.draft(contract=contract, period=period_of(contract, NIGHT), by=None, at=NOW)
    return found


def printed(world: World) -> list[tuple[Any, ...]]:
    """Everything that a draft says, for comparing."""
    columns = ("description", "quantity", "exact", "amount", "events")
    return [(each.account.key, each.total, *each.lines.values_list(*columns)) for each in drafted(world).values()]


def hourly() -> list[tuple[Any, ...]]:
    rows = HourlyUsage.objects.values_list("account", "hour", "dimensions__values", "quantity", "events")
    return sorted(rows, key=str)


def check_lines(invoice: Invoice, requests: Iterable[Request]) -> None:
    """Compare each line with the sum over the very requests that it leads back to; none is missing or twice."""
    said = {one.id: one.prices() for one in requests}
    seen: dict[str, set[str]] = {"input": set(), "output": set()}
    for line in invoice.lines.select_related("metric_version", "invoice"):
        kind, total = line.match["token_type"], Fraction(0)
        for name in behind(line):
            assert name not in seen[kind]
            seen[kind].add(name)
            total += said[name][kind]
        assert Fraction(line.exact) == total, line
        assert line.amount == round_half_away(total, 2), line
    assert seen == {"input": set(said), "output": set(said)}
    assert invoice.net == sum(line.amount for line in invoice.lines.all())
    assert invoice.total == invoice.net + sum(tax.amount for tax in invoice.taxes.all())


def behind(line: Any) -> Iterator[str]:
    """Walk from a line to the ids of its events."""
    trail, metric = line_trail(line), metric_terms(line.metric_version)
    for used in trail.used:
        page = events_behind(
            account_id=line.invoice.account_id, metric=metric, match=dims_of(used.dims, metric.order),
            period=trail.period, limit=100_000,
        )  # fmt: skip
        yield from (event.event_id for event in page.events)


def proved(world: World, acme: list[Request], globex: list[Request]) -> dict[str, Invoice]:
    """Send, bill and compare; then send all of it again in another order and other batches."""
    bill(world)
    api = Api(token(world.eli, world.live, "events:write"))
    for requests in (acme, globex):
        assert send(api, requests, SIZES[requests[0].account]) == (len(requests), 0)
    found = drafted(world)
    check_lines(found["acme"], acme)
    check_lines(found["globex"], globex)
    before, usage = printed(world), hourly()
    again = [*acme, *globex]
    Random(7).shuffle(again)
    assert send(api, again, 3_700) == (0, len(again))
    assert upkeep.refresh_stale(at=NOW + timedelta(hours=1)) == 0
    assert (printed(world), hourly()) == (before, usage)
    return found


def test_seeded_requests_are_billed_as_the_calculator_says(world: World) -> None:
    globex = [*seeded("globex"), *around_the_threshold()]
    found = proved(world, list(seeded("acme")), globex)
    assert [line.description for line in found["acme"].lines.all()] == [
        "openai · gpt-4o · output",
        "openai · gpt-4o · input",
    ]
    above = [one for one in globex if one.given > THRESHOLD]
    lines = found["globex"].lines.filter(match__token_type="input")
    priced = {line.source["cards"][0]["row"]: line for line in lines}
    dear = [line for line in priced.values() if line.steps[0]["unit_price"] == "6"]
    assert sum(line.quantity for line in dear) == Decimal(sum(one.given for one in above)) / 1_000_000


@pytest.mark.skipif(not DATA.exists(), reason="the traces are not here; the seeded twin ran")
def test_real_traces_are_billed_as_the_calculator_says(world: World) -> None:
    acme, globex = list(traced("acme")), list(traced("globex"))
    assert (len(acme), len(globex)) == (8_819, 19_366)
    found = proved(world, acme, globex)
    for account, requests in (("acme", acme), ("globex", globex)):
        lines = {line.match["token_type"]: line for line in found[account].lines.all()}
        assert lines["input"].quantity == Decimal(sum(one.given for one in requests)) / 1_000_000
        assert lines["output"].quantity == Decimal(sum(one.made for one in requests)) / 1_000_000
        assert {line.events for line in lines.values()} == {len(requests)}
