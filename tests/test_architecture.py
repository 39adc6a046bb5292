"""The house holds its shape: what `README` and the rules of the house promise, checked on the code itself."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
APPS = {
    "foundation": ROOT / "monetization" / "foundation",
    "catalog": ROOT / "catalog",
    "metering": ROOT / "metering",
    "billing": ROOT / "billing",
    "reports": ROOT / "reports",
}
FLOORS = list(APPS)
EDGES = ("console.py", "admin.py", "portal.py", "api.py", "tasks.py", "urls.py")
JSON_ALLOWED = {
    "foundation.changeitem.facts",
    "foundation.auditentry.before",
    "foundation.auditentry.after",
    "foundation.message.payload",
    "catalog.metricversion.filters",
    "catalog.pricerow.match",
    "catalog.instrument.dimensions",
    "catalog.commit.dimensions",
    "catalog.recurringgrant.dimensions",
    "catalog.commitprice.match",
    "catalog.planversion.content",
    "catalog.priceoverride.match",
    "catalog.pricemultiplier.match",
    "metering.event.data",
    "metering.quarantined.body",
    "metering.dimensionset.values",
    "metering.inbox.attributes",
    "metering.inbox.outcome",
    "metering.limit.match",
    "metering.limit.thresholds",
    "metering.limit.emails",
    "metering.hold.dimensions",
    "metering.hold.counters",
    "metering.hold.spend_counters",
    "billing.invoiceline.match",
    "billing.invoiceline.steps",
    "billing.invoiceline.source",
    "billing.evidence.buckets",
    "billing.issuedcopy.content",
}
CHANGING = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete"}


def own_models() -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in FLOORS and not model.__name__.startswith("Historical"):
            yield model


def sources(*roots: Path) -> Iterator[Path]:
    """Yield each source file below these folders once; everything where none is named."""
    below = roots or (*APPS.values(), ROOT / "monetization")
    yield from sorted({p for root in below for p in root.rglob("*.py") if "migrations" not in p.parts})


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code of a function without its docstring."""
    first = function.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = first.end_lineno if is_doc else function.lineno
    return (function.end_lineno or function.lineno) - (start or function.lineno)


def test_foreign_keys_point_down() -> None:
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in own_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and isinstance(field.related_model, type)
        and field.related_model._meta.app_label in FLOORS
        and FLOORS.index(field.related_model._meta.app_label) > FLOORS.index(model._meta.app_label)
    ]  # fmt: skip
    assert upward == []


def test_money_and_quantities_are_never_float() -> None:
    floats = [
        f"{model._meta.label}.{field.name}"
        for model in own_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FloatField)
    ]
    assert floats == []


def test_no_float_near_money() -> None:
    near = [ROOT / "monetization" / "values", *(app / "rules" for app in APPS.values())]
    near += [app / "actions" for app in APPS.values()]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*near)
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
    ]
    assert found == []


def test_json_columns_are_on_the_allow_list() -> None:
    found = {
        f"{model._meta.app_label}.{model._meta.model_name}.{field.name}"
        for model in own_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.JSONField)
    }
    assert found == JSON_ALLOWED


def test_edges_never_write_rows() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} .{node.func.attr}()"
        for app in APPS.values()
        for path in app.rglob("*.py")
        if path.name in EDGES or path.parent.name in {"portal", "console", "api"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CHANGING
        and not (node.func.attr == "create" and "actions" in ast.unparse(node.func))
        and "super()" not in ast.unparse(node.func)
        and "cache" not in ast.unparse(node.func)
        and ast.unparse(node.func.value).rpartition(".")[2] not in action_modules()
    ]
    assert found == []


def action_modules() -> set[str]:
    return {path.stem for app in APPS.values() for path in (app / "actions").glob("*.py")}


def test_actions_are_keyword_only_and_named_by_actor_and_instant() -> None:
    """Public verbs of actions take keywords only; those that change things take `at`."""
    found = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for app in APPS.values()
        for path in (app / "actions").glob("*.py")
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef)
        and not function.name.startswith("_")
        and any("atomic" in ast.unparse(d) for d in function.decorator_list)
        and (function.args.args or "at" not in {a.arg for a in function.args.kwonlyargs})
    ]
    assert found == []


def test_only_edges_read_the_clock() -> None:
    inner = ("rules", "actions", "models", "values", "stores", "documents")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if set(path.relative_to(ROOT).parts) & set(inner) or path.name == "queries.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {"timezone.now", "datetime.now", "date.today", "time.time", "datetime.datetime.now"}
    ]
    assert found == []


def test_no_signals_and_no_rooms_without_a_noun() -> None:
    names = ("utils", "helpers", "manager", "service")
    found = [
        str(path.relative_to(ROOT))
        for path in sources()
        if any(word in path.stem for word in names)
        or "django.dispatch" in path.read_text()
        or "db.models.signals" in path.read_text()
    ]
    assert found == []


@pytest.mark.parametrize("app", FLOORS)
def test_one_first_migration(app: str) -> None:
    """One `0001_initial` until the first release, then only walls written by hand."""
    names = sorted(p.name for p in (APPS[app] / "migrations").glob("0*.py"))
    assert [n for n in names if n.startswith("0001")] in (["0001_initial.py"], [])


def test_sizes_keep_to_the_habits() -> None:
    """Median function ≤ 8 lines, none over 60; median file ≤ 80 lines, none over 300."""
    files = list(sources())
    lines = {path: len(path.read_text().splitlines()) for path in files}
    sizes = {
        f"{path.relative_to(ROOT)}:{f.name}": body_lines(f)
        for path in files
        for f in functions(ast.parse(path.read_text()))
    }
    assert {str(p.relative_to(ROOT)): n for p, n in lines.items() if n > 300} == {}
    assert {name: n for name, n in sizes.items() if n > 60} == {}
    assert statistics.median(sizes.values()) <= 8
    assert statistics.median(n for n in lines.values() if n) <= 80
