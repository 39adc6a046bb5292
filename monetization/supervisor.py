"""What ``./run`` does once Python and its packages are there.

No Django is imported here, so the launcher is small and starts at once; everything that needs the product is a
child process with the same environment.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys

from monetization import knobs
from monetization.embedded import in_use
from monetization.launch import Stopped, child, embedded, environment, say, stop
from monetization.processes import NotStarted
from monetization.serve import demo, product


def manage(arguments: list[str]) -> int:
    """Run one of manage.py's commands; embedded servers are started unless ./run demo has them running."""
    values = knobs.read(os.environ)
    if in_use(values["VAR_DIR"]):
        return child(["manage.py", *arguments], environment(values))
    with embedded(values):
        return child(["manage.py", *arguments], environment(values))


def _apart(name: str) -> knobs.Values:
    """The same knobs over a folder of its own, so that a running demo isn't touched."""
    os.environ["VAR_DIR"] = str(knobs.read(os.environ)["VAR_DIR"] / name)
    return knobs.read(os.environ)


def test(arguments: list[str]) -> int:
    """Run pytest on embedded servers of its own."""
    values = _apart("test")
    if all(each.startswith("-") for each in arguments) and not {"-n", "--pdb"} & set(arguments):
        arguments = ["-n", "2", "--dist", "loadfile", *arguments]  # everything, in two processes
    with embedded(values, durable=False):
        return child(["-m", "pytest", *arguments], environment(values))


def soak(arguments: list[str]) -> int:
    """Run the tests with full samples and a new seed, and write the report docs/soak.md."""
    os.environ["SOAK"] = "1"
    return test([f"--hypothesis-seed={secrets.randbelow(2**32)}", *arguments])


def bench(arguments: list[str]) -> int:
    """Measure the served demo company, on servers and a port of its own: [--quick] [AREA]."""
    os.environ.setdefault("PORT", "8999")
    from benchmarks.pristine import restore

    values = _apart("bench")
    with product(values, prepared=lambda: restore(values)):
        return child(["-m", "benchmarks", *arguments], environment(values))


def check(arguments: list[str]) -> int:
    """Everything that needs no running test: style, layers, types, Django's own checks."""
    values = _apart("check")
    environ = environment(values, BASE_URL="https://billing.example.com", DEBUG="0", DEMO="0")
    checks = (
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        ["-m", "mypy"],
        ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        ["manage.py", "makemigrations", "--check", "--dry-run"],
    )
    failed = []
    with embedded(values, durable=False):
        for each in checks:
            name = " ".join(each) if each[0] != "-c" else "import-linter"
            say(f"== {name}")
            if child(each, environ):
                failed.append(name)
    say("check: " + ("failed: " + ", ".join(failed) if failed else "all passed"))
    return bool(failed)


COMMANDS = {"demo": demo, "test": test, "check": check, "bench": bench, "soak": soak, "manage": manage}


def main(arguments: list[str]) -> int:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except Stopped:
        say("\nStopped.")
        return 0 if arguments[0] == "demo" else 130
    except NotStarted as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    except knobs.Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
