"""Files of prices and contracts: read as they are written, written as they can be read, every mistake by its cell."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from catalog.rules.drafts import ChargeDraft, ChargeTerms, Cut, PriceDraft
from catalog.rules.files import sheets, workbooks
from catalog.rules.files.cells import Kind, number_in, value_of
from catalog.rules.files.contract_columns import CONTRACT_BOOK
from catalog.rules.files.exported_prices import rows_of
from catalog.rules.files.faults import Fault, Unreadable, letter_of
from catalog.rules.files.opened import sheets_in
from catalog.rules.files.price_columns import PRICE_BOOK
from catalog.rules.files.prices import Charges, charges_in
from catalog.rules.files.records import Read, records_in
from catalog.rules.files.tables import Book
from catalog.rules.files.templates import template, written
from catalog.rules.files.written import Page, as_csv, as_xlsx
from catalog.rules.tariffs import Tariff, WrittenModel, per_unit
from catalog.rules.terms import PerTransaction, Reset, Rounding, Tier
from monetization.foundation.rules.cells import bare, safe
from monetization.values.errors import Invalid
from monetization.values.money import plain

D = Decimal
FORMS = ["csv", "xlsx"]
HEAD = (
    "product,metric,currency,model,match.region,unit_price,up_to,package_size,package_price,rounding,percent,fixed_fee"
)
FILE = f"""{HEAD}
api,calls,eur,,eu,0.10,,,,,,
api,calls,EUR,VOLUME,us,4,1000,,,,,
api,calls,EUR,VOLUME,us,3,,,,,,
api,calls,EUR,PACKAGE,,,,100,5,down,,

pay,volume,EUR,percentage,,,,,,,2.9,0.30
"""


def read(text: str | bytes, book: Book = PRICE_BOOK) -> Read:
    return records_in(sheets_in(text.encode() if isinstance(text, str) else text), book)


def priced(text: str | bytes) -> Charges:
    found = read(text)
    assert found.faults == ()
    return charges_in(found.records)


def workbook(rows: list[list[Any]], title: str = "prices", **formats: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cell, shown in formats.items():
        sheet[cell].number_format = shown
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_file_of_prices() -> None:
    api, pay = priced(FILE).drafts
    assert (api.product, api.metric, pay.product) == ("api", "calls", "pay")
    assert [(row.currency, row.match, row.tariff.model) for row in api.prices] == [
        ("EUR", {"region": "eu"}, "PER_UNIT"), ("EUR", {"region": "us"}, "VOLUME"), ("EUR", {}, "PACKAGE"),
    ]  # fmt: skip
    assert api.prices[1].tariff.tiers == (Tier(D(1000), D(4)), Tier(None, D(3)))
    assert api.prices[2].tariff == Tariff(
        WrittenModel.PACKAGE, (Tier(unit_price=D(5), block_size=D(100)),), Rounding.DOWN
    )
    assert pay.prices[0].tariff.transaction == PerTransaction(D("2.9"), D("0.30"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_told_apart(encoding: str, delimiter: str) -> None:
    text = FILE.replace(",", delimiter)
    assert priced(text.encode(encoding)).drafts == priced(FILE).drafts
    assert priced(f"sep={delimiter}\r\n{text}".encode(encoding)).drafts == priced(FILE).drafts


def test_other_encodings_are_refused_rather_than_guessed() -> None:
    with pytest.raises(Unreadable) as refused:
        read("product;metric;currency\nGebühr;a;EUR".encode("cp1252"))
    assert "UTF-8" in (refused.value.fix or "")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("api,calls,EUR,GUESS,,1,,,,,,", (2, "model", "D2")), ("api,calls,EUR,,,x,,,,,,", (2, "unit_price", "F2")),
        ("api,calls,EUR,PACKAGE,,,,100,,,,", (2, "package_price", "I2")), ("api,calls,EUR,,,,,,,,,,,1", (2, "", "M2")),
        ("api,calls,EUR,PER_UNIT,,1,,,,,,\napi,calls,EUR,PER_UNIT,,2,,,,,,", (3, "model", "D3")),
        ("api,calls,EUR,PACKAGE,,,,100,5,sideways,,", (2, "rounding", "J2")), (",calls,EUR,,,1", (2, "product", "A2")),
        ("api,calls,EUR,,,1,5", (2, "up_to", "G2")), ("api,calls,EUR,,,7.5E-08", (2, "unit_price", "F2")),
        ("api,calls,EUR,,,1\nweb,calls,EUR,,,1\napi,calls,EUR,,,2", (4, "currency", "C4")),
        ("api,calls,EUR,VOLUME,,1,5,,,,9\napi,calls,EUR,VOLUME,,1", (2, "percent", "K2")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_row_and_column(line: str, place: tuple[int, str, str]) -> None:
    found = read(f"{HEAD}\n{line}\n")
    faults = [*found.faults, *charges_in(found.records).faults]
    assert [(fault.row, fault.column, fault.cell) for fault in faults] == [place]
    assert all(fault.fix for fault in faults)


def test_all_mistakes_are_told_at_once_and_none_is_blamed_on_a_neighbour() -> None:
    found = read(f"{HEAD}\napi,calls,EUR,VOLUME,,4,1000\napi,calls,EUR,VOLUME,,x,\nweb,calls,eu,,,1\nweb,calls,EUR,,,y")
    assert [(fault.row, fault.column) for fault in found.faults] == [
        (3, "unit_price"),
        (4, "currency"),
        (5, "unit_price"),
    ]
    assert charges_in(found.records).faults == ()


@pytest.mark.parametrize(
    ("head", "column", "fix"),
    [
        ("product,currency", "metric", "Add it here"),
        ("product,metric,currency,unit_prise", "unit_prise", "unit_price"),
        ("product,metric,currency,region", "region", "match.region"),
        ("product,metric,currency,product", "product", "Take"),
        ("product,metric,currency,,unit_price", "", "Name it"),
    ],
)  # fmt: skip
def test_a_column_that_is_missing_strange_or_there_twice(head: str, column: str, fix: str) -> None:
    (fault,) = read(f"{head}\n").faults
    assert (fault.row, fault.column) == (1, column)
    assert fix in fault.fix


def test_names_of_columns_may_be_written_as_people_do() -> None:
    assert priced("Product,METRIC,Currency,Unit price\napi,calls,EUR,1").drafts[0].prices[0].tariff == per_unit(D(1))


@pytest.mark.parametrize(
    ("text", "comma", "expected"),
    [
        ("0.25", False, "0.25"), ("1250.075", False, "1250.075"), ("1.000", False, "1.000"), ("−3", False, "-3"),
        ("0,25", True, "0.25"), ("12,5", True, "12.5"), ("0.075", True, "0.075"), ("0,075", True, "0.075"),
        ("1000", True, "1000"), ("12,5000", True, "12.5000"),
    ],
)  # fmt: skip
def test_numbers_are_read_exactly(text: str, comma: bool, expected: str) -> None:
    assert str(number_in(text, comma)) == expected


@pytest.mark.parametrize(
    ("text", "comma"),
    [("1.000", True), ("1,000", True), ("12.500", True), ("0,25", False), ("1,000.5", False), ("1.234,5", True),
     ("1e3", False), ("", False), ("-", False), ("NaN", False), ("Infinity", False), ("٣", False), ("1_000", False)],
)  # fmt: skip
def test_what_could_be_two_numbers_or_none_is_refused(text: str, comma: bool) -> None:
    with pytest.raises(Invalid):
        number_in(text, comma)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("31.10.2026", Kind.DAY), ("20261031", Kind.DAY), ("2026-02-30", Kind.DAY), ("maybe", Kind.YES_NO),
     ("Acme Ltd", Kind.KEY), ("-1", Kind.WHOLE), ("1.5", Kind.WHOLE), ("EURO", Kind.CURRENCY), ("5%", Kind.NUMBER),
     ("2027-01-01", Kind.QUANTITIES), ("2027-01-01: x", Kind.QUANTITIES)],
)  # fmt: skip
def test_a_cell_that_its_column_cannot_hold(text: str, kind: Kind) -> None:
    with pytest.raises(Invalid) as refused:
        value_of(text, kind)
    assert refused.value.fix


# -- workbooks


def test_numbers_of_a_workbook_are_those_that_were_typed() -> None:
    head = ["product", "metric", "currency", "unit_price", "percent", "retroactive"]
    content = workbook(
        [head, ["a", "m", "EUR", 0.1, 0.18, True], ["b", "m", "EUR", 7.5e-08, 18], ["c", "m", "EUR", 3, None, False]],
        E2="0.00%",
    )
    values = [record.values for record in read(content).records]
    assert [each["unit_price"] for each in values] == [D("0.1"), D("0.000000075"), D(3)]
    assert [each.get("percent") for each in values] == [D("18.00"), D(18), None]
    assert [each.get("retroactive") for each in values] == [True, None, False]


def test_days_of_a_workbook() -> None:
    head = ["key", "account", "legal_entity", "rate_card", "currency", "start_date"]
    found = read(workbook([head, ["a", "b", "c", "d", "EUR", date(2027, 1, 1)]], "contracts"), CONTRACT_BOOK)
    assert found.records[0].values["start_date"] == date(2027, 1, 1)


def test_a_formula_without_a_result_is_a_mistake_of_its_cell() -> None:
    content = workbook([["product", "metric", "currency", "unit_price"], ["a", "m", "EUR", "=1+1"]])
    assert [fault.cell for fault in read(content).faults] == ["D2"]


def test_a_sheet_that_is_no_table_is_named() -> None:
    found = read(workbook([["key"]], "contarcts"), CONTRACT_BOOK)
    assert [(fault.sheet, fault.message) for fault in found.faults] == [
        ("contarcts", "There is no table “contarcts”")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"  \n", b"PK\x03\x04 nothing", b"\xd0\xcf\x11\xe0 old", b"a,b\n\"open", b"a\0b",
     b"x" * (sheets.MOST_BYTES + 1),
     b"a," * 200, b"product\n" + b"y" * 3000, b"product\n" + b"y\n" * (sheets.MOST_ROWS + 1)],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_what_helps(content: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        sheets_in(content)
    assert refused.value.fix


def test_a_bomb_does_not_go_off() -> None:
    """An archive that unpacks to more than it may is refused by what it says of itself, before it is read."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (workbooks.MOST_UNPACKED + 1))
    assert len(file.getvalue()) < 200_000
    with pytest.raises(Unreadable):
        sheets_in(file.getvalue())


def test_entities_of_a_workbook_are_not_expanded() -> None:
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    good, file = zipfile.ZipFile(io.BytesIO(workbook([["product"]]))), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member in good.namelist():
            content = good.read(member)
            if "sheet1" in member:
                content = entities + content.replace(b">product<", b">&b;<")
            archive.writestr(member, content)
    with pytest.raises(Unreadable):
        sheets_in(file.getvalue())


def test_a_row_at_the_end_of_the_world_costs_nothing() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A1048576"] = "product", "x"
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(Unreadable):
        sheets_in(file.getvalue())


# -- out


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("book", [PRICE_BOOK, CONTRACT_BOOK])
def test_a_template_is_read_without_a_mistake(book: Book, form: str) -> None:
    found = read(template(book, form), book)
    assert found.faults == ()
    assert [record.table for record in found.records] == [table.name for table in book.tables]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "'=1", "''@x", "plain", "'quoted'", "", "＝1", "\t1"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "＝"))
    assert bare(safe(text)) == text
    page = Page("prices", ("match.a",), [(text,)])
    for content in (as_csv(page), as_xlsx([page])):
        cells = [cell for sheet in sheets_in(content) for _, row in sheet.rows[1:] for cell in row]
        assert all(not cell.startswith(("=", "+", "-", "@", "＝")) for cell in cells)


keys = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
numbers = st.decimals(min_value=0, max_value=D(10) ** 12, places=9, allow_nan=False).map(lambda n: D(plain(n)))
sizes = st.decimals(min_value=D("0.001"), max_value=D(10) ** 6, places=3, allow_nan=False).map(lambda n: D(plain(n)))
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)


@st.composite
def tiers(draw: st.DrawFn, model: WrittenModel) -> tuple[Tier, ...]:
    bounds = [*sorted(set(draw(st.lists(sizes, max_size=4)))), None]
    flat = model is WrittenModel.TIERED_FLAT
    blocks = model in (WrittenModel.GRADUATED, WrittenModel.VOLUME)
    return tuple(
        Tier(up_to, D(0) if flat else draw(numbers), draw(numbers), draw(st.none() | sizes) if blocks else None)
        for up_to in bounds
    )


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    model = draw(st.sampled_from(list(WrittenModel)))
    if model is WrittenModel.PACKAGE:
        rounding = draw(st.sampled_from([Rounding.UP, Rounding.DOWN, None]))
        return Tariff(model, (Tier(unit_price=draw(numbers), block_size=draw(sizes)),), rounding)
    if model is WrittenModel.PERCENTAGE:
        optional = st.none() | numbers
        fees = [draw(optional) for _ in range(4)]
        return Tariff(model, (), None, False, PerTransaction(draw(numbers), draw(numbers), *fees))
    if model.is_single:
        return Tariff(model, (Tier(unit_price=draw(numbers)),))
    retroactive = model is WrittenModel.VOLUME and draw(st.booleans())
    return Tariff(model, draw(tiers(model)), retroactive=retroactive)


@st.composite
def charges(draw: st.DrawFn) -> list[ChargeDraft]:
    found = []
    for product in draw(st.lists(keys, min_size=1, max_size=3, unique=True)):
        matches = draw(st.lists(st.dictionaries(keys, texts, max_size=2), min_size=1, max_size=3, unique_by=str))
        rows = tuple(PriceDraft(draw(st.sampled_from(["EUR", "JPY"])), match, draw(tariffs())) for match in matches)
        terms = ChargeTerms(
            draw(numbers), draw(st.booleans()), tuple(draw(st.lists(keys, max_size=2))),
            draw(st.sampled_from(list(Cut))),
            draw(st.just("") | keys), draw(st.booleans()), draw(st.sampled_from(list(Reset))),
        )  # fmt: skip
        found.append(ChargeDraft(product, draw(keys), rows, terms))
    return found


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(drafts=charges())
def test_what_is_written_is_read_again(form: str, drafts: list[ChargeDraft]) -> None:
    """Every price model, any numbers and any dimension values come back exactly."""
    assert list(priced(written(PRICE_BOOK, {"prices": rows_of(drafts)}, form)).drafts) == drafts


junk = st.text(max_size=30) | st.sampled_from(
    ["", "=1", "1e9", "NaN", "-", "٣", "EUR", "GRADUATED", "0,5", "'", '"', "\x00"]
)
names = st.sampled_from(
    ["product", "metric", "currency", "model", "unit_price", "up_to", "match.x", "part", "key", "zzz"]
)


@settings(max_examples=80, deadline=None)
@given(
    head=st.lists(names | junk, max_size=9), rows=st.lists(st.lists(junk, max_size=10), max_size=6),
    delimiter=st.sampled_from([",", ";", "\t"]), book=st.sampled_from([PRICE_BOOK, CONTRACT_BOOK]),
)  # fmt: skip
def test_no_mangled_file_raises_anything_but_what_is_listed(
    head: list[str], rows: list[list[str]], delimiter: str, book: Book
) -> None:
    text = "\n".join(delimiter.join(row) for row in [["product", "metric", "currency", *head], *rows])
    try:
        found = read(text.encode("utf-8", "surrogatepass"), book)
    except Unreadable:
        return
    faults = [*found.faults, *(charges_in(found.records).faults if book is PRICE_BOOK else ())]
    assert all(isinstance(fault, Fault) and fault.message for fault in faults)


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 7000), garbage=st.binary(min_size=1, max_size=40))
def test_no_broken_workbook_raises_anything_but_unreadable(place: int, garbage: bytes) -> None:
    content = bytearray(template(PRICE_BOOK, "xlsx"))
    content[place : place + len(garbage)] = garbage
    try:
        read(bytes(content))
    except Unreadable as error:
        assert error.fix


def test_columns_are_named_as_spreadsheets_do() -> None:
    assert [letter_of(index) for index in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
