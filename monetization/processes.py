"""Child processes that stop in order and never outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30
LINUX = sys.platform == "linux"
Children = dict[str, subprocess.Popen[bytes]]


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
    command: list[str],
    before: Callable[[], None] | None,
    log: int,
    stop: signal.Signals,
    environ: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a child until the block ends; it and whatever it started are gone afterwards."""
    # An own session, so that Ctrl-C in the terminal reaches only the launcher, which stops things in order.
    process = subprocess.Popen(
        command,
        preexec_fn=before,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=cwd,
        env=environ,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # a dead main may leave its children
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, name: str) -> None:
    """Wait for a child to be ready. Raises NotStarted when it dies or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"{name} doesn't start; its log {log} ends:\n{tail(log)}")
        time.sleep(0.03)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def collect_rarely() -> None:
    """Let the garbage collector look less often, and never at what was there from the start.

    A batch of ten thousand events makes hundreds of thousands of objects and no cycles; looking through them again and
    again took a third of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
