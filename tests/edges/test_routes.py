"""Who may come in where: every address × method × actor, against a table written by hand (`routes.txt`).

A line of the table is `name | METHOD: actors; METHOD: actors`: who gets further than the door by that method. All
others are refused, see nothing of the company's and write nothing. An address without a line fails the test.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests import stage as stages
from tests.stage import Stage

TABLE = Path(__file__).with_name("routes.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SECRETS = ("Acme Robotics", "Globex KK", "Ringbahnstraße", "TG-2026", "gpt-4o", "billing@acme", "Tidal Labs")
WRITES = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"', re.I)
HARMLESS = {"django_session"}
USED = '"foundation_apikey" SET "last_used_at"'
STAFF = "mia chen finn rosa eli sal uma audra"
MINE = {"sal": ("Globex KK",), "pat": ("Globex KK",), "vera": ("Globex KK",), "gil": ("Acme Robotics",)}
STRANGERS = ("anonymous", "noel", "pat", "vera", "gil", "key-sandbox")
READERS = {*STAFF.split(), "omni", "key"}  # a refusal may show them the page again
GROUPS = {
    "@all": f"anonymous {STAFF} noel pat vera gil omni key key-sandbox key-narrow",
    "@staff": f"{STAFF} omni",
    "@acme": "pat vera",
}
DIGITS = {"account_id": "account", "invoice_id": "invoice", "bucket_id": "bucket", "price_id": "price",
          "metric_id": "meaning", "limit_id": "own_limit", "item": "request_item"}  # fmt: skip
PLACES = {
    "amendment": "amendment", "history": "account", "audit_entry": "foundation_auditentry",
    "alias": "alias", "api_key": "key", "contract": "contract", "invoice": "invoice", "metric": "metric",
    "metric_version": "meaning", "person": "person", "policy": "policy",
    "policy_version": "policy_draft", "delegation": "delegation", "price": "price", "request": "request",
    "rate_card": "rate_card", "rate_card_version": "version", "account": "account", "receipt": "receipt",
    "plan": "plan", "plan_version": "plan_version", "limit": "limit", "correction": "correction",
    "backfill": "backfill", "quarantined": "quarantined", "import": "import",
}  # fmt: skip
DRAFTED = {
    "contract_part_new": "contract_draft", "contract_part_remove": "contract_draft",
    "contract_outlook": "contract_draft",
    "contract_discard": "contract_draft", "contract_edit": "contract_draft", "contract_submit": "contract_draft",
    "metric_version_discard": "meaning_draft", "metric_version_edit": "meaning_draft",
    "metric_version_submit": "meaning_draft", "price": "price_draft", "price_remove": "price_draft",
    "price_new": "version_draft", "rate_card_product": "version_draft", "rate_card_version": "version",
    "rate_card_version_discard": "version_draft", "rate_card_version_effective": "version_draft",
    "rate_card_version_note": "version_draft", "rate_card_version_submit": "version_draft",
    "plan_part": "plan_draft", "plan_part_new": "plan_draft", "plan_part_remove": "plan_draft",
    "plan_terms": "plan_draft", "plan_version_discard": "plan_draft", "plan_version_submit": "plan_draft",
    "backfill_begin": "meaning_draft", "rate_card_charge": "charge",
    "alias_end": "alias", "key_revoke": "key", "key": "key", "change_request": "request_draft",
    "roll_back": "version",
    "request_edit": "request_draft", "request_remove": "request_draft", "request_add": "request_draft",
    "change_request_items": "request_draft", "change_request_item": "request_draft",
    "request_submit": "request_draft", "change_request_submit": "request_draft",
}  # fmt: skip
BODY = {
    "reason": "Tried", "title": "Tried", "notes": "Tried", "verdict": "REJECT", "effective_date": "2099-01-01",
    "when": "date", "unit_price": "3", "role": "SUPPORT", "environment": "sandbox", "name": "Tried", "key": "tried",
    "amount": "1", "currency": "EUR", "received_date": "2026-11-06", "reference": "tried", "ids": [],
    "most": "7", "metric": "llm-tokens", "window": "DAY", "text": "Tried", "by": "DAILY",
}  # fmt: skip
SAID = {"reason": "Tried"}
FEE = {"key": "tried", "name": "Tried", "product": "inference", "unit_price": "1"}
API_BODIES: dict[str, dict[str, Any]] = {
    "api_alias_end": {"ends_at": "2026-06-01T00:00:00Z"}, "api_aliases": {"alias": "tried"},
    "api_rate_card_version_roll_back": SAID,
    "api_change_requests": {"title": "Tried"}, "api_change_request": {"title": "Tried"},
    "api_change_request_send_back": SAID, "api_change_request_withdraw": SAID, "api_contract_submit": SAID,
    "api_invoice_send_back": SAID, "api_metric_price_unseen": SAID, "api_metric_version_submit": SAID,
    "api_rate_card_version_submit": SAID, "api_plan_version_submit": SAID,
    "api_plans": {"key": "tried", "name": "Tried", "owner": "mia@example.com"},
    "api_signups": {"plan": "starter", "currency": "EUR", "customer": {"key": "tried", "name": "Tried"},
                    "account": {"key": "tried", "name": "Tried", "time_zone": "UTC", "country": "DE"}},
    "api_customers": {"key": "tried", "name": "Tried"},
    "api_customer": {"name": "Tried"}, "api_products": {"key": "tried", "name": "Tried"},
    "api_account": {"name": "Tried"}, "api_product": {"name": "Tried"},
    "api_rate_cards": {"key": "tried", "name": "Tried"}, "api_metrics": {"key": "tried", "name": "Tried"},
    "api_keys": {"name": "tried", "scopes": ["usage:read"]},
    "api_invoice_payments": {"amount": "1.00", "currency": "EUR", "received_date": "2026-11-06", "reference": "tried"},
    "api_change_request_comments": {"text": "Tried"}, "api_approval_needed": {"kind": "contract"},
    "api_policies": {"kind": "credit", "name": "Tried", "roles": [{"role": "HEAD"}]},
    "api_policy_drafts": {"roles": [{"role": "HEAD"}]}, "api_policy_end": SAID, "api_policy_version_submit": SAID,
    "api_policy_version": {"roles": [{"role": "HEAD"}]}, "api_notices_mail": {"by": "DAILY"},
    "api_delegations": {"delegate": "uma@example.com", "starts_at": "2099-01-01T00:00Z",
                        "ends_at": "2099-01-02T00:00Z"},
    "api_correction_undo": SAID, "api_backfill": SAID,
    "api_accounts": {"customer": "acme", "key": "tried", "name": "Tried", "time_zone": "UTC"},
    "api_playground": {"meaning": {"event_type": "llm.request", "aggregation": "COUNT"}, "events": []},
    "api_limits": {"name": "Tried", "account": "acme", "metric": "llm-tokens", "most": "1"},
    "api_limit": {"most": "7"}, "api_quotes": {"currency": "EUR", "charges": []},
    "api_account_credits": {"key": "tried", "name": "Tried", "amount": "1", "currency": "EUR",
                            "start_date": "2026-11-01", "reason": "Tried"},
    "api_contract_amendments": {"kind": "CHANGE", "effective_date": "2026-12-01", "net_days": 60},
    "api_contract_amendment_submit": SAID,
    "api_contract_recurring_charges": FEE, "api_contract_one_time_charges": FEE,
    "api_contract_allowances": {"key": "tried", "name": "Tried", "product": "inference", "units": "1"},
    "api_contract_discounts": {"key": "tried", "name": "Tried", "percent": "1"},
    "api_contract_overrides": FEE, "api_contract_multipliers": {"key": "tried", "name": "Tried", "factor": "0.9"},
    "api_contract_composites": {"key": "tried", "name": "Tried", "product": "inference", "percent": "1"},
    "api_contract_bounds": {"key": "tried", "name": "Tried", "kind": "MINIMUM", "amount": "1"},
    "api_contract_instruments": {"key": "tried", "name": "Tried", "kind": "CREDIT", "amount": "1"},
    "api_contract_commits": {"key": "tried", "name": "Tried", "kind": "PREPAID",
                             "access": [{"amount": "2", "start_date": "2099-01-01"}],
                             "equal_invoices": {"amount": "1", "number": 1, "cadence": "ANNUAL"}},
    "api_contract_recurring_grants": {"key": "tried", "name": "Tried", "amount": "1"},
    "api_contract_roll_over": {"from_contract": "earlier"},
    "api_quota_check": {"account": "acme", "metric": "llm-tokens", "amount": "1"},
    "api_quota_reserve": {"account": "acme", "metric": "llm-tokens", "amount": "1", "key": "tried"},
    "api_quota_settle": {"key": "held", "event": {"id": "nothing"}}, "api_quota_release": {"key": "held"},
    "api_events": {"id": "tried", "type": "llm.request", "subject": "acme",
                   "data": {"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}},
}  # fmt: skip
WORDS = {"source": "api", "rest": "v1/nothing", "url": "nothing", "app_label": "billing", "verb": "send-back",
         "position": 1, "content_type_id": 1, "part": "discount", "name": "there",
         "thing_kind": "account",
         "kind": "fees", "member": "platform", "file_kind": "RATE_CARD", "form": "csv"}  # fmt: skip
API_KEYS = {
    "account": "acme", "customer": "acme", "contract": "acme-2026", "metric": "llm-tokens", "product": "inference",
    "rate_card": "list", "price": "list", "prices": "list", "alias": "acme", "aliases": "acme",
    "rate_card_version": "list", "backfill": "llm-tokens", "charge": "list", "plan": "starter",
}  # fmt: skip


def routes(resolver: URLResolver, space: str = "", before: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, pattern) of every address; one without a name is called by its pattern."""
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            inner = ":".join(filter(None, (space, each.namespace)))
            yield from routes(each, inner, before + str(each.pattern))
        elif isinstance(each, URLPattern):
            path = before + str(each.pattern)
            yield (f"{space}:{each.name}" if space and each.name else each.name or path), path


ALL = dict(sorted(routes(get_resolver())))


def table() -> dict[str, dict[str, set[str]]]:
    """Read the table: address → method → actors."""
    lines = (line for line in TABLE.read_text().splitlines() if line and not line.startswith("#"))
    found = {}
    for line in lines:
        name, _, cells = (part.strip() for part in line.partition("|"))
        pairs = (cell.partition(":")[::2] for cell in cells.split(";") if cell.strip())
        found[name] = {method.strip(): _actors(words) for method, words in pairs}
    return found


def _actors(words: str) -> set[str]:
    """Read `@staff -sal key`: groups, names, and names taken off again."""
    found: set[str] = set()
    for word in words.split():
        if word.startswith("-"):
            found -= {word[1:]}
        else:
            found |= set(GROUPS.get(word, word).split())
    return found


def address(name: str, path: str, stage: Stage, own: dict[str, object]) -> str:
    """Fill an address with the stage's own objects."""
    wanted = re.findall(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>", path)
    values = {key: _value(key, name, path, stage, own) for key in (a or b for a, b in wanted)}
    if "([^/]+)" in path:
        return _history(path, own)
    if "/" not in name and "object_id" not in values and "url" not in values:
        with suppress(NoReverseMatch):  # unnamed parts, such as those of the shell
            return reverse(name, kwargs=values)
    filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), path)
    return "/" + re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: str(values[m[1]]), filled).replace("^", "").replace("$", "")


def _history(path: str, own: dict[str, object]) -> str:
    """Fill an address of simple_history, whose parts have no names: the object and its last change."""
    _, app, model = path.split("/")[:3]
    kind = apps.get_model(app, model)
    pk = own.get(f"{app}_{model}") or own.get(model) or 1
    last = kind.history.filter(**{kind._meta.pk.name: pk}).first() if hasattr(kind, "history") else None
    return f"/console/{app}/{model}/{pk}/history/{last.history_id if last else 1}/"


def _value(key: str, name: str, path: str, stage: Stage, own: dict[str, object]) -> object:
    short = name.partition(":")[2] or name.removeprefix("api_")
    if key in WORDS:
        return WORDS[key]
    if key in DIGITS:
        return own[DIGITS[key]]
    if key == "object_id":
        model = "_".join(path.split("/")[1:3])
        return own.get(model) or own.get(model.rpartition("_")[2]) or 1
    if key == "event_id":
        return own["event_id"]
    if key == "number":
        return 2 if ("discard" in name or "submit" in name) else 1
    if key == "key":
        return _api_key(short)
    return own[DRAFTED.get(short) or _place(short)]


def _api_key(short: str) -> str:
    best = max((word for word in API_KEYS if short.startswith(word)), key=len)
    if short.startswith("contract_amendment"):
        return "acme-2026"
    if short.startswith("contract_"):
        return "unsigned"
    return API_KEYS[best]


def _place(short: str) -> str:
    found = max((word for word in PLACES if short.startswith(word)), key=len, default="")
    return PLACES.get(found, "request")


@pytest.fixture
def stage(db: None, settings) -> Stage:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_CLASSES": []}
    return stages.build()


def knock(client: Client, method: str, name: str, at: str) -> tuple[bool, int, str, list[str]]:
    """Call an address and take it back: did the actor get in, status, text, tables that were written."""
    mark = transaction.savepoint()
    connection.queries_log.clear()  # it forgets the oldest of 9,000, and a capture counts from its length
    with CaptureQueriesContext(connection) as seen:
        call = getattr(client, method.lower())
        answer = call(at) if method == "GET" else call(at, *_body(name, at))
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    transaction.savepoint_rollback(mark)
    written = [q["sql"] for q in seen.captured_queries if WRITES.match(q["sql"]) and USED not in q["sql"]]
    tables = [match[1] for sql in written if (match := WRITES.match(sql)) and match[1] not in HARMLESS]
    return _is_in(method, answer, tables), answer.status_code, text.decode("utf-8", "replace"), tables


def _body(name: str, at: str) -> tuple[str, str]:
    """Return a body that the address finds something in, as it is sent there."""
    if at.startswith("/api/"):
        return json.dumps(API_BODIES.get(name, {})), "application/json"
    return urlencode(BODY), "application/x-www-form-urlencoded"


def _is_in(method: str, answer: Any, tables: list[str]) -> bool:
    """Tell whether somebody was shown the page, or changed something; being sent elsewhere is neither."""
    if method == "GET":
        return bool(answer.status_code == 200)
    return answer.status_code < 300 or (answer.status_code == 302 and bool(tables))


def knocking(stage: Stage, method: str, name: str, at: str) -> Iterator[tuple[str, bool, int, str, list[str]]]:
    """Knock as everybody. Where those who hold every role and scope are refused, roles need no try of their own."""
    strong = {actor: knock(stage.actors[actor], method, name, at) for actor in ("omni", "key")}
    others = stage.actors if any(is_in for is_in, *_ in strong.values()) else STRANGERS
    for actor in {*strong, *others}:
        yield actor, *(strong.get(actor) or knock(stage.actors[actor], method, name, at))


def judge(stage: Stage, name: str, path: str, allowed: dict[str, set[str]]) -> Iterator[str]:
    """Knock with every method and actor; yield what differs from the table."""
    at = address(name, path, stage, stage.own)
    for method in METHODS:
        for actor, is_in, status, text, tables in knocking(stage, method, name, at):
            may = actor in allowed.get(method, set())
            where = f"{name} {method} {at} as {actor}: {status}"
            if status >= 500:
                yield f"{where} is an error of ours"
            if is_in != may:
                yield f"{where}, but {'may' if may else 'may not'}"
            if not is_in and actor not in READERS and any(secret in text for secret in SECRETS):
                yield f"{where} leaks {[s for s in SECRETS if s in text]}"
            if actor in MINE and any(name in text for name in MINE[actor]):
                yield f"{where} shows somebody else's"
            if tables and (not is_in or method == "GET"):
                yield f"{where} writes {tables}"


def test_every_address_has_its_line() -> None:
    assert sorted(ALL.keys() - table().keys()) == []
    assert sorted(table().keys() - ALL.keys()) == []


PARTS = {
    "lists of the console": r"^console.*(_changelist|_add|_change|_delete|_history|/<path)",
    "pages of the console": r"^console:?(?!.*(_changelist|_add|_change|_delete|_history|/<path))",
    "API": r"^api",
    "portal and the rest": r"^(?!console|api)",
}


@pytest.mark.parametrize("part", PARTS)
def test_nobody_gets_further_than_the_table_says(part: str, stage: Stage) -> None:
    wanted = table()
    found = [
        line
        for name, path in ALL.items()
        if re.search(PARTS[part], name)
        for line in judge(stage, name, path, wanted.get(name, {}))
    ]
    assert not found, "\n".join(found[:40])


SWAPPED = [  # actor, method, address with somebody else's ids, body
    ("pat", "GET", "/portal/{account}/", None),
    ("pat", "GET", "/portal/{account}/invoices/{invoice}/", None),
    ("pat", "GET", "/portal/{account}/invoices/{invoice}/pdf/", None),
    ("pat", "GET", "/portal/{mine}/invoices/{invoice}/", None),
    ("pat", "GET", "/portal/{mine}/invoices/{invoice}/lines/1/", None),
    ("pat", "GET", "/portal/{mine}/usage/?account={account}", None),
    ("pat", "GET", "/portal/{mine}/usage/hours/{bucket}/", None),
    ("gil", "GET", "/portal/{mine}/", None),
    ("sal", "GET", "/console/invoices/{invoice}/", None),
    ("sal", "GET", "/console/invoices/{invoice}/lines/1/", None),
    ("sal", "POST", "/console/invoices/{invoice}/send-back/", {"reason": "Tried"}),
    ("sal", "GET", "/console/contracts/{contract}/", None),
    ("sal", "GET", "/console/accounts/{account}/", None),
    ("sal", "GET", "/console/invoices/?tab=review", None),
    ("sal", "GET", "/console/usage/?account={account}", None),
    ("sal", "GET", "/console/usage/file/?account={account}", None),
    ("sal", "GET", "/console/events/?account=globex", None),
    ("sal", "GET", "/console/billing/invoice/?q=Globex", None),
    ("sal", "GET", "/api/v1/invoices/{invoice}", None),
    ("sal", "GET", "/api/v1/invoices?account=globex", None),
    ("sal", "GET", "/api/v1/accounts/globex", None),
    ("sal", "GET", "/api/v1/usage?account=globex&metric=llm-tokens&from=2026-10-01&to=2026-11-01", None),
    ("key-sandbox", "GET", "/api/v1/invoices/{invoice}", None),
    ("key-sandbox", "GET", "/api/v1/accounts/globex", None),
    ("key-sandbox", "GET", "/api/v1/usage?account=globex&metric=llm-tokens&from=2026-10-01&to=2026-11-01", None),
    ("key-sandbox", "PATCH", "/api/v1/accounts/globex", {"name": "Tried"}),
    ("key-sandbox", "POST", "/api/v1/accounts", {"customer": "globex", "key": "x", "name": "X", "time_zone": "UTC"}),
    ("key-sandbox", "POST", "/api/v1/contracts", {"account": "globex", "key": "x", "rate_card": "list"}),
    ("key-sandbox", "POST", "/api/v1/invoices/{invoice}/approve", {}),
]


def test_ids_of_others_open_nothing(stage: Stage) -> None:
    """In path, query and body: whatever is named, others' rows are not shown and not changed."""
    ids = stage.theirs | {"mine": stage.own["account"]}
    found = []
    for actor, method, at, body in SWAPPED:
        address_, client = at.format(**ids), stage.actors[actor]
        mark = transaction.savepoint()
        connection.queries_log.clear()
        with CaptureQueriesContext(connection) as seen:
            sent = () if body is None else (json.dumps(body), "application/json")
            answer = getattr(client, method.lower())(address_, *sent)
        transaction.savepoint_rollback(mark)
        text = answer.content.decode("utf-8", "replace")
        written = [q["sql"][:80] for q in seen.captured_queries if WRITES.match(q["sql"]) and USED not in q["sql"]]
        theirs = "Acme Robotics" if actor == "gil" else "Globex KK"
        if answer.status_code >= 500 or theirs in text or [sql for sql in written if "django_session" not in sql]:
            found.append(f"{actor} {method} {address_}: {answer.status_code} {written}")
        if "?" not in at and answer.status_code not in {302, 403, 404, 405, 422}:
            found.append(f"{actor} {method} {address_}: {answer.status_code} opens")
    assert found == []


def test_events_stay_in_the_environment_of_their_key(stage: Stage) -> None:
    """A key of the sandbox can't count anything for an account that only LIVE knows."""
    event = {"id": "swapped", "type": "llm.request", "subject": "globex", "data": {"model": "gpt-4o"}}
    answer = stage.actors["key-sandbox"].post("/api/v1/events", json.dumps([event]), content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 0
