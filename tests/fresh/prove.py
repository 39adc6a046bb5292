"""Prove on a fresh clone, with an empty home, that ``./run demo`` serves, stops, starts again and leaves nothing.

A program of its own rather than a test: it needs no package of ours, and what it measures would be distorted by tests
running beside it. Prints one line for each figure; exits with 1 at the first that doesn't hold.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_SECONDS, AGAIN_SECONDS, STOP_SECONDS = 420, 20, 20


class Broken(SystemExit):
    def __init__(self, text: str) -> None:
        super().__init__(f"fresh clone: {text}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def running_in(clone: Path) -> list[str]:
    """The command lines of all processes that have to do with the clone."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            folder = os.readlink(entry / "cwd")
        except OSError:
            continue
        if int(entry.name) != os.getpid() and (str(clone) in command or folder.startswith(str(clone))):
            found.append(f"{entry.name} {command}")
    return found


class Demo:
    """One run of ``./run demo`` in the clone, as a person without any settings would start it."""

    def __init__(self, clone: Path, home: Path, port: int) -> None:
        self.port, self.log = port, clone.parent / "demo.log"
        self.began = time.monotonic()
        system = "/usr/bin:/bin:/usr/sbin:/sbin"
        usable = subprocess.run(
            [
                "/usr/bin/env",
                "-i",
                f"PATH={system}",
                "python3",
                "-c",
                "import sys, ensurepip; assert sys.version_info > (3, 11)",
            ],
            capture_output=True,
        )
        environ = {"HOME": str(home), "PATH": os.environ["PATH"] if usable.returncode else system}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                ["./run", "demo", "--port", str(port)], cwd=clone, env=environ, stdout=out, stderr=out
            )

    def wait(self, limit: int, what: str) -> None:
        """Wait until sign-in and health answer; complain when it takes longer than allowed."""
        pages = [f"http://127.0.0.1:{self.port}{path}" for path in ("/healthz", "/sign-in/")]
        while not all(answers(page) for page in pages):
            self.must(self.process.poll() is None, f"{what}: it ended with {self.process.returncode}")
            self.must(time.monotonic() - self.began < limit, f"{what}: no answer within {limit} s")
            time.sleep(0.2)
        print(f"fresh clone: {what} answered after {time.monotonic() - self.began:.1f} s (limit {limit} s)", flush=True)

    def must(self, holds: bool, text: str) -> None:
        if not holds:
            self.process.send_signal(signal.SIGTERM)
            raise Broken(f"{text}\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self, sig: signal.Signals) -> int:
        self.process.send_signal(sig)
        return self.process.wait(STOP_SECONDS)


def gone(clone: Path, what: str) -> None:
    began = time.monotonic()
    while left := running_in(clone):
        if time.monotonic() - began > STOP_SECONDS:
            raise Broken(f"{what} leaves running:\n" + "\n".join(left))
        time.sleep(0.1)
    print(f"fresh clone: {what}, nothing left after {time.monotonic() - began:.1f} s", flush=True)


def prove(folder: Path) -> None:
    clone, home = folder / "clone", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    port = free_port()
    demo = Demo(clone, home, port)
    demo.wait(FIRST_SECONDS, "first start with install")
    code = demo.stop(signal.SIGINT)
    demo.must(code == 0, f"Ctrl-C ended with {code}")
    gone(clone, "Ctrl-C")
    demo = Demo(clone, home, port)
    demo.wait(AGAIN_SECONDS, "second start")
    demo.stop(signal.SIGKILL)
    gone(clone, "kill -9")
    demo = Demo(clone, home, port)
    demo.wait(AGAIN_SECONDS, "start after kill -9")
    demo.stop(signal.SIGTERM)
    gone(clone, "SIGTERM")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="meterstone-fresh-") as name:
        prove(Path(name))
    sys.exit(0)
