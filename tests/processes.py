"""Real processes for tests: a Celery worker, and a broker that may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import connections
from kombu import pools

from monetization.celery import app
from monetization.embedded import addresses, servers
from monetization.processes import die_with_parent, tail

START_SECONDS = 60


def database_url(alias: str) -> str:
    """The address of the database that this test process uses, for another process."""
    known = connections[alias].settings_dict
    options = "&".join(f"{key}={value}" for key, value in known["OPTIONS"].items())
    password = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    port = f":{known['PORT']}" if known["PORT"] else ""
    return f"postgresql://{known['USER']}{password}@{known['HOST']}{port}/{known['NAME']}?{options}"


@dataclass
class Worker:
    """A Celery worker (and beat) in processes of its own, on this test's database and broker."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        log = self.folder / "worker.log"
        ready = log.read_text().count(" ready.") if log.exists() else 0
        environ = dict(os.environ) | {
            "DATABASE_URL": database_url("default"),
            "SECRET_KEY": settings.SECRET_KEY,
            "BROKER_URL": app.conf.broker_url,
            "CACHE_URL": settings.CACHE_URL,
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "TASK_SECONDS": "6",
            "TASK_WORKERS": "1",
        }
        command = [sys.executable, "-m", "celery", "--app", "monetization", "worker", "--beat", "--loglevel=INFO"]
        command += ["--schedule", str(self.folder / "beat"), "--without-gossip", "--without-mingle"]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                env=environ | self.environ,
                cwd=settings.BASE_DIR,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + START_SECONDS
        while log.read_text().count(" ready.") == ready:
            assert self.process.poll() is None and time.monotonic() < deadline, tail(log, 40)
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to it and its pool, as the kernel does when memory is short."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Let it finish what it does."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        self._signal(signal.SIGKILL)

    def _signal(self, sig: signal.Signals) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, sig)
            self.process.wait()

    @property
    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")


@dataclass
class Broker:
    """A Valkey of this test alone, so that it may be killed; what it had accepted survives in its folder."""

    folder: Path
    stack: ExitStack = field(default_factory=ExitStack)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        children = self.stack.enter_context(servers(self.folder, database=False, durable=False))
        self.process = children["Valkey"]

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()
        self.stack.close()

    stop = kill


@contextmanager
def own_broker(folder: Path) -> Iterator[Broker]:
    """Send this process's tasks (and a Worker started later) to a private broker."""
    before, broker = app.conf.broker_url, Broker(folder)
    broker.start()
    _point_at(addresses(folder).broker)
    try:
        yield broker
    finally:
        broker.stop()
        _point_at(before)


def _point_at(url: str) -> None:
    app.conf.broker_url = app.conf.broker_read_url = app.conf.broker_write_url = url
    pools.reset()
    app._pool = None
    for cached in ("amqp", "control"):
        app.__dict__.pop(cached, None)


def eventually(check, seconds: float = 20):  # type: ignore[no-untyped-def]
    """Call ``check`` until it returns something true, and return that; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not true within {seconds} s: {check}"
        time.sleep(0.05)
    return result
