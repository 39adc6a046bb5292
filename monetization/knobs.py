"""Every knob of an installation: read from the environment, refused loudly when wrong.

One table serves three readers: ``settings.py`` (values), the launcher (values before Django is loaded) and
``docs/settings.md`` (a test holds the two equal). All errors are collected, so one start shows them all.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monetization.embedded import addresses

ROOT = Path(__file__).resolve().parent.parent
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Refused(ValueError):
    """What is wrong with a value, as a sentence that says what to type instead."""


class Wrong(SystemExit):
    """The environment can't be used: ``lines`` says why, one line a knob; exits with 2."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(2)
        self.lines = lines

    def __str__(self) -> str:
        return "Settings are wrong:\n" + "\n".join(f"  - {line}" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Knob:
    """One environment variable. ``default`` may name earlier knobs in braces; empty means the value None."""

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str


def text(value: str) -> str:
    return value


def secret(value: str) -> str:
    if len(value) < 32:
        raise Refused("must have at least 32 characters; try: openssl rand -base64 48")
    return value


def yes_or_no(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise Refused("must be 1 or 0")
    return known[value.lower()]


def number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise Refused(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def folder(value: str) -> Path:
    path = (ROOT / value).absolute()
    if path.exists() and not path.is_dir():
        raise Refused("must be a folder, and a file is in its place")
    return path


def names(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.upper() not in choices:
            raise Refused("must be one of " + ", ".join(choices))
        return value.upper()

    return read


def url(*schemes: str, like: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        try:
            parts = urlsplit(value)
            bool(parts.port)  # raises when the port is no number
        except ValueError as error:
            raise Refused(f"is no address ({error}); write it like {like}") from None
        if parts.scheme not in schemes:
            raise Refused(f"must begin with {' or '.join(s + ':' for s in schemes)}, like {like}")
        return value

    return read


def database(value: str) -> str:
    like = "postgresql://app:password@db.example.com:5432/meterstone"
    value = url("postgresql", "postgres", like=like)(value)
    parts = urlsplit(value)
    if not parts.path.strip("/") or not parts.username:
        raise Refused(f"must name a user and a database, like {like}")
    return value


def origin(value: str) -> str:
    value = url("http", "https", like="https://billing.example.com")(value).rstrip("/")
    parts = urlsplit(value)
    if not parts.hostname or parts.path or parts.query:
        raise Refused("must be only scheme and host, like https://billing.example.com")
    return value


def origins(value: str) -> list[str]:
    return [origin(part) for part in names(value)]


KNOBS = (
    Knob("VAR_DIR", folder, "var", "Folder for everything that is kept: embedded servers, documents, logs"),
    Knob("DATABASE_URL", database, "", "PostgreSQL ≥ 15 as the role `app`; empty: the embedded server"),
    Knob("DATABASE_OWNER_URL", database, "", "The same database as the role `owner`, needed only to migrate"),
    Knob(
        "BROKER_URL",
        url("redis", "rediss", "redis+socket", "amqp", "amqps", like="redis://cache.example.com:6379/0"),
        "",
        "Celery's broker: Redis, Valkey or RabbitMQ; empty: the embedded Valkey",
    ),
    Knob(
        "CACHE_URL",
        url("redis", "rediss", "unix", "locmem", like="redis://cache.example.com:6379/1"),
        "",
        "Cache for throttles; empty: the embedded Valkey, or each process for itself if BROKER_URL is given",
    ),
    Knob("SECRET_KEY", secret, "", "Signs sessions; needed with DATABASE_URL, else made once in `VAR_DIR/secret_key`"),
    Knob("DEBUG", yes_or_no, "0", "1 shows tracebacks in the browser; never in production"),
    Knob("DEMO", yes_or_no, "0", "1 shows the demo's logins on the sign-in page"),
    Knob("HOST", text, "127.0.0.1", "Address that the web server listens on"),
    Knob("PORT", number(1, 65535), "8000", "Port that the web server listens on"),
    Knob(
        "BASE_URL",
        origin,
        "http://localhost:{PORT}",
        "Address that people type; https brings HSTS and secure cookies",
    ),
    Knob(
        "ALLOWED_HOSTS",
        names,
        "localhost,127.0.0.1,[::1]",
        "Hosts answered, besides that of BASE_URL; with commas",
    ),
    Knob("CSRF_TRUSTED_ORIGINS", origins, "{BASE_URL}", "Origins whose forms are accepted; with commas"),
    Knob("BEHIND_PROXY", yes_or_no, "0", "1 believes the proxy's X-Forwarded-Proto; only if the proxy always sets it"),
    Knob("WEBHOOKS_TO_PRIVATE", yes_or_no, "0", "1 sends webhooks to private addresses and by http, for trials"),
    Knob(
        "EMAIL_URL",
        url("file", "console", "smtp", "smtps", like="smtp://user:password@mail.example.com:587"),
        "file://{VAR_DIR}/outgoing-mail",
        "Where mail goes: smtp (STARTTLS), smtps, file or console",
    ),
    Knob("EMAIL_FROM", text, "Meterstone <billing@localhost>", "Sender of mail"),
    Knob("MEDIA_ROOT", folder, "{VAR_DIR}/media", "Folder for documents such as invoices"),
    Knob("STATIC_ROOT", folder, "{VAR_DIR}/static", "Folder for collected static files"),
    Knob("WORKERS", number(1, 64), "1", "Processes of the web server"),
    Knob("THREADS", number(1, 64), "4", "Threads of each web process"),
    Knob("FOLDERS", number(1, 16), "2", "Processes that take in what was sent with respond-async"),
    Knob("TASK_WORKERS", number(1, 64), "2", "Processes of the Celery worker"),
    Knob(
        "TASK_SECONDS",
        number(2, 600),
        "300",
        "Longest task; a task of a killed worker is delivered again after this time",
    ),
    Knob(
        "EVENT_RETENTION_MONTHS",
        number(3, 600),
        "",
        "Whole months after its own for which a month's raw events are kept; empty: for ever",
    ),
    Knob("IMPACT_PERCENT", number(0, 1000), "20", "An impact flags accounts that change by more than this"),
    Knob("INBOX_MOST_MB", number(1, 1_000_000), "256", "Events sent with respond-async are refused while more waits"),
    Knob("INBOX_MOST_SECONDS", number(1, 86_400), "60", "The same, while the oldest of them has waited longer"),
    Knob("LOG_LEVEL", one_of(LOG_LEVELS), "INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
)


@dataclass(frozen=True, slots=True)
class Values:
    """The knobs of one installation, checked; ``values["PORT"]`` is what the knob's reader returned, or None."""

    known: dict[str, Any]
    embedded_database: bool
    embedded_broker: bool

    def __getitem__(self, name: str) -> Any:
        return self.known[name]


def read(environ: Mapping[str, str]) -> Values:
    """Read every knob. Raises Wrong with all that is wrong."""
    known: dict[str, Any] = {}
    wrong = [line for knob in KNOBS for line in _read_one(knob, environ, known)]
    wrong += _belongs_together(environ)
    if wrong:
        raise Wrong(wrong)
    values = Values(
        known,
        embedded_database=known["DATABASE_URL"] is None,
        embedded_broker=known["BROKER_URL"] is None,
    )
    _fill_embedded(values)
    return values


def _read_one(knob: Knob, environ: Mapping[str, str], known: dict[str, Any]) -> list[str]:
    given = environ.get(knob.name, "").strip()
    raw = given or knob.default.format(**known)
    try:
        known[knob.name] = knob.read(raw) if raw else None
    except Refused as refused:
        known[knob.name] = None
        shown = "" if knob.name == "SECRET_KEY" or "@" in given else f" (now {given!r})"
        return [f"{knob.name} {refused}{shown}"] if given else []
    return []


def _belongs_together(environ: Mapping[str, str]) -> list[str]:
    given = {name for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEY") if environ.get(name, "").strip()}
    wrong = []
    if "DATABASE_URL" in given and "SECRET_KEY" not in given:
        wrong.append("SECRET_KEY is needed with DATABASE_URL; try: openssl rand -base64 48")
    if "DATABASE_OWNER_URL" in given and "DATABASE_URL" not in given:
        wrong.append("DATABASE_URL is needed with DATABASE_OWNER_URL: the same database as the role app")
    return wrong


def _fill_embedded(values: Values) -> None:
    known, embedded = values.known, addresses(values["VAR_DIR"])
    if values.embedded_database:
        known["DATABASE_URL"] = embedded.app
        known["DATABASE_OWNER_URL"] = embedded.owner
        known["SECRET_KEY"] = known["SECRET_KEY"] or _kept_secret(values["VAR_DIR"])
    if values.embedded_broker:
        known["BROKER_URL"] = embedded.broker
        known["CACHE_URL"] = known["CACHE_URL"] or embedded.cache


def _kept_secret(var: Path) -> str:
    """The key of this folder, made by whoever comes first (two processes may come at once)."""
    path = var / "secret_key"
    var.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        handle, mine = tempfile.mkstemp(dir=var)  # 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(mine, path)
        os.unlink(mine)
    return path.read_text()


def table() -> str:
    """The knobs as the table of docs/settings.md."""
    head = ["| Setting | Default | Meaning |", "| --- | --- | --- |"]
    shown = (f"`{knob.default}`" if knob.default else "" for knob in KNOBS)
    return "\n".join(
        [*head, *(f"| `{k.name}` | {default} | {k.meaning} |" for k, default in zip(KNOBS, shown, strict=True))]
    )
