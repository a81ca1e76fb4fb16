"""A second Postgres that follows the first, and takes its place: to rehearse a failover on one machine."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.database.embedded import EmbeddedError, Postgres
from app.database.programs import kill_all

NAME = "standby"  # by which the primary knows it
SYNC_SECONDS = 30


class StandbyPostgres(Postgres):
    """Started as a copy of `primary`, which must run. From `keep_in_step` on no commit there returns before it is on
    the disk here too.

    As two machines would be, the two are independent once started: each has its own home, and stops by itself.
    """

    def __init__(self, home: Path, primary: Postgres) -> None:
        super().__init__(home)
        self.primary = primary

    @property
    def both(self) -> str:
        """One address for the two: whichever is the primary at the time."""
        hosts = [str(conninfo_to_dict(one.dsn)["host"]) for one in (self.primary, self)]
        return make_conninfo(self.primary.dsn, host=",".join(hosts), target_session_attrs="read-write")

    def keep_in_step(self) -> None:
        """Make it synchronous, and wait until it is. Commits wait for it from here on, also when it is gone."""
        self.primary_sets("synchronous_standby_names", f"FIRST 1 ({NAME})")
        deadline = time.monotonic() + SYNC_SECONDS
        while self.state() != "sync":
            if time.monotonic() > deadline:
                raise EmbeddedError(f"The standby is not in step after {SYNC_SECONDS} s; see {self._log}.")
            time.sleep(0.02)

    def state(self) -> str | None:
        """What the primary says of it: sync, async, or None while it does not follow."""
        with psycopg.connect(self.primary.dsn, connect_timeout=5, autocommit=True) as conn:
            found = conn.execute(
                "select sync_state from pg_stat_replication where application_name = %s and state = 'streaming'",
                [NAME],
            ).fetchone()
        return found[0] if found else None

    def release_primary(self) -> None:
        """Let the primary commit alone: after this, what it acknowledges is on one disk only."""
        self.primary_sets("synchronous_standby_names", "")

    def primary_sets(self, name: str, setting: str) -> None:
        with psycopg.connect(self.primary.dsn, connect_timeout=5, autocommit=True) as conn:
            # Waits for no standby: it writes a file, not the log.
            conn.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), setting))
            conn.execute("select pg_reload_conf()")

    def promote(self) -> None:
        """Returns when it takes writes."""
        self._programs.run("pg_ctl", "promote", "-D", self.data, "-w", "-t", SYNC_SECONDS)

    def _initialise(self) -> None:
        """Instead of an empty cluster: a copy of the primary, and where to follow it from."""
        if self.data.exists():
            return
        new = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        source = make_conninfo(self.primary.dsn, dbname="", application_name=NAME)
        self._programs.run(
            *(
                "pg_basebackup",
                "--dbname",
                source,
                "--pgdata",
                new,
                "--checkpoint=fast",
                "--write-recovery-conf",
            ),
            *("--create-slot", "--slot", NAME),
        )
        new.rename(self.data)


def kill_machine(postgres: Postgres) -> None:
    """As if its machine lost power: every process of the server is killed. Returns when none is left."""
    # The postmaster first, or it would start its children again.
    kill_all(lambda: sorted(postgres.processes(), key=lambda pid: pid != postgres.pid), str(postgres.data))
