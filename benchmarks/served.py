"""The processes that the bench talks to or watches: the product's own web and worker, and a second web server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from benchmarks.client import Client
from monetization.processes import die_with_parent

PAGE = os.sysconf("SC_PAGE_SIZE")


def siblings(word: str) -> list[int]:
    """List the processes below our launcher whose command has this word (`granian`, `worker`): itself and children."""
    found: list[int] = []
    for pid in _below(os.getppid()):
        with contextlib.suppress(OSError):
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def memory(pids: list[int]) -> float:
    """Give the resident memory of some processes in MB."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return total * PAGE / 1_000_000


@contextlib.contextmanager
def halted(pids: list[int]) -> Iterator[None]:
    """Let some processes stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def naive(port: int) -> Iterator[str]:
    """Serve the naive view as the product is served. Gives its address."""
    host = urlsplit(settings.BASE_URL).hostname or "127.0.0.1"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", str(settings.VALUES["WORKERS"])]
    command += ["--blocking-threads", str(settings.VALUES["THREADS"]), "benchmarks.naive_wsgi:application"]
    with (settings.VAR_DIR / "naive.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=settings.BASE_DIR, preexec_fn=die_with_parent(signal.SIGTERM)
        )
        try:
            _wait(process, f"http://{host}:{port}")
            yield f"http://{host}:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(300):
        assert process.poll() is None, "the naive server ended; see var/bench/naive.log"
        with contextlib.suppress(OSError):
            Client(address).ask("GET", "/events")
            return
        time.sleep(0.1)
    raise TimeoutError("the naive server doesn't answer")


def _below(parent: int) -> Iterator[int]:
    """Walk down the tree of processes."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    waiting = [parent]
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            yield pid
            waiting.append(pid)
