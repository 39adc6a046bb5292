"""Child processes that stop in order and never outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30
LINUX = sys.platform == "linux"


class NotStarted(RuntimeError):
    """An embedded server can't be started; the text says why and where its log is."""


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """What a child does before exec, so that it gets ``sig`` when we die (Linux only)."""
    if not LINUX:
        return None
    libc, ours = ctypes.CDLL(None), os.getpid()

    def before() -> None:
        libc.prctl(1, int(sig))
        if os.getppid() != ours:  # we died in between
            os._exit(1)

    return before


@contextlib.contextmanager
def logged(var: Path, name: str) -> Iterator[int]:
    (var / "log").mkdir(exist_ok=True)
    with (var / "log" / f"{name}.log").open("ab") as file:
        yield file.fileno()


@contextlib.contextmanager
def running(
    command: list[str], before: Callable[[], None] | None, log: int, stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    # An own session, so that Ctrl-C in the terminal reaches only the launcher, which stops things in order.
    process = subprocess.Popen(
        command, preexec_fn=before, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
    )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"{name} doesn't start; see {log}")
        time.sleep(0.03)
