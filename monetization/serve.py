"""``./run demo``: servers, tables, the demo company, then web, worker and beat, stopped in the opposite order."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping

from monetization import knobs
from monetization.embedded import in_use
from monetization.launch import PYTHON, embedded, environment, need, say, step
from monetization.processes import Children, NotStarted, die_with_parent, logged, running, tail, until

KEPT_BY_DEMO = ("postgres", "valkey", "media", "outgoing-mail", "beat", "anchors", "demo.digest")


def demo(arguments: list[str]) -> int:
    """Serve the demo company; the first start makes it."""
    parser = argparse.ArgumentParser(prog="./run demo", description=demo.__doc__)
    parser.add_argument("--reset", action="store_true", help="throw the demo's data away and start over")
    parser.add_argument("--port", help="port to serve on (default: PORT, else 8000)")
    asked = parser.parse_args(arguments)
    os.environ["DEMO"] = "1"
    if asked.port:
        os.environ["PORT"] = asked.port
    values, began = knobs.read(os.environ), time.monotonic()
    with product(values, reset=asked.reset) as children:
        _welcome(values, time.monotonic() - began)
        _watch(values, children)
    return 0


@contextlib.contextmanager
def product(
    values: knobs.Values, *, reset: bool = False, prepared: Callable[[], None] = lambda: None
) -> Iterator[Children]:
    """The demo company, served: made if need be; `prepared` is called when only the servers run. Raises NotStarted."""
    _port_is_free(values)
    _start_over_if_needed(values, reset)
    environ = environment(values)
    with embedded(values) as children, contextlib.ExitStack() as stack:
        _prepare(values, environ)
        prepared()
        _serve(values, environ, stack, children)
        yield children


def _port_is_free(values: knobs.Values) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((values["HOST"], values["PORT"]))
        except OSError as error:
            raise NotStarted(
                f"port {values['PORT']} can't be used ({error.strerror}); try: ./run demo --port {values['PORT'] + 1}"
            ) from None


def migrations_digest() -> str:
    """What the tables look like according to the code."""
    digest = hashlib.sha256((knobs.ROOT / "monetization" / "bootstrap.sql").read_bytes())
    for path in sorted(knobs.ROOT.glob("**/migrations/*.py")):
        if ".venv" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _start_over_if_needed(values: knobs.Values, reset: bool) -> None:
    var, kept = values["VAR_DIR"], values["VAR_DIR"] / "demo.digest"
    if not values.embedded_database:
        if reset:
            raise NotStarted("--reset throws away only the embedded database, and DATABASE_URL names another one")
        return
    if in_use(var):
        raise NotStarted(f"{var} is in use by another ./run; stop that one first, or give this one its own VAR_DIR")
    fits = kept.exists() and kept.read_text() == migrations_digest()
    if fits and not reset:
        return
    if (var / "postgres").exists():
        why = "--reset" if reset else "its tables differ from the code's" if kept.exists() else "it was never finished"
        say(f"  The demo database is rebuilt: {why}.")
    for name in KEPT_BY_DEMO:
        path = var / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _prepare(values: knobs.Values, environ: Mapping[str, str]) -> None:
    kept, digest = values["VAR_DIR"] / "demo.digest", migrations_digest()
    _static(values, environ)
    if kept.exists() and kept.read_text() == digest:
        return
    with step("tables"):
        need(["manage.py", "migrate", "--database", "owner", "--verbosity", "0"], environ)
    if (knobs.ROOT / "monetization" / "management" / "commands" / "load_demo.py").exists():
        say("  the demo company:")
        need(["manage.py", "load_demo"], environ)
    kept.write_text(digest)


def _static(values: knobs.Values, environ: Mapping[str, str]) -> None:
    """Collect static files when any of them (ours, or a package's by way of the lock) is new."""
    ours = sorted((knobs.ROOT / "static").glob("**/*"))
    digest = hashlib.sha256((knobs.ROOT / "requirements.lock").read_bytes())
    for path in ours:
        digest.update(f"{path} {path.stat().st_mtime_ns}".encode())
    mark = values["STATIC_ROOT"] / ".digest"
    if mark.exists() and mark.read_text() == digest.hexdigest():
        return
    with step("static files"):
        need(["manage.py", "collectstatic", "--noinput", "--verbosity", "0"], environ)
    mark.write_text(digest.hexdigest())


def _serve(values: knobs.Values, environ: Mapping[str, str], stack: contextlib.ExitStack, children: Children) -> None:
    """Start folders, worker, beat and web; the stack stops them in the opposite order."""
    celery = ["-m", "celery", "--app", "monetization", "--quiet"]
    level = f"--loglevel={values['LOG_LEVEL']}"
    granian = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--workers-kill-timeout", "10s"]
    granian += ["--host", values["HOST"], "--port", str(values["PORT"]), "--workers", str(values["WORKERS"])]
    granian += ["--blocking-threads", str(values["THREADS"]), "monetization.wsgi:application"]
    folders = [f"folder-{n + 1}" for n in range(values["FOLDERS"])]
    commands = {
        **{name: ["manage.py", "fold"] for name in folders},
        "worker": [*celery, "worker", level, "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", level, "--pidfile="],
        "web": granian,
    }
    for name, command in commands.items():
        log = stack.enter_context(logged(values["VAR_DIR"], name))
        before = die_with_parent(signal.SIGTERM)
        process = running([PYTHON, *command], before, log, signal.SIGTERM, environ, knobs.ROOT)
        children[name] = stack.enter_context(process)
    with step("web, worker, folders and beat"):
        until(_answers(values), children["web"], values["VAR_DIR"] / "log" / "web.log", "The web server")


def _answers(values: knobs.Values) -> Callable[[], bool]:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(values["HOST"], values["HOST"])

    def ask() -> bool:
        try:
            urllib.request.urlopen(f"http://{host}:{values['PORT']}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return True  # it answers; what it says is for /readyz
        except OSError:
            return False
        return True

    return ask


def _welcome(values: knobs.Values, seconds: float) -> None:
    say(f"\nReady after {seconds:.0f} s: {values['BASE_URL']}")
    for line in _logins():
        say(f"  {line}")
    say(f"Logs are in {values['VAR_DIR'] / 'log'}. Ctrl-C stops everything; the data stays.")


def _logins() -> list[str]:
    from monetization.demo.company import PASSWORD, PEOPLE

    people = [f"{person.email:<24} {person.role.value.replace('_', ' ').lower()}" for person in PEOPLE]
    return [f"Sign in with the password {PASSWORD} as", *people]


def _watch(values: knobs.Values, children: Children) -> None:
    """Wait until asked to stop. Raises NotStarted when a child dies, which brings all others down."""
    while True:
        for name, process in children.items():
            if process.poll() is not None:
                log = values["VAR_DIR"] / "log" / f"{name.lower().replace('postgresql', 'postgres')}.log"
                raise NotStarted(f"{name} ended (exit code {process.returncode}); {log} ends:\n{tail(log)}")
        time.sleep(0.2)
