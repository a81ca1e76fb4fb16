"""A session in one of two databases, what is known of it wherever it is, and somebody who moves it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from app.config import PROJECT
from app.database.carried_rows import CarriedTable, carried_tables
from app.database.clusters import be_named
from app.database.connections import connect
from app.sessions.actions import ACTIONS
from tests.house.clusters import Clusters
from tests.house.house import House
from tests.house.lively import a_lively_session
from tests.house.shell import Shell

PATIENCE = 180.0  # seconds
MARKED = "select count(*) from transfer where done_at is null"
# What is locked for whoever writes, where, and what has come of the transfer when it is killed over that.
MOMENTS = {
    "as nothing has been copied": ("east", "lock table session in share mode", "main"),
    "as some tables have been copied": ("east", "lock table record in share mode", "main"),
    "as all but one have been copied": ("east", "lock table security_event in share mode", "main"),
    "as rows go where they were": ("main", "select from record order by id limit 1 for update", "east"),
}


def name_both(clusters: Clusters) -> None:
    for name, house in clusters.houses.items():
        house.do(lambda conn, name=name: be_named(conn, name, [*clusters.houses]))  # type: ignore[misc]


def a_closed_session(house: House) -> str:
    """In which much has happened."""
    lively, _ = a_lively_session(house)
    house.do(lambda conn: ACTIONS["close"](conn, lively.session_id, "ada"))
    return lively.session_id


class Mover:
    """Types commands for both databases."""

    def __init__(self, clusters: Clusters) -> None:
        self.clusters, self.shell = clusters, Shell(clusters.main, clusters.main.folder)

    def type(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.shell.type(*words, **self.clusters.environ)

    def moves(self, session: str, to: str) -> dict[str, Any]:
        ended = self.type("transfer", session, "--to", to, "--json")
        assert ended.returncode == 0, ended.stderr
        told: dict[str, Any] = json.loads(ended.stdout)
        return told

    def begins(self, session: str, to: str) -> subprocess.Popen[bytes]:
        """In a process of its own, that can be killed."""
        environ = self.shell.environ | self.clusters.environ
        words = [sys.executable, "-m", "app", "transfer", session, "--to", to]
        return subprocess.Popen(words, env=environ, cwd=PROJECT, stderr=subprocess.PIPE)

    def known_of(self, session: str) -> dict[str, Any]:
        """Tables and files that are exported, byte by byte, and what `verify` and its seal say, wherever it is."""
        archive = self.shell.folder / f"{time.monotonic_ns()}.zip"
        assert self.type("export", session, "--to", archive).returncode == 0
        with zipfile.ZipFile(archive) as opened:
            files: dict[str, Any] = {name: opened.read(name) for name in opened.namelist()}
        manifest = json.loads(files["manifest.json"])
        del manifest["exported"]  # when it was, as the files of SPSS and Stata say, too
        files = {name: body for name, body in files.items() if not name.startswith("labelled/")}
        manifest["files"] = {name: said for name, said in manifest["files"].items() if name in files}
        files["manifest.json"] = manifest
        verified, sealed = (
            self.type("verify", session, "--json"),
            self.type("seal", session, "--check", "--json"),
        )
        assert verified.returncode == sealed.returncode == 0, (verified.stdout, sealed.stderr)
        return {"files": files, "verify": json.loads(verified.stdout), "seal": json.loads(sealed.stdout)}

    def rows_in(self, name: str, session: str) -> dict[str, int]:
        """How many rows of it each table has there, those of the session's own that have any."""
        with psycopg.connect(self.clusters.houses[name].database) as conn:
            counted = {
                table.name: conn.execute(
                    SQL("select count(*) from {} where {}").format(
                        Identifier(table.name), table.of([session])
                    )
                ).fetchone()
                for table in self.tables()
            }
        return {table: line[0] for table, line in counted.items() if line and line[0]}

    def tables(self) -> list[CarriedTable]:
        async def read() -> list[CarriedTable]:
            conn = await connect(self.clusters.main.database, "story")
            try:
                return await carried_tables(conn)
            finally:
                await conn.close()

        return asyncio.run(read())

    def listed(self) -> list[str]:
        return [one["session"] for one in json.loads(self.type("sessions", "--json").stdout)]


@contextmanager
def held(house: House, lock: str) -> Iterator[Callable[[], bool]]:
    """Another transaction has locked this, and says whether somebody waits for it."""
    with psycopg.connect(house.database) as conn, psycopg.connect(house.database, autocommit=True) as other:
        conn.execute(lock.encode())
        [me] = conn.execute("select pg_backend_pid()").fetchone() or (0,)

        def waited_for() -> bool:
            found = other.execute(
                "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))", [me]
            ).fetchone()
            return bool(found and found[0])

        yield waited_for


def killed_when(process: subprocess.Popen[bytes], is_so: Callable[[], bool]) -> None:
    """By `kill -9`, as soon as that is so."""
    until_so(process, is_so)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def until_so(process: subprocess.Popen[bytes], is_so: Callable[[], bool]) -> None:
    """Which it must become before the process ends by itself."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)  # between two looks at another process


def is_whole_in(mover: Mover, session: str, name: str, rows: dict[str, int]) -> None:
    [other] = {"main", "east"} - {name}
    assert mover.rows_in(name, session) == rows
    assert mover.rows_in(other, session) == {}
    assert mover.listed() == [session]
