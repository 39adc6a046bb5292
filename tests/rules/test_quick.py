"""What is read quickly means what the rules say: plain events, readers, filters, canonical text."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.rules.terms import Aggregation, Dimension, Filter, FilterOp, Measure, MetricTerms
from metering.api.body import items_in
from metering.rules import quick
from metering.rules.aggregate import Event, matches, readings
from metering.rules.envelope import Incoming, read
from metering.rules.filters import compiled, passes
from metering.rules.readers import Reader, Slots
from monetization.values.errors import Invalid

exact = msgspec.json.Decoder(float_hook=Decimal)
numbers = st.one_of(
    st.integers(-(10**25), 10**25),
    st.sampled_from(["1.50", "0.0000001", "1e3", "1E-9", "-0.0", "1e400", "12345678901234567890.123456789012345678"]),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=7),
)
words = st.text(max_size=12) | st.sampled_from(["gpt-4o", "us", "é", "a\\b", "tab\there", "\x7f", "nul\x00", " "])
leaves = st.none() | st.booleans() | numbers.map(lambda n: ("number", str(n))) | words
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
times = st.sampled_from([
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.123Z", "2026-01-31T12:00:00.123456Z",
    "2026-01-31T12:00:00.1234567Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00+01:00", "2026-W05-6T12:00:00.123456Z",
    "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "1999-12-31T23:59:59Z", "2026-01-31T12:00:60Z", "", "now",
    "2026-01-31 12:00:00Z", "2026-01-31T12-00-00.123456Z", "2026-01-31T12:00:00.12345６Z",
])  # fmt: skip
names = st.sampled_from(["req-1", "", " ", "a b", "é", "x" * 201, "x\x00", "ab", " x"]) | words


def written(value: Any) -> str:
    """Write JSON with numbers as they were drawn, so that 1.50 stays 1.50."""
    if isinstance(value, tuple):
        return str(value[1])
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    event: dict[str, Any] = {
        "id": draw(names),
        "type": draw(names),
        draw(st.sampled_from(["subject", "account"])): "acme",
    }
    event["data"] = draw(st.dictionaries(words, values, max_size=4))
    for name, strategy in (("time", times), ("source", names), ("customer", names), ("extra", words)):
        if draw(st.integers(0, 3)) == 0:
            event[name] = draw(strategy)
    return event


@settings(max_examples=400)
@given(st.lists(events(), min_size=1, max_size=4))
@example([{"id": "a", "type": "t", "subject": "s", "customer": "", "data": {}}])
@example([{"id": "a", "type": "t", "subject": "s", "customer": None, "data": {}}])
@example([{"id": "a", "type": "t", "account": None, "data": {}}])
@example([{"id": "a", "type": "t", "subject": "s", "data": {"n": ("number", "9" * 500)}}])
@example([{"id": "a", "type": "t", "subject": "s", "data": {"n": ("number", "1e999999999")}}])
@example([{"id": "a", "type": "t", "subject": "s", "customer": "", "data": {}}])
@example([{"id": "a", "type": "t", "subject": "s", "customer": None, "data": {}}])
@example([{"id": "a", "type": "t", "account": None, "data": {}}])
def test_a_body_means_the_same_read_quickly(sent: list[dict[str, Any]]) -> None:
    raw = written(sent).encode()
    for kind, body in (
        ("application/json", raw),
        ("application/x-ndjson", b"\n".join(written(e).encode() for e in sent)),
    ):
        found = items_in(body, kind, {})
        assert len(found) == len(sent)
        for item, text in zip(found, sent, strict=True):
            assert _outcome(item) == _outcome(exact.decode(written(text).encode()))


plain = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b-1", "x" * 200]),
        "type": st.sampled_from(["llm.request", "t"]),
        "subject": st.sampled_from(["acme", "globex"]),
        "time": st.sampled_from(["2026-01-31T12:00:00.123456Z", "2026-02-28T23:59:59.999999Z"]),
        "data": st.dictionaries(st.sampled_from(["n", "m"]), st.integers(-9, 9) | st.sampled_from(["x", "y z"])),
    }
)
odd = st.sampled_from([
    {"id": ""}, {"id": "x" * 201}, {"id": "a b"}, {"type": "é"}, {"subject": "t\tb"}, {"source": "s"}, {"source": ""},
    {"time": "2026-01-31T12:00:00Z"}, {"time": "2026-01-31T12:00:00.123Z"}, {"time": "2026-13-31T12:00:00.123456Z"},
    {"time": "1999-01-31T12:00:00.123456Z"}, {"time": "2026-01-31 12:00:00.123456Z"}, {"time": None},
    {"time": "2026-01-31T12:00:00,123456Z"}, {"time": "2026-01-31T12:00:00.123456z"}, {"account": "acme"},
    {"customer": "acme", "subject": None}, {"account": ""}, {"data": {"deep": [[[]]]}}, {"data": {"t": "back\\slash"}},
    {"data": {"t": "\x7f"}}, {"data": {"n": 10**400}}, {"data": {"z": 1, "a": [{"y": 1, "b": None}]}},
    {"data": {"deep": json.loads("[" * 61 + "]" * 61)}}, {"data": {"n": 10**299}}, {"data": {"t": "9" * 301}},
])  # fmt: skip


@given(st.lists(plain, min_size=1, max_size=6), st.lists(st.tuples(st.integers(0, 5), odd), max_size=2))
def test_a_body_read_at_once_means_what_each_event_means(sent, deviations) -> None:
    for place, change in deviations:
        sent[place % len(sent)] |= change
    decoder = quick.Decoder()
    try:
        records = decoder.many.decode(json.dumps(sent).encode())
    except msgspec.DecodeError:
        return  # what is no plain event isn't read quickly at all
    found = quick.together(records)
    each = [quick.event_of(record) for record in records]
    assert found is None or found == each
    if not deviations:
        assert found is not None and None not in each


def _outcome(item: Any) -> tuple[Any, ...]:
    try:
        event = item if isinstance(item, Incoming) else read(item)
    except Invalid as error:
        return ("refused", error.field)
    return (event.key, event.type, event.subject, event.time, event.text, event.when, event.digest(event.time))


def test_plain_events_are_read_quickly() -> None:
    first = (
        b'{"id":"1","type":"t","subject":"s","time":"2026-01-31T12:00:00.5Z","data":{"a":1.50,"b":[1e3,{"c":null}]}}'
    )
    raw = b"[" + first + b',{"id":"2","type":"t","account":"s","data":{"a":1.50,"b":"x"}}]'
    decoder = quick.Decoder()
    (odd, plain) = decoder.events(decoder.many.decode(raw))
    assert odd is None, "an unusual time goes the long way"
    assert plain is not None and plain.text == '{"a":1.5,"b":"x"}' and plain.time is None


dims = (
    Dimension("model", "model"),
    Dimension("size", "tokens", (Decimal(10), Decimal("20.5"))),
    Dimension("tier", "tier", (), False),
)
metrics = st.builds(
    MetricTerms,
    metric=st.just("m"), version_id=st.just(1), number=st.just(1), event_type=st.just("t"),
    aggregation=st.sampled_from(list(Aggregation)),
    measures=st.sampled_from([
        (Measure("tokens"),), (Measure("a.b"),), (Measure("tokens", "in"), Measure("out", "out")),
        (Measure("tokens", "in", ("cached",)), Measure("cached", "cached")),
    ]),
    measure_dimension=st.just("kind"),
    dimensions=st.lists(st.sampled_from(dims), max_size=3, unique=True).map(tuple),
    filters=st.lists(st.builds(
        Filter, st.sampled_from(["model", "tokens", "a.b"]),
        st.sampled_from([FilterOp.EXISTS, FilterOp.MISSING, FilterOp.IN, FilterOp.NOT_IN]),
        st.just(("x", "5")),
    ), max_size=2).map(tuple),
)  # fmt: skip
scalars = st.sampled_from(
    [5, 10, 11, 20, 21, -3, 10**25, Decimal("20.5"), Decimal("0.1"), "x", "5", "", True, None, "long" * 60, [1]]
)
bodies = st.dictionaries(st.sampled_from(["model", "tokens", "out", "cached", "tier", "a.b"]), scalars, max_size=6)
nested = st.builds(lambda data, inner: {**data, "a": {"b": inner}}, bodies, scalars)


@settings(max_examples=600)
@given(metrics, st.lists(bodies | nested, min_size=1, max_size=4))
def test_a_compiled_metric_reads_what_the_rules_read(metric: MetricTerms, bodies: list[dict[str, Any]]) -> None:
    slots = Slots()
    reader = Reader(metric, slots)
    for data in bodies:
        assert [compiled(each)(data) for each in metric.filters] == [passes(each, data) for each in metric.filters]
        try:
            wanted = _by_rules(metric, data)
        except Invalid as error:
            try:
                reader.read(data)
            except Invalid as mine:
                assert (mine.field, mine.code) == (error.field, error.code)
                continue
            raise AssertionError("it should have been refused") from error
        found = [(slots.known[slot].dims, Decimal(amount), value) for slot, amount, value in reader.read(data)]
        assert found == wanted


def _by_rules(metric: MetricTerms, data: dict[str, Any]) -> list[Any]:
    event = Event("1", "api", "t", "acme", datetime(2026, 1, 1, tzinfo=UTC), data)
    return [(r.dims, r.quantity, r.value) for r in readings(metric, data)] if matches(metric, event) else []
