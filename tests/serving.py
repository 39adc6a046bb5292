"""The product's web server and folder in processes of their own, on this test's database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from django.conf import settings

from monetization.celery import app
from monetization.processes import die_with_parent, running, until
from tests.processes import database_url

HOST = "127.0.0.1"


@contextmanager
def served(folder: Path, *, workers: int = 2, threads: int = 4) -> Iterator[int]:
    """Serve until the block ends; gives the port."""
    port = _free_port()
    environ = _environ() | {"HOST": HOST, "PORT": str(port)}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--workers-kill-timeout", "10s"]
    command += ["--host", HOST, "--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)]
    log = folder / "web.log"
    with log.open("ab") as out:
        before = die_with_parent(signal.SIGTERM)
        command.append("monetization.wsgi:application")
        with running(command, before, out.fileno(), signal.SIGTERM, environ, settings.BASE_DIR) as process:
            until(lambda: _answers(port), process, log, "The web server")
            yield port


@dataclass
class Folder:
    """What folds the inbox; it may be killed at any moment and started again."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "fold.log").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "fold"], cwd=settings.BASE_DIR, env=_environ(), stdout=out, stderr=out,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()


@contextmanager
def folding(folder: Path) -> Iterator[Folder]:
    """Fold what waits until the block ends."""
    running_one = Folder(folder)
    running_one.start()
    try:
        yield running_one
    finally:
        running_one.kill()


def _environ() -> dict[str, str]:
    return dict(os.environ) | {
        "DATABASE_URL": database_url("default"),
        "SECRET_KEY": settings.SECRET_KEY,
        "BROKER_URL": app.conf.broker_url,
        "CACHE_URL": settings.CACHE_URL,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    caller = HTTPConnection(HOST, port, timeout=5)
    try:
        caller.request("GET", "/healthz")
        return bool(caller.getresponse().status)
    except OSError:
        return False
    finally:
        caller.close()
