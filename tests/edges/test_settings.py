"""Settings are refused loudly, all at once, and the documentation tells the truth about them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monetization import knobs
from monetization.embedded import addresses

ROOT = Path(__file__).resolve().parents[2]
KEY = "k" * 40


def refused(**environ: str) -> list[str]:
    with pytest.raises(knobs.Wrong) as caught:
        knobs.read(environ)
    return caught.value.lines


def test_documented_table_is_the_settings() -> None:
    assert knobs.table() in (ROOT / "docs" / "settings.md").read_text()


def test_test_lock_holds_every_package_of_the_demo_lock() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if line[:1].isalnum()}

    assert len(pins("requirements.lock")) > 40
    assert pins("requirements.lock") <= pins("requirements-test.lock")


def test_locks_name_no_index() -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        assert not [line for line in (ROOT / name).read_text().splitlines() if "://" in line or "--index" in line]


def test_nothing_given_means_embedded_servers_and_a_kept_secret(tmp_path: Path) -> None:
    values = knobs.read({"VAR_DIR": str(tmp_path)})
    assert values.embedded_database and values.embedded_broker
    assert values["DATABASE_URL"] == addresses(tmp_path).app
    assert values["DATABASE_OWNER_URL"] == addresses(tmp_path).owner
    assert len(values["SECRET_KEY"]) >= 32
    assert knobs.read({"VAR_DIR": str(tmp_path)})["SECRET_KEY"] == values["SECRET_KEY"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert values["BASE_URL"] == "http://localhost:8000"
    assert values["CSRF_TRUSTED_ORIGINS"] == ["http://localhost:8000"]
    assert values["MEDIA_ROOT"] == tmp_path / "media"


def test_all_wrong_settings_are_told_at_once() -> None:
    lines = refused(PORT="80000", DEBUG="maybe", BASE_URL="example.com", LOG_LEVEL="loud", DATABASE_URL="sqlite:///x")
    assert [line.split()[0] for line in lines] == [
        "DATABASE_URL",
        "DEBUG",
        "PORT",
        "BASE_URL",
        "LOG_LEVEL",
        "SECRET_KEY",
    ]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "٣", "PORT must be a whole number from 1 to 65535 (now '٣')"),
        ("PORT", "-1", "PORT must be a whole number from 1 to 65535 (now '-1')"),
        ("DEBUG", "on", "DEBUG must be 1 or 0 (now 'on')"),
        ("WORKERS", "0", "WORKERS must be a whole number from 1 to 64 (now '0')"),
        ("BROKER_URL", "sqs://", "BROKER_URL must begin with redis: or rediss:"),
        ("BASE_URL", "https://x.example/path", "BASE_URL must be only scheme and host"),
        ("BASE_URL", "https://", "BASE_URL must be only scheme and host"),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example, b.example", "CSRF_TRUSTED_ORIGINS must begin with http:"),
        ("EMAIL_URL", "mail.example.com", "EMAIL_URL must begin with file:"),
        ("CACHE_URL", "redis://host:port/1", "CACHE_URL is no address"),
        ("VAR_DIR", "manage.py", "VAR_DIR must be a folder, and a file is in its place (now 'manage.py')"),
        ("SECRET_KEY", "short", "SECRET_KEY must have at least 32 characters"),
    ],
)
def test_refused(name: str, value: str, says: str) -> None:
    (line,) = refused(**{name: value})
    assert line.startswith(says)


def test_database_settings_belong_together() -> None:
    address = "postgresql://app@db.example/meterstone"
    assert refused(DATABASE_URL=address) == ["SECRET_KEY is needed with DATABASE_URL; try: openssl rand -base64 48"]
    (line,) = refused(DATABASE_OWNER_URL=address)
    assert line.startswith("DATABASE_URL is needed with DATABASE_OWNER_URL")
    (line,) = refused(DATABASE_URL="postgresql://db.example", SECRET_KEY=KEY)
    assert line.startswith("DATABASE_URL must name a user and a database")
    values = knobs.read({"DATABASE_URL": address, "SECRET_KEY": KEY})
    assert values["DATABASE_OWNER_URL"] is None
    assert not values.embedded_database


def test_secrets_are_not_shown() -> None:
    lines = refused(DATABASE_URL="mysql://app:hunter2@db.example/x", SECRET_KEY="swordfish")
    assert lines
    assert not [line for line in lines if "hunter2" in line or "swordfish" in line]


def test_the_process_ends_with_2_and_the_list() -> None:
    environ = os.environ | {"PORT": "x", "DEBUG": "y"}
    done = subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Settings are wrong:",
        "  - DEBUG must be 1 or 0 (now 'y')",
        "  - PORT must be a whole number from 1 to 65535 (now 'x')",
    ]
