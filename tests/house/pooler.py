"""A PgBouncer in transaction mode between a server and its Postgres, as many clusters have one."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.config import PROJECT
from app.web.processes import free_port
from tests.house.waits import until

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def block(language: str) -> str:
    """What docs/poolers.md says in it."""
    text = (PROJECT / "docs/poolers.md").read_text(encoding="utf-8")
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


@dataclass(slots=True)
class Pooler:
    """`url` leads through it, and `past` past it, both as the role of this name."""

    url: str
    past: str
    role: str
    port: int
    command: list[str]
    process: subprocess.Popen[bytes]

    def crash(self) -> None:
        """Every connection through it breaks; then it is there again."""
        self.process.kill()
        self.process.wait()
        self.process = _start(self.command, self.port)

    def settle(self) -> None:
        """The role has what its connections need, in the words of docs/poolers.md."""
        with psycopg.connect(self.past, autocommit=True) as conn:
            conn.execute(block("sql").replace("alter role networklab ", f"alter role {self.role} ").encode())
        self.ask("reconnect")

    def ask(self, what: str) -> None:
        """As its administrator, who may have it connect anew once the role has other settings."""
        with psycopg.connect(make_conninfo(self.url, dbname="pgbouncer"), autocommit=True) as conn:
            conn.pgconn.exec_(what.encode())


@contextmanager
def a_pooler(database: str) -> Iterator[Pooler]:
    """In front of this database, set as docs/poolers.md has it, with a role of its own that reaches all there is."""
    told, port, role = conninfo_to_dict(database), free_port(), f"pooled_{os.urandom(4).hex()}"
    with (
        psycopg.connect(database, autocommit=True) as conn,
        tempfile.TemporaryDirectory(prefix="networklab-pooler-") as name,
    ):
        Path(name).chmod(0o755)  # as root, whom PgBouncer refuses, it runs as the user whose Postgres it is
        settings = Path(name) / "pgbouncer.ini"
        leads = f"{told['dbname']} = host={told['host']} port={told.get('port', 5432)} user={role}"
        settings.write_text(
            block("ini").replace("networklab = host=db1 port=5432", leads)
            + f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            + f"auth_type = any\nadmin_users = {role}\n"
        )
        as_owner = ["-u", Path(str(told["host"])).owner()] if os.geteuid() == 0 else []
        command = [str(PROGRAM), "-q", *as_owner, str(settings)]
        conn.execute(f"create role {role} login superuser".encode())
        through = f"host=127.0.0.1 port={port} dbname={told['dbname']} user={role}"
        past = make_conninfo(database, user=role)
        pooler = Pooler(through, past, role, port, command, _start(command, port))
        try:
            yield pooler
        finally:
            pooler.process.kill()
            pooler.process.wait()
            conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [role])
            conn.execute(f"reassign owned by {role} to current_user; drop owned by {role}".encode())
            conn.execute(f"drop role {role}".encode())


def _start(command: list[str], port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command)

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    asyncio.run(until(answers, "a pooler that listens"))
    return process
