"""Stories of backups: made while people write, put back where there is nothing; half and damaged ones are refused."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app.config import PROJECT
from app.database.backups import DUMP, MANIFEST, a_second_of_its_own, named
from app.database.embedded import Postgres
from app.database.programs import EmbeddedError, Programs, client_programs, run_client
from app.database.running import migrate_at
from app.rehearsal.standby import kill_machine
from tests.house.burst import BURST, Writer, a_burst, everyone_has_written
from tests.house.database import SMALL, a_database, a_home, an_empty_database
from tests.house.house import House, Opened
from tests.house.shell import Shell, is_refused
from tests.house.waits import apart, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file system")

TRIES = 5  # backups, of which people write in one at least


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup of a house in which people wrote meanwhile, and the receipts that they had when it began."""

    house: House
    session: Opened
    folder: Path
    told: str
    before: list[tuple[str, str]]  # receipt, what was said

    @property
    def backup(self) -> Path:
        [backup] = self.folder.iterdir()
        return backup


@pytest.fixture(scope="module")
def kept(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with a_database(postgres) as url:
        place = tmp_path_factory.mktemp("kept")
        house = House(url, place)
        try:
            yield apart(lambda: written_under_load(house, place))
        finally:
            house.leave()


def written_under_load(house: House, place: Path) -> Kept:
    """A busy machine may be through with a backup before it has let anybody write: then there is another."""
    session, shell = house.open(BURST), Shell(house, house.folder)
    server = house.serve()

    async def story() -> Kept:
        async with a_burst(house, session, server) as writers:
            for nth in range(TRIES):
                before = [(receipt, said) for writer in writers for receipt, said, _ in writer.receipts]
                folder = place / f"backups{nth}"
                made = await asyncio.to_thread(shell.type, "backup", folder)
                assert made.returncode == 0, made.stderr
                if sum(len(writer.receipts) for writer in writers) > len(before) + len(writers):
                    break
                await everyone_has_written(writers, 1)
            else:
                raise AssertionError(f"they stood still in {TRIES} backups")
            await everyone_has_written(writers, 1)
        return Kept(house, session, folder, made.stdout, before)

    return house.tell(story())


def shell_at(url: str, folder: Path) -> Shell:
    return Shell(House(url, folder), folder)


def receipts_in(house: House) -> set[tuple[str, str]]:
    return {
        (f"{','.join(map(str, ids))}:{digest}", said)
        for ids, digest, said in house.sql(
            """select array_agg(id order by id),
                encode(sha256(convert_to(string_agg(
                    id || E'\\t' || field || E'\\t' || value || E'\\n', '' order by id), 'UTF8')), 'hex'),
                max(value) filter (where field = 'why')
            from record group by form"""
        )
    }


def test_a_backup_made_while_people_write_has_every_receipt_from_before_and_counts_right_elsewhere(
    kept: Kept, postgres: Postgres, tmp_path: Path
) -> None:
    assert kept.told.startswith(f"Backed up to {kept.backup}: 1 sessions, 4 people, "), kept.told
    with an_empty_database(postgres) as url:
        there = shell_at(url, tmp_path)
        restored = there.type("restore", kept.folder)
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert "Each was counted again: acknowledged = stored = exported." in restored.stdout
        assert kept.before and set(kept.before) <= receipts_in(there.house)
        assert there.house.contradictions(kept.session) == []
        key = "select key from secret"  # so links, cookies and form keys of before are taken there
        assert there.house.sql(key) == kept.house.sql(key)
        again = is_refused(there.type("restore", kept.backup))
        assert "not empty: there are rows in" in again


def test_half_and_damaged_backups_are_refused_in_a_sentence(
    kept: Kept, postgres: Postgres, tmp_path: Path
) -> None:
    def changed(name: str, change: Callable[[Path], object]) -> Path:
        copy = tmp_path / name
        shutil.copytree(kept.backup, copy)
        change(copy)
        return copy

    def told(backup: Path, **other: object) -> None:
        manifest = json.loads((backup / MANIFEST).read_text())
        (backup / MANIFEST).write_text(json.dumps(manifest | other))

    def flip(backup: Path) -> None:
        dump = bytearray((backup / DUMP).read_bytes())
        dump[len(dump) // 2] ^= 1
        (backup / DUMP).write_bytes(dump)

    refused = {
        tmp_path / "nowhere": "There is no folder",
        tmp_path: "There is no whole backup in",
        changed("half", lambda it: (it / MANIFEST).unlink()): "is half a backup: it was not finished",
        changed("cut", lambda it: os.truncate(it / DUMP, 1000)): r"has 1,000 bytes, and had",
        changed("flipped", flip): "is not what was written",
        changed("gone", lambda it: (it / DUMP).unlink()): "can't be read: No such file",
        changed("garbled", lambda it: (it / MANIFEST).write_text("{")): "its manifest can't be read",
        changed(
            "lacking", lambda it: (it / MANIFEST).write_text('{"format": 1}')
        ): "its manifest lacks something",
        changed("newer", lambda it: told(it, schema="9999_later")): "was made by a newer NetworkLab",
        changed("other", lambda it: told(it, format=2)): "was made by another version",
    }
    with an_empty_database(postgres) as url:
        there = shell_at(url, tmp_path)
        lines: list[tuple[list[str], dict[str, str]]] = [(["restore", str(one)], {}) for one in refused]
        for sentence, ended in zip(refused.values(), there.type_all(lines), strict=True):
            assert sentence in is_refused(ended)
        tables = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
        assert there.house.sql(tables) == [(0,)]
        whole = there.type("restore", "--check", kept.folder)
        assert whole.returncode == 0 and "is whole: of 20" in whole.stdout, whole.stderr
        # What is not ours is never in the way of a restore without being named, nor lost by it.
        there.house.sql("create table somebodys (x integer)")
        assert "it has public.somebodys" in is_refused(there.type("restore", kept.backup))
        there.house.sql("drop table somebodys")
        there.house.sql("create function somebodys_sum() returns integer language sql return 4")
        assert "it has public.somebodys_sum" in is_refused(there.type("restore", kept.backup))
        assert there.house.sql("select somebodys_sum()") == [(4,)]
        assert "nothing of NetworkLab" in is_refused(there.type("backup", tmp_path / "backups"))
        assert list((tmp_path / "backups").iterdir()) == []


def test_a_migrated_database_that_nobody_has_used_takes_a_backup_once_its_server_is_stopped(
    kept: Kept, database: str, tmp_path: Path
) -> None:
    there = shell_at(database, tmp_path)
    with psycopg.connect(database, application_name="networklab pages"):
        assert "Stop it first" in is_refused(there.type("restore", kept.backup))
    for kind in (
        "table somebodys (x integer)",
        "type somebodys as enum ('x')",
        "view answers as select 4",  # a word of ours, and nothing that we create
        "function room() returns integer language sql return 4",  # as a table of ours is called
    ):  # empty, and still somebody's
        what, name = re.findall(r"\w+", kind)[:2]
        there.house.sql(f"create {kind}")
        assert f"it has public.{name}." in is_refused(there.type("restore", kept.backup))
        there.house.sql(f"drop {what} {name}")
    restored = there.type("restore", kept.backup, "--json")
    assert restored.returncode == 0, restored.stderr
    [verdict] = json.loads(restored.stdout)
    assert verdict["ok"] and verdict["session_id"] == kept.session.id


def test_a_backup_that_can_not_be_written_leaves_nothing_behind(kept: Kept, tmp_path: Path) -> None:
    shell, folder = Shell(kept.house, tmp_path), tmp_path / "backups"
    (tmp_path / "file").write_text("")
    assert "can't be written to" in is_refused(shell.type("backup", tmp_path / "file"))
    (folder / "networklab-2026-01-01T00-00-00Z.part").mkdir(parents=True)
    with_hand = os.open(folder, os.O_RDONLY)
    fcntl.flock(with_hand, fcntl.LOCK_EX)
    assert "Another backup is being made" in is_refused(shell.type("backup", folder))
    os.close(with_hand)
    for name in ("networklab-2026-01-01T00-00-00Z", "networklab-2026-01-02T00-00-00Z"):
        shutil.copytree(kept.backup, folder / name)
    made = shell.type("backup", folder, "--keep", "2")
    assert made.returncode == 0 and "Deleted: 1 older." in made.stdout, made.stderr
    names = sorted(found.name for found in folder.iterdir())
    assert names[0] == "networklab-2026-01-02T00-00-00Z" and names[1].endswith("Z") and len(names) == 2
    assert stat.S_IMODE((folder / names[1] / DUMP).stat().st_mode) == 0o600


def test_no_secret_of_a_databases_address_stands_among_what_a_program_is_called_with(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_conninfo(database, password="the word", sslpassword="of the key")
    listing = tmp_path / "listing"
    listing.write_text(
        '#!/bin/sh\necho "$@"; echo "--"; echo "$PGPASSWORD"; cat "$PGSERVICEFILE"; stat -c %a "$PGSERVICEFILE"\n'
    )
    listing.chmod(0o700)
    called, _, kept = asyncio.run(run_client(listing, "--list", url=url)).partition("--\n")
    assert "the word" not in called and "of the key" not in called and "--list" in called
    assert kept == "the word\n[networklab]\nsslpassword=of the key\n600\n"
    with psycopg.connect(database) as conn:
        server = conn.info.server_version // 10_000
    pg_dump = client_programs("pg_dump", lambda version: version >= server)
    assert pg_dump
    real = asyncio.run(run_client(pg_dump.path, "--schema-only", "--table=migration", url=url))
    assert "CREATE TABLE public.migration" in real
    with pytest.raises(EmbeddedError, match="Put sslpassword into the service file"):
        asyncio.run(run_client(pg_dump.path, url=make_conninfo("service=lab", sslpassword="of the key")))
    monkeypatch.setattr(
        "tempfile.tempdir", str(tmp_path / "nowhere")
    )  # no file is written for what has no secret
    open_to_all = make_conninfo(database, password="the word")
    assert "CREATE TABLE" in asyncio.run(
        run_client(pg_dump.path, "--schema-only", "--table=migration", url=open_to_all)
    )


@as_root
def test_a_full_disk_ends_a_backup_with_a_sentence(kept: Kept, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", small], check=True)
    try:
        said = is_refused(Shell(kept.house, tmp_path).type("backup", small))
        assert "No space left on device" in said and list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


class Machine:
    """A Postgres of one's own, and whoever types the manual's commands as its user."""

    def __init__(self, home: Path, backups: Path) -> None:
        self.postgres, self.backups, self.home = Postgres(home, SMALL), backups, home
        self.programs = Programs(home / "postgres")
        (home / "postgres").mkdir(parents=True)
        self.programs.hand_over(home / "postgres")
        self.folder = self.programs.settle(home / "postgres")

    def types(self, commands: str) -> None:
        version = self.programs.run("postgres", "--version")
        data = self.home / "postgres" / f"data{re.findall(r'[0-9]+', version)[0]}"
        admin = f"host={self.home}/postgres/run user=networklab"
        known = {"PGDATA": data, "BACKUPS": self.backups, "ADMIN_URL": admin}
        exports = "".join(f"export {name}={shlex.quote(str(text))}\n" for name, text in known.items())
        self.programs.run(
            "/bin/bash", "-ec", f"{exports}PATH={shlex.quote(str(self.folder))}:$PATH\n{commands}"
        )


@pytest.mark.parametrize(
    ("people", "more"),
    [({"red": 2, "blue": 2}, 3), pytest.param({"red": 8, "blue": 8}, 150, marks=pytest.mark.slow)],
)
def test_a_machine_that_is_lost_comes_back_elsewhere_to_the_last_archived_wal_by_the_manuals_commands(
    people: dict[str, int], more: int, tmp_path: Path
) -> None:
    section = (
        (PROJECT / "docs" / "backups.md").read_text(encoding="utf-8").partition("## To the last minute")[2]
    )
    archive, base, back = re.findall(r"^```bash\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    with a_home() as place:
        backups = place / "backups"
        one, two = Machine(place / "one", backups), Machine(place / "two", backups)
        backups.mkdir()
        one.programs.hand_over(backups)
        with one.postgres:
            pass
        one.types(archive)
        with one.postgres as postgres:
            asyncio.run(migrate_at(postgres.served))
            house = House(postgres.served, tmp_path)
            session = house.open(BURST, people)
            server = house.serve()

            async def story() -> tuple[list[tuple[str, str]], list[Writer]]:
                async with a_burst(house, session, server) as writers:
                    await asyncio.to_thread(one.types, base)
                    await everyone_has_written(writers, more)
                    before = [(receipt, said) for writer in writers for receipt, said, _ in writer.receipts]
                    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
                        [(last,)] = conn.execute("select pg_walfile_name(pg_switch_wal())").fetchall()
                        archived = "select last_archived_wal >= %s from pg_stat_archiver"
                        await until(
                            lambda: conn.execute(archived, [last]).fetchone() == (True,), "the archive"
                        )
                return before, writers

            before, writers = house.tell(story())
            house.leave()
            kill_machine(postgres)
        shutil.rmtree(one.home)

        two.types(back)
        with two.postgres as postgres, psycopg.connect(postgres.dsn, autocommit=True) as conn:
            assert conn.execute("select pg_is_in_recovery()").fetchone() == (False,), "it waits for the end"
            there = shell_at(postgres.served, tmp_path)
            assert len(before) >= more * len(writers) and set(before) <= receipts_in(there.house)
            assert there.house.contradictions(session) == []
            kept = tmp_path / "kept.txt"
            kept.write_text("".join(f"{receipt}\n" for receipt, _ in before))
            verdict = there.type("verify", session.id, "--receipts", kept)
            assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_a_backup_waits_for_a_second_in_which_no_other_was_made() -> None:
    """Into a folder and into a store alike, which are both asked so."""
    names = list[str]()

    async def taken(name: str) -> bool:
        names.append(name)
        return len({*names}) < 3

    made_at = asyncio.run(a_second_of_its_own(taken))
    assert len(names) == len({*names}) == 3 and named(made_at) == names[-1], "each second is asked for once"
