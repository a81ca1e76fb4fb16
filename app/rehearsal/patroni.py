"""Two Postgres that Patroni looks after, with the etcd that it asks: to rehearse how a cluster fails over by itself.

Each is a machine of its own as far as one machine has such: by root, in a network namespace behind a bridge, so that it
can be cut off; else processes beside each other. Patroni, etcd and, by root, `ip` and `nsenter` are the system's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from app.database.embedded import EmbeddedError
from app.database.programs import Programs, kill_all
from app.rehearsal.hosts import NETWORK, as_user, cut_off, host
from app.rehearsal.own_world import small_disk
from app.rehearsal.patroni_settings import patroni_settings
from app.rehearsal.programs import descendants
from app.web.processes import free_port

T = TypeVar("T")
NEEDED = ("patroni", "etcd")
OLDEST = 4  # version of Patroni
OURS_ONLY = ("ETCD", "PATRONI", "PG", "PYTHON")  # settings of somebody else's, which would come before ours
DISK = 2**30  # bytes of each machine
UP_SECONDS, ASK_SECONDS = 300.0, 2.0
NAME = "networklab"  # of the cluster, its database and its role


@dataclass(slots=True)
class Machine:
    """One of the two: a Patroni, and the Postgres that it has started."""

    name: str
    folder: Path
    address: str
    rest: int  # Patroni's port
    port: int  # Postgres's
    within: list[str]  # what a command begins with, to run there
    patroni: subprocess.Popen[bytes] | None = None
    frozen: list[int] = field(default_factory=list)

    @property
    def postmaster(self) -> int | None:
        with suppress(OSError, ValueError):
            return int((self.folder / "data/postmaster.pid").read_text().split("\n", 1)[0])
        return None

    def processes(self) -> list[int]:
        """Patroni, the postmaster, and all that they have started; the parents first."""
        return descendants(self.patroni.pid if self.patroni else None, self.postmaster)

    def asked(self, path: str, body: dict[str, str] | None = None) -> Any:
        """What Patroni answers there; None where it gives no answer."""
        request = urllib.request.Request(
            f"http://{self.address}:{self.rest}{path}",
            json.dumps(body).encode() if body else None,
            {"Content-Type": "application/json"},
        )
        with (
            suppress(OSError, ValueError),
            urllib.request.urlopen(request, timeout=ASK_SECONDS if body is None else 60) as answer,
        ):
            return json.load(answer) if body is None else answer.status
        return None


class PatroniCluster:
    """Entered, it is up: a primary, and a standby that commits wait for. `url` leads to whichever is the primary."""

    def __init__(self, home: Path, here: str | None, first: int = 1) -> None:
        """`home`: an empty folder that others may enter. `here`: our own address at the bridge to which machines with
        networks of their own are tied; None: they have none. `first`: the number of its first machine, of several
        clusters.
        """
        missing = [name for name in NEEDED if not shutil.which(name)]
        if missing:
            raise EmbeddedError(
                f"There is no {' and no '.join(missing)} here. Patroni is `pip install 'patroni[etcd3,psycopg3]'`,"
                " where the user postgres may run it; etcd is Debian’s and Ubuntu’s package etcd-server."
            )
        self.home, self.first = home, first
        self.networks, self._here = here is not None, here or "127.0.0.1"
        self.programs = Programs(home)
        self.machines: list[Machine] = []
        self.small_disks = True  # each machine has a disk of its own that can be filled up
        self.witnesses: list[subprocess.Popen[bytes] | None] = [None, None, None]
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        hosts, ports = (
            ",".join(str(getattr(one, name)) for one in self.machines) for name in ("address", "port")
        )
        return f"host={hosts} port={ports} user={NAME} dbname={NAME} target_session_attrs=read-write"

    def __enter__(self) -> PatroniCluster:
        try:
            self._bin = self.programs.settle(self.home)
            self._check_version()
            self._own(self.home)
            self._ports = [(free_port(), free_port()) for _ in self.witnesses]
            for nth in range(len(self.witnesses)):
                self.start_witness(nth)
            for number in (self.first, self.first + 1):
                self.machines.append(self._machine(number))
            self.start(self.machines[0])
            self.until_led_by(self.machines[0])
            self._make_database()
            self.start(self.machines[1])
            self.until_whole()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for machine in self.machines:
            with suppress(EmbeddedError):
                self.kill(machine)
        for nth in range(len(self.witnesses)):
            self.stop_witness(nth)
        self._stack.close()

    # What one asks it

    def roles(self) -> dict[str, str]:
        """By name, as whichever Patroni answers sees them: leader, sync_standby, replica. Only who runs."""
        for machine in self.machines:
            found = machine.asked("/cluster")
            if found:
                there = [one for one in found["members"] if one["state"] in ("running", "streaming")]
                return {one["name"]: one["role"] for one in there}
        return {}

    def primary(self) -> Machine:
        """The one that leads now. Raises EmbeddedError where none does for long."""
        found = self._until(self._leader, "a primary")
        assert found is not None
        return found

    def other(self, machine: Machine) -> Machine:
        [other] = [one for one in self.machines if one is not machine]
        return other

    def until_whole(self) -> None:
        """A primary that takes writes, and a standby in step with it, which would take over if it were lost now.

        What etcd has of both may be of before: a primary that leads again after etcd was away asks for its standby
        anew, and until then nobody but itself may lead. One that was cut off may be some of its log ahead of the new
        primary, and follows it once that has got there: where nobody writes anything, never.
        """

        def in_step() -> bool:
            try:
                with psycopg.connect(self.url, connect_timeout=2, autocommit=True) as conn:
                    # As much of the log as whoever was cut off may be ahead of it by.
                    conn.execute("select pg_logical_emit_message(false, 'drill', repeat('x', 4000000))")
            except psycopg.Error:
                return False
            return sorted(self.roles().values()) == ["leader", "sync_standby"]

        self._until(in_step, "a standby in step", pause=2.0)

    def until_led_by(self, machine: Machine) -> None:
        self._until(lambda: self._leader() is machine, f"{machine.name} as primary")

    def until_alone(self) -> None:
        """Patroni lets the primary commit without its standby."""
        self._until(lambda: self._says("show synchronous_standby_names") == "", "a primary that is alone")

    def until_nobody_leads(self) -> None:
        """Nobody takes writes."""
        self._until(lambda: self._says("select 1") is None, "the primary to step back")

    # What happens to it

    def start(self, machine: Machine) -> None:
        machine.patroni = self._patroni(machine)

    def kill(self, machine: Machine) -> None:
        """As a machine that loses power."""
        kill_all(machine.processes, str(machine.folder))
        if machine.patroni:
            machine.patroni.wait()
        machine.patroni, machine.frozen = None, []

    def freeze(self, machine: Machine) -> None:
        machine.frozen = machine.processes()
        self._signal(machine.frozen, signal.SIGSTOP)

    def thaw(self, machine: Machine) -> None:
        self._signal(machine.frozen, signal.SIGCONT)
        machine.frozen = []

    def cut_off(self, machine: Machine, cut: bool = True) -> None:
        """It goes on, and nobody reaches it, nor it anybody."""
        cut_off(machine.name, cut)

    def switch_over(self) -> None:
        """As an administrator asks for it."""
        leader = self.primary()
        leader.asked("/switchover", {"leader": leader.name, "candidate": self.other(leader).name})

    def start_witness(self, nth: int) -> None:
        """An etcd; two of the three have to agree."""
        client, peer = self._ports[nth]
        members = ",".join(f"w{n}=http://{self._here}:{port}" for n, (_, port) in enumerate(self._ports))
        self.witnesses[nth] = self._begin(
            [
                *("etcd", "--name", f"w{nth}", "--data-dir", str(self.home / f"w{nth}")),
                *("--listen-client-urls", f"http://{self._here}:{client}"),
                *("--advertise-client-urls", f"http://{self._here}:{client}"),
                *("--listen-peer-urls", f"http://{self._here}:{peer}"),
                *("--initial-advertise-peer-urls", f"http://{self._here}:{peer}"),
                *("--initial-cluster", members),
            ],
            self.home / f"w{nth}.log",
        )

    def stop_witness(self, nth: int) -> None:
        if witness := self.witnesses[nth]:
            witness.kill()
            witness.wait()
            self.witnesses[nth] = None

    # How it is made

    def _last_words(self) -> str:
        logs = [self.home / f"{machine.name}.log" for machine in self.machines]
        lines = [log.read_text(errors="replace").strip().rpartition("\n")[2] for log in logs if log.exists()]
        return " · ".join(lines) or "nothing"

    def _check_version(self) -> None:
        """Patroni 3, as Debian 12 has it, does not rewind a Postgres that is newer than itself."""
        said = self.programs.run(str(shutil.which("patroni")), "--version").split()[-1]
        if int(said.partition(".")[0]) < OLDEST:
            raise EmbeddedError(
                f"This is Patroni {said}, which does not know this Postgres: `pip install 'patroni[etcd3,psycopg3]'`,"
                " where the user postgres may run it, brings a newer one."
            )

    def _machine(self, number: int) -> Machine:
        name = f"db{number}"
        folder = self.home / name
        folder.mkdir()
        self.small_disks &= self._stack.enter_context(small_disk(folder, DISK))
        self._own(folder)
        if not self.networks:
            return Machine(name, folder, self._here, free_port(), free_port(), [])
        address = f"{NETWORK}.{10 + number}"
        within = self._stack.enter_context(host(name, address))
        return Machine(name, folder, address, 8008, 5432, within)

    def _patroni(self, machine: Machine) -> subprocess.Popen[bytes]:
        settings = machine.folder / "patroni.json"
        hosts = [f"{self._here}:{client}" for client, _ in self._ports]
        rest, postgres = (f"{machine.address}:{port}" for port in (machine.rest, machine.port))
        said = patroni_settings(NAME, machine.name, machine.folder, rest, postgres, hosts, self._bin)
        settings.write_text(json.dumps(said))  # which is YAML, too
        return self._begin([*machine.within, "patroni", str(settings)], self.home / f"{machine.name}.log")

    def _make_database(self) -> None:
        [machine] = [one for one in self.machines if one.patroni]
        dsn = f"host={machine.address} port={machine.port} user=postgres dbname=postgres"
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(f"create role {NAME} login")
            conn.execute(f"grant pg_monitor to {NAME}")
            conn.execute(f"create database {NAME} owner {NAME}")

    def _says(self, question: str) -> Any:
        """What whoever takes writes answers; None where nobody does."""
        with (
            suppress(psycopg.Error),
            psycopg.connect(self.url, connect_timeout=2, autocommit=True) as conn,
        ):
            [found] = conn.execute(question.encode()).fetchone() or [None]
            return found
        return None

    def _leader(self) -> Machine | None:
        roles = self.roles()
        return next((one for one in self.machines if roles.get(one.name) == "leader"), None)

    def _begin(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """As the user whom Postgres accepts, also from within another network, which only root may enter."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS_ONLY)}
        user = [] if self.programs.uid == os.geteuid() else as_user(self.programs.uid)
        entering = list(command[:2]) if command[0] == "nsenter" else []
        with log.open("ab") as written:
            return subprocess.Popen(
                [*entering, *user, *command[len(entering) :]],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                cwd=self.home,
                env=environ | {"HOME": str(self.home), "LC_ALL": "C"},
                start_new_session=True,
            )

    def _own(self, folder: Path) -> None:
        self.programs.hand_over(folder)
        folder.chmod(0o755 if folder == self.home else 0o700)

    def _signal(self, pids: Sequence[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _until(self, there: Callable[[], T], what: str, pause: float = 0.2) -> T:
        deadline = time.monotonic() + UP_SECONDS
        while not (found := there()):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Patroni has not brought {what} within {UP_SECONDS:.0f} s. It said last: {self._last_words()}"
                )
            time.sleep(pause)
        return found
