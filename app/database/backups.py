"""Backups of the whole database: of one moment, made while people play, and put back into an empty one.

`pg_dump` and `pg_restore` do the work. Beside what they write stands a manifest, written last: without one a backup is
half, and with one that does not fit it is damaged.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from psycopg.sql import SQL as Statement
from psycopg.sql import Identifier

from app import __version__
from app.database.connections import Connection, connect, snapshot
from app.database.migrations import newest_migration, own_objects
from app.database.programs import client_programs, run_client
from app.database.queries import Queries, value

SQL = Queries(__name__)
FORMAT = 1
DUMP, MANIFEST, HALF = "database.dump", "manifest.json", ".part"
NAME = "networklab-"
ALWAYS = {"migration", "secret", "process"}  # what a migrated database has before anybody has used it
LOOK = 0.5  # seconds between two looks at how far it has come
NAMED = re.compile(NAME + r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
Say = Callable[[str], None]
Write = Callable[[Path, Sequence[str]], Awaitable[object]]  # runs this pg_dump with these arguments


class BackupError(Exception):
    """One sentence: why there is no backup, or why this one is not put back."""


@dataclass(frozen=True, slots=True)
class Manifest:
    format: int
    made_at: str  # ISO 8601, UTC
    networklab: str
    schema: str  # the newest migration in it
    postgres: int  # major version of the server
    programs: int  # and of pg_dump
    bytes: int  # of the dump, whose digest follows
    sha256: str
    rows: dict[str, int]  # by table, of the same moment as the dump

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def named(made_at: datetime) -> str:
    return f"{NAME}{made_at:%Y-%m-%dT%H-%M-%SZ}"


async def a_second_of_its_own(taken: Callable[[str], Awaitable[bool]]) -> datetime:
    """When a backup is made that no other is named for: where another was in this second, in the next one."""
    made_at = datetime.now(UTC)
    if not await taken(named(made_at)):
        return made_at
    await asyncio.sleep(1.01 - made_at.microsecond / 1_000_000)
    return await a_second_of_its_own(taken)


async def back_up(url: str, folder: Path, say: Say, keep: int | None = None) -> tuple[Path, Manifest, int]:
    """A backup of its own in `folder`, what it holds, and how many older ones went where only so many are kept."""
    with _alone(folder):
        made_at = await a_second_of_its_own(lambda name: asyncio.to_thread((folder / name).exists))
        whole = folder / named(made_at)
        part = whole.with_name(whole.name + HALF)
        part.mkdir(mode=0o700)
        try:
            path = part / DUMP
            path.touch(mode=0o600)

            async def write(program: Path, arguments: Sequence[str]) -> str:
                return await run_client(program, *arguments, "--file", path, url=url)

            manifest = await dump(url, made_at, say, write, lambda: path.stat().st_size)
            sha256, length = await asyncio.to_thread(_digest, path)
            manifest = replace(manifest, bytes=length, sha256=sha256)
            _write(part / MANIFEST, manifest.text())
            part.rename(whole)
            _sync(folder)
        except BaseException as error:
            shutil.rmtree(part, ignore_errors=True)
            if isinstance(error, OSError):
                raise BackupError(f"{folder} can't be written to: {error.strerror}.") from error
            raise
        return whole, manifest, _forget_old(folder, keep) if keep else 0


def _forget_old(folder: Path, keep: int) -> int:
    """Deletes whole backups but the newest so many. How many went."""
    old = sorted(found for found in folder.glob(f"{NAME}*Z") if (found / MANIFEST).is_file())[:-keep]
    for backup in old:
        part = backup.with_name(backup.name + HALF)
        try:
            backup.rename(part)  # from here on it is half, and goes with the next backup, whatever happens
            shutil.rmtree(part)
        except OSError as error:
            raise BackupError(
                f"There is a new backup, but {backup} can't be deleted: {error.strerror}."
            ) from error
    return len(old)


def find_backup(folder: Path) -> Path:
    """This one, or the newest whole one in a folder of them."""
    if (folder / MANIFEST).exists() or (folder / DUMP).exists():
        return folder
    if not folder.is_dir():
        raise BackupError(f"There is no folder {folder}. Give one that `networklab backup` wrote.")
    found = sorted(backup for backup in folder.glob(f"{NAME}*Z") if (backup / MANIFEST).is_file())
    if not found:
        raise BackupError(
            f"There is no whole backup in {folder}. Give a folder that `networklab backup` wrote."
        )
    return found[-1]


def read_manifest(backup: Path) -> Manifest:
    """Raises `BackupError` for a backup that is half, damaged, or of a version that we know nothing of."""
    try:
        text = (backup / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise BackupError(f"{backup} is half a backup: it was not finished. Take another one.") from None
    except OSError:
        text = b""
    return parse_manifest(str(backup), text)


def parse_manifest(backup: str, text: bytes) -> Manifest:
    try:
        told = json.loads(text)
    except ValueError:
        raise BackupError(f"{backup} is damaged: its manifest can't be read. Take another one.") from None
    if isinstance(told, dict) and told.get("format", FORMAT) != FORMAT:
        raise BackupError(
            f"{backup} was made by another version, {told.get('networklab')}. Restore it with that one."
        )
    try:
        manifest = Manifest(**told)
    except TypeError:
        raise BackupError(f"{backup} is damaged: its manifest lacks something. Take another one.") from None
    if manifest.schema > newest_migration():
        raise BackupError(
            f"{backup} was made by a newer NetworkLab, {manifest.networklab} with {manifest.schema}, than this one,"
            f" {__version__}. Install that version or a newer one first."
        )
    return manifest


def measure(backup: Path, manifest: Manifest) -> None:
    """Whether the dump is as long as it was written."""
    try:
        size = (backup / DUMP).stat().st_size
    except OSError as error:
        raise _unreadable(backup, error) from None
    if size != manifest.bytes:
        raise BackupError(
            f"{backup} is damaged: its {DUMP} has {size:,} bytes, and had {manifest.bytes:,}. Take another one."
        )


async def check(backup: Path, manifest: Manifest) -> None:
    """Whether the dump is what was written, to its last byte."""
    measure(backup, manifest)
    try:
        sha256, _ = await asyncio.to_thread(_digest, backup / DUMP)
    except OSError as error:
        raise _unreadable(backup, error) from None
    if sha256 != manifest.sha256:
        raise BackupError(f"{backup} is damaged: its {DUMP} is not what was written. Take another one.")


def _unreadable(backup: Path, error: OSError) -> BackupError:
    return BackupError(f"{backup / DUMP} can't be read: {error.strerror}. Take another backup.")


async def restore(url: str, backup: Path, manifest: Manifest, say: Say) -> None:
    """Into the empty database at `url`, all of it or nothing. It still has to be migrated."""
    conn = await connect(url, "restore")
    try:
        await _refuse_unless_empty(conn)
        program = _restoring(conn.info.server_version // 10_000, manifest.programs)
        with tempfile.TemporaryDirectory() as name:
            wanted = Path(name) / "wanted"
            wanted.write_text(_wanted(await run_client(program, "--list", backup / DUMP)), encoding="utf-8")
            await conn.execute(SQL["clear"])
            whole = ("--no-owner", "--no-privileges", "--single-transaction")
            work = run_client(program, *whole, "--use-list", wanted, backup / DUMP, url=url)
            await _while(work, lambda: f"{manifest.bytes / 1e6:,.1f} MB are put back", say)
        rows = await _counted(conn)
    finally:
        await conn.close()
    if other := [name for name in manifest.rows if rows.get(name) != manifest.rows[name]]:
        raise BackupError(
            f"After the restore other rows are there than the manifest tells, in {', '.join(other)}."
        )


async def dump(url: str, made_at: datetime, say: Say, write: Write, written: Callable[[], int]) -> Manifest:
    """What is written of one moment, but for its length and digest, which whoever writes knows."""
    conn = await connect(url, "backup")
    try:
        # It only holds its moment open while pg_dump reads.
        await conn.execute("set idle_in_transaction_session_timeout = 0")
        server = conn.info.server_version // 10_000
        program = client_programs("pg_dump", lambda version: version >= server)
        if program is None:
            raise BackupError(
                f"This Postgres is version {server}, and there is no pg_dump of it: {_install(server)}"
            )
        async with snapshot(conn):
            schema = await value(conn, SQL["schema_of"]) if await value(conn, SQL["is_ours"]) else None
            if schema is None:
                raise BackupError("There is nothing of NetworkLab in this database. Check DATABASE_URL.")
            size = await value(conn, SQL["size"])
            moment = await value(conn, b"select pg_export_snapshot()")
            how = [
                "--format=custom",
                "--compress=1",
                "--no-owner",
                "--no-privileges",
                "--lock-wait-timeout=30s",
                f"--snapshot={moment}",
            ]
            of = f"MB written of a database of {size / 1e6:,.0f} MB"
            await _while(write(program.path, how), lambda: f"{written() / 1e6:,.1f} {of}", say)
            rows = await _counted(conn)
    finally:
        await conn.close()
    return Manifest(FORMAT, made_at.isoformat(), __version__, schema, server, program.version, 0, "", rows)


def _restoring(server: int, made_by: int) -> Path:
    """pg_restore reads what its own version and older ones wrote, and from 17 on speaks to servers from 17 on only."""
    program = client_programs(
        "pg_restore", lambda version: version >= made_by and (version < 17 or server >= 17)
    )
    if program is None:
        raise BackupError(
            f"No pg_restore here takes what pg_dump {made_by} wrote into a Postgres {server}:"
            f" {_install(max(server, made_by))}"
        )
    return program.path


def _install(version: int) -> str:
    return (
        f"install Postgres’s client programs of version {version}, or name their folder in NETWORKLAB_PG_BIN."
    )


async def _refuse_unless_empty(conn: Connection) -> None:
    if await value(conn, SQL["others_at_work"]):
        raise BackupError("A NetworkLab works on this database. Stop it first, then restore.")
    if foreign := await value(conn, SQL["not_ours"], own=[*own_objects()]):
        raise BackupError(f"This database is not empty: it has {foreign}. Restore into a new one.")
    full = [name for name, count in (await _counted(conn)).items() if count and name not in ALWAYS]
    if full:
        raise BackupError(
            f"This database is not empty: there are rows in {', '.join(full[:3])}. Restore into a new one."
        )


async def _counted(conn: Connection) -> dict[str, int]:
    tables = await (await conn.execute(SQL["tables"])).fetchall()
    counted = {}
    for (name,) in tables:
        query = Statement("select count(*) from {}").format(Identifier("public", name))
        found = await (await conn.execute(query)).fetchone()
        counted[name] = found[0] if found else 0
    return counted


def _wanted(listed: str) -> str:
    """What an archive has, without what the database has already, or only a superuser may make."""
    return "".join(
        f"{line}\n"
        for line in listed.splitlines()
        if " EXTENSION " not in line and " SCHEMA - public " not in line
    )


async def _while(work: Awaitable[object], how_far: Callable[[], str], say: Say) -> None:
    began = time.monotonic()
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([task], timeout=LOOK))[0]:
            seconds = round(time.monotonic() - began)
            say(f"{seconds // 60}:{seconds % 60:02} {how_far()}")
        task.result()
    finally:
        task.cancel()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time into a folder; what a killed one left there goes."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BackupError(f"{folder} can't be written to: {error.strerror}.") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.glob(f"{NAME}*{HALF}"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    except BlockingIOError:
        raise BackupError(f"Another backup is being made in {folder}. Wait for it to end.") from None
    finally:
        os.close(held)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        os.chmod(path, 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
