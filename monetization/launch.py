"""What every ``./run`` command needs: its servers, the children's environment, and an orderly stop."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

from monetization import knobs
from monetization.embedded import servers
from monetization.processes import Children, NotStarted

PYTHON = sys.executable


class Stopped(BaseException):
    """Somebody asked us to stop (Ctrl-C, SIGTERM, a closed terminal)."""


def stop(sig: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # once is enough; what follows must not be cut short
    raise Stopped


def say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Show what is being done and how long it took."""
    print(f"  {text} ... ", end="", flush=True)
    began = time.monotonic()
    yield
    say(f"{time.monotonic() - began:.1f} s")


def environment(values: knobs.Values, **more: str) -> dict[str, str]:
    """What every child gets: ours, the folder made absolute, and a cache folder where there is no home."""
    environ = dict(os.environ) | {"VAR_DIR": str(values["VAR_DIR"]), "DJANGO_SETTINGS_MODULE": "monetization.settings"}
    environ |= {"PYTHONUNBUFFERED": "1"} | more
    home = environ.get("HOME", "")
    if not (home and os.access(home, os.W_OK)):
        environ["XDG_CACHE_HOME"] = str(values["VAR_DIR"] / "cache")
    return environ


@contextlib.contextmanager
def embedded(values: knobs.Values, *, durable: bool = True) -> Iterator[Children]:
    """The servers that no address was given for."""
    wanted = {"database": values.embedded_database, "broker": values.embedded_broker}
    if not any(wanted.values()):
        yield {}
        return
    with servers(values["VAR_DIR"], durable=durable, **wanted) as children:
        yield children


def child(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one of our programs in the foreground, on the same terminal; return its exit code."""
    process = subprocess.Popen([PYTHON, *arguments], env=environ, cwd=knobs.ROOT)
    try:
        return process.wait()
    except Stopped:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.send_signal(signal.SIGINT)
            process.wait(10)
        process.kill()
        raise


def need(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run one of our programs and stop everything when it fails."""
    if code := child(arguments, environ):
        raise NotStarted(f"{' '.join(arguments)} failed with exit code {code}")
