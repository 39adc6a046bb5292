"""What every test stands on: real PostgreSQL as ``app``, real Valkey, a real worker, a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.test import TransactionTestCase
from playwright.sync_api import Browser, Page, sync_playwright

from monetization.celery import app
from monetization.foundation.connectors import anchors
from tests import browser
from tests.database import TestDatabase, cloned
from tests.processes import Broker, Worker, own_broker

pytest_plugins = ["tests.cast", "tests.receiver", "tests.impacted"]
pytest.register_assert_rewrite("tests.house")  # it compares for several tests

SOAK = os.environ.get("SOAK") == "1"
CI = os.environ.get("CI") == "true"
START = time.time()
MAX_EXAMPLES = 1000
NEVER_SKIPPED = {"browser", "worker", "pdf", "volume"}

hypothesis.settings.register_profile("seeded", derandomize=True, deadline=None)
hypothesis.settings.register_profile("soak", max_examples=MAX_EXAMPLES, deadline=None, print_blob=True)
hypothesis.settings.load_profile("soak" if SOAK else "seeded")


def pytest_configure(config: pytest.Config) -> None:
    # Playwright's synchronous API keeps an event loop in the test's own thread.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    _own_folder_and_broker(os.environ.get("PYTEST_XDIST_WORKER", "master"))


def _own_folder_and_broker(worker: str) -> None:
    """Each process of the run has its folder for documents and its databases in Valkey."""
    settings.MEDIA_ROOT = Path(settings.VAR_DIR) / f"media-{worker}"
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    if settings.VALUES.embedded_broker:
        number = 2 + 2 * (int(worker.removeprefix("gw")) if worker != "master" else 6)
        app.conf.broker_url = settings.VALUES["BROKER_URL"].replace("virtual_host=0", f"virtual_host={number}")
        settings.CACHE_URL = settings.VALUES["CACHE_URL"].replace("db=1", f"db={number + 1}")
        settings.CACHES["default"]["LOCATION"] = settings.CACHE_URL


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the soak tests to ./run soak (which asks for them by -m soak)."""
    if SOAK:
        return
    left = [item for item in items if item.get_closest_marker("soak")]
    items[:] = [item for item in items if not item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=left)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Under CI a skipped browser, worker, PDF or volume test is a failure."""
    report = yield
    if CI and report.skipped and NEVER_SKIPPED & {mark.name for mark in item.iter_markers()}:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not be skipped under CI: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """After ./run soak leave its figures in docs/soak.md; tests add lines by ``record_property("soak", line)``."""
    if not SOAK:
        return
    stats = {name: terminalreporter.stats.get(name, []) for name in ("passed", "failed", "error", "skipped")}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=settings.BASE_DIR, capture_output=True, text=True)
    lines = [
        "# Last soak",
        "",
        f"- Commit {commit.stdout.strip()}, seed {config.getoption('--hypothesis-seed')}, {datetime.now(UTC):%Y-%m-%d}",
        f"- {', '.join(f'{len(reports)} {name}' for name, reports in stats.items())}",
        f"- {time.time() - START:.0f} s; {MAX_EXAMPLES} examples for each property",
        *(f"- {line}" for report in stats["passed"] for name, line in report.user_properties if name == "soak"),
    ]
    (settings.BASE_DIR / "docs" / "soak.md").write_text("\n".join(lines) + "\n")


# -- database


@pytest.fixture(scope="session")
def test_database(django_test_environment: None, django_db_blocker, worker_id: str) -> Iterator[TestDatabase]:
    with django_db_blocker.unblock(), cloned(f"test_{worker_id}") as database:
        TransactionTestCase._fixture_teardown = lambda self: database.reset()
        yield database


@pytest.fixture(scope="session")
def django_db_setup(test_database: TestDatabase) -> None:
    """pytest-django's hook: the database is there."""


# -- the world outside the database


@pytest.fixture(scope="session", autouse=True)
def own_anchors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test find anchors of another one's audit log."""
    folder, real = tmp_path_factory.mktemp("anchors"), anchors.place

    def place() -> Path:
        test, *_ = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")
        return folder / sha256(test.encode()).hexdigest() / "audit.jsonl"

    anchors.place = place
    yield
    anchors.place = real


# -- worker and broker


@pytest.fixture
def celery_worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    """A real worker with beat, started; the test may kill and start it."""
    app.control.purge()
    worker = Worker(tmp_path)
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, which it may kill and start; name it before ``celery_worker``."""
    with own_broker(tmp_path / "broker") as own:
        yield own


# -- browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browser.executable()
    if path is None:
        pytest.skip("no Chromium: ./run test says how to install it")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=browser.ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(chromium: Browser, live_server) -> Iterator[Page]:
    """A page of a fresh browser profile on the live server; the test fails on a script error or a broken policy."""
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    page = context.new_page()
    context.on("weberror", lambda error: problems.append(str(error.error)))
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    page.set_default_timeout(15_000)
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def pango() -> None:
    """Skip where WeasyPrint can't load Pango."""
    try:
        import weasyprint  # noqa: F401
    except OSError:
        pytest.skip("no Pango: ./run test says how to install it")
