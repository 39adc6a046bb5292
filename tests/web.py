"""The product's web server as a process of its own on the test's database, and raw requests to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from monetization.celery import app
from monetization.processes import die_with_parent, tail
from tests.processes import database_url

START_SECONDS = 60
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Web:
    """Granian with one worker process, as `./run demo` starts it."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> None:
        """Start it and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environ = dict(os.environ) | {
            "DATABASE_URL": database_url("default"),
            "SECRET_KEY": settings.SECRET_KEY,
            "BROKER_URL": app.conf.broker_url,
            "CACHE_URL": settings.CACHE_URL,
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "BASE_URL": f"http://127.0.0.1:{self.port}",
        }
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1", "--blocking-threads", "4"]
        with (self.folder / "web.log").open("ab") as out:
            self.process = subprocess.Popen(
                [*command, "monetization.wsgi:application"],
                env=environ, cwd=settings.BASE_DIR, stdout=out, stderr=out, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, tail(self.folder / "web.log", 40)
            time.sleep(0.1)

    def stop(self) -> None:
        """End it and all its processes."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def memory(self) -> float:
        """Give the resident memory of all its processes in MB."""
        assert self.process
        pids = [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/stat") if self._is_ours(each)]
        return sum(_resident(pid) for pid in pids) * PAGE / 1e6

    def ask(self, head: bytes, body: Iterable[bytes] = (), seconds: float = 60) -> tuple[int, bytes]:
        """Send raw bytes. Returns the status (0 where it hung up without a word) and all that came."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as line:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may answer and close before it has read all
                line.sendall(head)
                for part in body:
                    line.sendall(part)
            answer = b""
            with suppress(ConnectionResetError):
                while part := line.recv(65536):
                    answer += part
        first = answer.partition(b"\r\n")[0].split()
        return (int(first[1]) if len(first) > 1 else 0), answer

    def _is_ours(self, stat: Path) -> bool:
        assert self.process
        with suppress(OSError):
            return stat.read_text().rpartition(")")[2].split()[2] == str(self.process.pid)  # its process group
        return False

    def _answers(self) -> bool:
        try:
            return (
                self.ask(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", seconds=5)[0] == 200
            )
        except OSError:
            return False


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
