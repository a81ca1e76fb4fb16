"""A Postgres of one's own: found, initialised, started and shared by every process that uses the same home.

Each user holds a shared lock on a file in the home for as long as it uses the server, and the kernel drops
that lock however the user ends. So whoever releases last can tell, and stops the server; a server that a
killed user left running is adopted by the next one.
"""

import fcntl
import glob
import hashlib
import logging
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg.conninfo import make_conninfo

from app.database.programs import EmbeddedError as EmbeddedError
from app.database.programs import Programs, kill_all, reason
from app.database.roles import SERVER, SUPERUSER, hand_over

log = logging.getLogger(__name__)

NAME = "networklab"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    # A burst of 100,000 writes should not meet a checkpoint.
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Crash recovery of a full max_wal_size on a slow disk is the longest start.
START_SECONDS = 300
STOP_SECONDS = 60
LARGEST_LOG = 16 * 2**20
HAS_PROC = Path("/proc/self/cmdline").exists()


class Postgres:
    """The server of one home. `bin`, `data`, `dsn` and `served` are known once it has started."""

    bin: Path
    data: Path
    dsn: str  # as its superuser
    served: str  # as the role that the server's own work is done by

    def __init__(self, home: Path, settings: Mapping[str, str] = {}) -> None:
        self.home = home.absolute()
        self.settings = SETTINGS | dict(settings)
        self._programs = Programs(self.home / "postgres")
        self._use: IO[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def pid(self) -> int | None:
        """The postmaster's, or None when none runs on this data folder."""
        with suppress(OSError, ValueError):
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            # After a crash and a restart of the machine the number may be another program's.
            if pid in self.processes() or (not HAS_PROC and _exists(pid)):
                return pid
        return None

    def start(self) -> str:
        """Starts the server or joins the one that runs. Returns the conninfo of its database."""
        try:
            with self._turn():
                self._settle()
                if self._use is None:
                    self._use = (self.home / "postgres.users").open("a")
                    fcntl.flock(self._use, fcntl.LOCK_SH)
                try:
                    self._run()
                    self._create_database()
                except BaseException:
                    self._leave()
                    raise
        except OSError as error:
            raise EmbeddedError(f"{error.filename or self.home}: {error.strerror}.") from error
        except psycopg.OperationalError as error:
            raise EmbeddedError(f"Postgres ended while it started; see {self._log}.") from error
        return self.dsn

    def release(self) -> None:
        """Ends this use; stops the server if nobody else uses it."""
        if self._use is None:
            return
        with self._turn():
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._halt()
            except BlockingIOError:
                pass
            finally:
                self._leave()

    def stop(self) -> None:
        """Stops the server, whoever else uses it."""
        with self._turn():
            self._settle()
            try:
                self._halt()
            finally:
                self._leave()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "postgres.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def _leave(self) -> None:
        if self._use is not None:
            self._use.close()
            self._use = None

    def _settle(self) -> None:
        """Finds the binaries and the folders, and makes the folders the server's."""
        folder = self._folder()
        self.bin = self._programs.settle(folder)
        version = self._programs.run("postgres", "--version")
        major = int(re.search(r"(\d+)", version).group(1))  # type: ignore[union-attr]
        self.data = folder / f"data{major}"
        others = [found.name for found in folder.glob("data*[0-9]") if found != self.data]
        if others and not self.data.exists():
            log.warning("%s stays as it is: Postgres %d can't open it.", folder / others[0], major)

        short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        self._title = f"{NAME}-{short}"
        self._socket = folder / "run"
        # The kernel takes about 100 bytes, and libpq takes a comma for a list of hosts.
        if len(os.fsencode(self._socket / ".s.PGSQL.5432")) > 100 or "," in str(self._socket):
            # Not TMPDIR, which may differ among those who share the server.
            self._socket = Path("/tmp", self._title)
        self._own(self._socket)
        self._log = folder / "server.log"
        self.dsn = make_conninfo(host=str(self._socket), user=SUPERUSER, dbname=NAME)
        self.served = make_conninfo(self.dsn, user=SERVER)

    def _folder(self) -> Path:
        """home/postgres, or a link from there: the server's user can't go into root's own folders."""
        folder = self.home / "postgres"
        if not folder.exists():
            folder.unlink(missing_ok=True)
            if self._programs.may_enter(self.home):
                folder.mkdir(mode=0o700)
            else:
                elsewhere = Path("/var/lib") / NAME
                elsewhere.mkdir(exist_ok=True)
                elsewhere.chmod(0o755)
                folder.symlink_to(tempfile.mkdtemp(prefix=f"{self.home.name.lstrip('.')}-", dir=elsewhere))
        folder = folder.resolve()
        self._own(folder)
        return folder

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), self._programs.uid):
            raise EmbeddedError(f"{folder} belongs to somebody else.")
        self._programs.hand_over(folder)
        folder.chmod(0o700)

    def _run(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.pid is None:
                self._clear_wreck()
                self._initialise()
                self._launch()
            elif time.monotonic() > deadline:
                raise EmbeddedError(f"Postgres runs on {self.data} but gives no answer; see {self._log}.")
            else:
                # On its way up or down, left there by a process that was killed.
                time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with self._connect() as connection:
                row = connection.execute("show data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]) == self.data

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn, dbname="postgres", connect_timeout=5, autocommit=True)

    def _clear_wreck(self) -> None:
        """After a kill -9 of the postmaster its children may linger, and Postgres won't start beside them."""
        kill_all(self.processes, "an earlier Postgres")
        if HAS_PROC:
            # Their number may belong to another process by now, or to a dead one that nobody has waited for.
            for stale in (self.data / "postmaster.pid", *self._socket.glob(".s.PGSQL.*")):
                stale.unlink(missing_ok=True)

    def processes(self) -> list[int]:
        """The server's, by what /proc shows to everybody: root in a container may not ask for more."""
        found = []
        for file in glob.iglob("/proc/[0-9]*/cmdline"):
            with suppress(OSError):
                program, *arguments = Path(file).read_bytes().decode(errors="replace").split("\0")
                # A child carries the postmaster's command line until it has its title.
                child = program.startswith(f"postgres: {self._title}: ")
                if child or (program.endswith("/postgres") and str(self.data) in arguments):
                    found.append(int(file.split("/")[2]))
        return found

    def _initialise(self) -> None:
        if self.data.exists():
            return
        new = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        # The system's own locales change under an index when the machine is upgraded.
        builtin = int(self.data.name.removeprefix("data")) >= 17
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else []
        common = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C")
        self._programs.run("initdb", "-D", new, *common, *locale)
        new.rename(self.data)

    def _launch(self) -> None:
        settings = {"unix_socket_directories": f'"{self._socket}"', "cluster_name": self._title}
        if any(self.bin.parent.glob("lib/**/pg_stat_statements.*")):
            settings["shared_preload_libraries"] = "pg_stat_statements"
        settings |= self.settings
        options = shlex.join(f"-c{name}={value}" for name, value in settings.items())
        if self._log.exists() and self._log.stat().st_size > LARGEST_LOG:
            self._log.rename(self._log.with_suffix(".log.old"))
        start = self._log.stat().st_size if self._log.exists() else 0
        try:
            self._programs.run(
                "pg_ctl", "start", "-D", self.data, "-l", self._log, "-w", "-t", START_SECONDS, "-o", options
            )
        except EmbeddedError:
            with self._log.open(errors="replace") as lines:
                lines.seek(start)
                why = reason(lines.read())
            raise EmbeddedError(f"Postgres did not start: {why} (see {self._log})") from None

    def _halt(self) -> None:
        if self.pid is None:
            return
        try:
            self._programs.run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w", "-t", STOP_SECONDS)
        except EmbeddedError:
            # It may have been killed meanwhile.
            if self.pid is not None:
                raise
        if not self._socket.is_relative_to(self.data.parent):
            with suppress(OSError):
                self._socket.rmdir()

    def _create_database(self) -> None:
        with self._connect() as connection:
            if not (self.data / "standby.signal").exists():
                _await_recovery(connection)
            found = connection.execute("select from pg_database where datname = %s", [NAME]).fetchone()
            if found is None:
                connection.execute(f"create database {NAME}")
        with psycopg.connect(self.dsn, connect_timeout=5, autocommit=True) as connection:
            hand_over(connection)


def _await_recovery(connection: psycopg.Connection) -> None:
    """A backup that goes on by archived WAL answers while it reads that, and can't be written to."""
    told = False
    while connection.execute("select pg_is_in_recovery()").fetchone() == (True,):
        if not told:
            log.warning("Postgres reads archived WAL. It takes writes once it has come to the end of that.")
        told = True
        time.sleep(0.1)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
