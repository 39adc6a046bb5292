"""A web server and a PostgreSQL of a test's own, which it may kill; what was acknowledged must survive."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

from monetization.embedded import _binary, addresses, servers
from monetization.processes import die_with_parent, tail
from tests.processes import database_url

START_SECONDS = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """The product served from a folder: durable PostgreSQL, granian, an API key. Start and kill from one thread."""

    folder: Path
    port: int = field(default_factory=free_port)
    token: str = ""
    database: ExitStack = field(default_factory=ExitStack)
    postgres: subprocess.Popen[bytes] | None = None
    web: subprocess.Popen[bytes] | None = None
    folding: subprocess.Popen[bytes] | None = None

    def copy(self) -> None:
        """Copy the database that this test process uses, as it stands, into ours; much quicker than migrating."""
        source = make_conninfo(database_url("owner"))
        dumped = subprocess.run([_binary("pg_dump"), "--dbname", source], capture_output=True)
        assert dumped.returncode == 0, dumped.stderr.decode()
        target = ["--dbname", addresses(self.folder).postgres("postgres"), "--quiet", "--set", "ON_ERROR_STOP=1"]
        filled = subprocess.run([_binary("psql"), *target], input=dumped.stdout, capture_output=True)
        assert filled.returncode == 0, filled.stderr.decode()

    @property
    def environ(self) -> Mapping[str, str]:
        at = addresses(self.folder)
        mine = {
            "DATABASE_URL": at.app,
            "DATABASE_OWNER_URL": at.owner,
            "SECRET_KEY": settings.SECRET_KEY,
            "CACHE_URL": "locmem://",
            "BASE_URL": f"http://localhost:{self.port}",
            "DJANGO_SETTINGS_MODULE": "monetization.settings",
            "MEDIA_ROOT": str(self.folder / "media"),
        }
        return dict(os.environ) | mine

    # -- processes

    def start_postgres(self) -> None:
        self.database = ExitStack()
        children = self.database.enter_context(servers(self.folder, broker=False))
        self.postgres = children["PostgreSQL"]

    def kill_postgres(self) -> None:
        """Stop it at once, as a failing machine does: no checkpoint, connections cut."""
        assert self.postgres
        self.postgres.send_signal(signal.SIGQUIT)
        self.postgres.wait()
        self.database.close()

    def start_web(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--blocking-threads", "4", "monetization.wsgi:application"]
        self.web = self._started(command)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_up():
            assert self.web.poll() is None and time.monotonic() < deadline, tail(self.log, 40)
            time.sleep(0.05)

    def kill_web(self) -> None:
        """SIGKILL to it and its workers."""
        _kill(self.web)

    def start_folder(self) -> None:
        """Start what folds the inbox; it needs no time to be ready."""
        self.folding = self._started([sys.executable, "manage.py", "fold"])

    def kill_folder(self) -> None:
        """SIGKILL to it."""
        _kill(self.folding)

    def stop(self) -> None:
        self.kill_folder()
        self.kill_web()
        self.database.close()

    def _started(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            return subprocess.Popen(
                command, env=self.environ, cwd=settings.BASE_DIR, stdout=out, stderr=out, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    @property
    def log(self) -> Path:
        return self.folder / "web.log"

    def _is_up(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    # -- what a sender and an auditor do

    def send(self, events: list[dict[str, Any]], prefer: str = "") -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Send events: status, body, headers. Raises OSError where there is no answer."""
        return self._call("/events", json.dumps(events).encode(), {"Prefer": prefer} if prefer else {})

    def get(self, path: str) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Ask the API: status, body, headers."""
        return self._call(path, None, {})

    def _call(
        self, path: str, body: bytes | None, more: dict[str, str]
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | more
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as refused:
            text = refused.read()
            return refused.code, json.loads(text) if text.startswith(b"{") else {}, dict(refused.headers)

    def asked(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database past the product."""
        with psycopg.connect(addresses(self.folder).app) as connection:
            return connection.execute(sql).fetchall()


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    """SIGKILL to a process and what it started."""
    if process:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
