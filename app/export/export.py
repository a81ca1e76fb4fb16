"""Data out: all of a session as files, from one moment of the database, streamed with flat memory.

`write_files` is the one way out; it serves a folder, a zip file and a download alike. Everything comes from
one repeatable-read transaction, so that the files agree with each other while the session goes on.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import os
import secrets
import shutil
import zipfile
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from app.database.connections import Connection, connect, snapshot
from app.database.queries import Queries, row, value
from app.database.whole_sessions import read_whole_session
from app.export import codebook
from app.export.analysis import scripts
from app.export.anonymous import Mask, masked, told
from app.export.csv_stream import Blocks
from app.export.graphml import GRAPHML, graphml, has_ties
from app.export.labelled import Labelled
from app.export.labels import columns_of
from app.export.manifest import SessionThen, manifest_of
from app.export.person import FILES as OF_PERSON
from app.export.person import IN_WORDS, OnePerson, in_words, own_lines
from app.export.tables import given_names, tables_of
from app.players.codes import codes_of
from app.study.model.study import Study
from app.study.own_files import OwnFile, own_files
from app.study.stored_files import read_file

SQL = Queries(__name__)
LEVEL = 1  # of deflate: level 6 takes as long as everything else together, to save a quarter
LARGE = 500_000_000  # bytes of database from which on a file of an export may pass 2 GB
MANIFEST = "manifest.json"
SEALED = ("digest", "at", "came", "records", "document")  # of an anonymous export the first alone
Manifest = dict[str, Any]
Create = Callable[[str], IO[bytes]]  # opens a file of the export, by name, for writing


@dataclass(frozen=True, slots=True)
class Extra:
    """What whoever wants it gets besides: `labels`, the files of SPSS and Stata, which take a second more; `mark`, the
    byte-order mark by which Excel knows that a .csv is UTF-8 when it is opened with a double click."""

    labels: bool = False
    mark: bool = False


PLAIN = Extra()


class ExportError(Exception):
    """An export that can't be made; the text says why and what to do."""


async def write_zip(
    url: str,
    session_id: str,
    study: Study,
    file: Path,
    of: Mask | OnePerson | None = None,
    extra: Extra = PLAIN,
) -> Manifest:
    """Writes all files into one zip; it is there when it is complete. Raises ExportError."""
    with beside(file) as part, part.open("xb") as zipped:
        async with moment(url, "export") as conn:
            return await pack(conn, session_id, study, zipped, of, extra)


async def write_folder(
    url: str,
    session_id: str,
    study: Study,
    folder: Path,
    of: Mask | OnePerson | None = None,
    extra: Extra = PLAIN,
) -> Manifest:
    """Writes all files into a folder; it is there when it is complete. Raises ExportError."""
    with beside(folder) as part:
        part.mkdir()

        def create(name: str) -> IO[bytes]:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            return (part / name).open("xb")

        async with moment(url, "export") as conn:
            return await write_files(conn, session_id, study, create, of, extra)


async def write_key(url: str, session_id: str, mask: Mask, file: Path) -> None:
    """Who has which id in an anonymous export, for its owner's eyes. Raises ExportError."""
    async with moment(url, "export") as conn:
        found = await (await conn.execute(SQL["labels"], dict(session_id=session_id))).fetchall()
    with beside(file) as part, part.open("x", newline="", encoding="utf-8") as text:
        os.fchmod(text.fileno(), 0o600)
        lines = csv.writer(text)
        lines.writerow(("id", "player", "label"))
        lines.writerows((mask.player(number), number, codebook.escape(label)) for number, label in found)


@asynccontextmanager
async def moment(url: str, purpose: str) -> AsyncIterator[Connection]:
    """A connection in a transaction that sees the database as it is at one moment."""
    conn = await connect(url, purpose)
    try:
        async with snapshot(conn):
            await set_up(conn)
            yield conn
    finally:
        conn.pgconn.finish()


async def set_up(conn: Connection) -> None:
    """For what reads all of a session, to the end of this transaction."""
    await conn.execute(SQL["set_up"])
    await read_whole_session(conn)


async def pack(
    conn: Connection,
    session_id: str,
    study: Study,
    file: IO[bytes],
    of: Mask | OnePerson | None = None,
    extra: Extra = PLAIN,
) -> Manifest:
    """Writes all files into one zip. `conn` is in the transaction that `moment` gives."""
    # Old programs don't know the headers of files that may pass 2 GB.
    large = await value(conn, SQL["database_size"]) > LARGE
    now = datetime.now(UTC).timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:

        def create(name: str) -> IO[bytes]:
            member = zipfile.ZipInfo(name, now)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            member._compresslevel = LEVEL  # type: ignore[attr-defined]
            return zipped.open(member, "w", force_zip64=large)

        return await write_files(conn, session_id, study, create, of, extra)


async def write_files(
    conn: Connection,
    session_id: str,
    study: Study,
    create: Create,
    of: Mask | OnePerson | None = None,
    extra: Extra = PLAIN,
) -> Manifest:
    """Writes each file into what `create(name)` opens, the manifest last, and returns the manifest.

    `conn` is in the transaction that `moment` gives. `of`: with a mask nobody can be known by what is written; of a
    person it is what is kept about them.
    """
    session = await row(conn, SessionThen, SQL["session"], session_id=session_id)
    if session is None:
        raise ExportError(f"There is no session “{session_id}”. `networklab sessions` lists those there are.")
    files: dict[str, dict[str, int | str]] = {}
    start = session.started_at or session.opened_at
    given, goes_on = await given_names(conn, session_id), session.from_session_id is not None
    tables = tables_of(conn, session_id, study, given, goes_on, await codes_of(conn, session_id, study))
    missing, marked = "", _marked if extra.mark else _as_it_is
    if isinstance(of, OnePerson):
        for name, blocks in tables:
            if name in OF_PERSON:
                files[name] = await _write(create, name, marked(own_lines(of, name, blocks)))
        text = await in_words(conn, study, of)
        files[IN_WORDS] = await _write(create, IN_WORDS, _whole(text.encode()), count=False)
    else:
        columns = columns_of(study, [*codebook.rows(study, given, goes_on)])
        with Labelled(columns if extra.labels else {}, f"{study.title} ({session_id})") as labelled:
            for name, blocks in tables:
                told_of = masked(of, study, start, name, blocks) if of else blocks
                files[name] = await _write(create, name, marked(labelled.kept(name, told_of)))
            if extra.labels:
                async for name, pieces in labelled.files():
                    files[name] = await _write(create, name, pieces, count=False)
            missing = labelled.missing
        if await has_ties(conn, session_id):
            drawn = graphml(conn, session_id, study, of)
            files[GRAPHML] = await _write(create, GRAPHML, drawn, count=False)
        for name, text in scripts(study).items():
            files[name] = await _write(create, name, _whole(text.encode()), count=False)
        files |= await _study_files(conn, session_id, study, create)
    manifest = await _manifest(conn, session, study, files, of, extra)
    if missing:
        manifest = manifest | {"missing": missing}
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    await _write(create, MANIFEST, _whole(text.encode()), count=False)
    return manifest


async def _manifest(
    conn: Connection,
    session: SessionThen,
    study: Study,
    files: dict[str, dict[str, int | str]],
    of: Mask | OnePerson | None,
    extra: Extra,
) -> Manifest:
    manifest = manifest_of(session, study, files)
    if extra.mark:
        manifest = manifest | {"format": f"{manifest['format']} {codebook.MARKED}"}
    seals = await (await conn.execute(SQL["seals"], dict(session_id=session.id))).fetchall()
    if seals and not isinstance(of, OnePerson):
        told_of = SEALED if of is None else SEALED[:1]
        manifest = manifest | {"seals": [dict(zip(told_of, one, strict=False)) for one in seals]}
    if isinstance(of, Mask):
        manifest = manifest | told(of, study, session.started_at or session.opened_at, manifest)
    elif of:
        manifest = manifest | {"person": of.label}
    return manifest


async def _study_files(
    conn: Connection, session_id: str, study: Study, create: Create
) -> dict[str, dict[str, int | str]]:
    """As it ran, and what a researcher has mended since."""
    files: dict[str, dict[str, int | str]] = {}
    own = own_files(study.files)
    for path, body in sorted(study.files.items()):
        content = _pieces(conn, own[path]) if path in own else _whole(body)
        files[f"study/{path}"] = await _write(create, f"study/{path}", content, count=False)
    mended = await (await conn.execute(SQL["mended"], dict(session_id=session_id))).fetchall()
    for nth, (path, body) in enumerate(mended, 1):
        name = f"study_before/{nth}/{path}"
        files[name] = await _write(create, name, _whole(body), count=False)
    return files


async def _write(create: Create, name: str, blocks: Blocks, count: bool = True) -> dict[str, int | str]:
    digest, size, lines = hashlib.sha256(), 0, 0
    with create(name) as file:
        async with aclosing(blocks):
            async for block, more in blocks:
                file.write(block)
                digest.update(block)
                size += len(block)
                lines += more
                await asyncio.sleep(0)
    rows: dict[str, int | str] = {"rows": lines - 1} if count else {}
    return rows | {"bytes": size, "sha256": digest.hexdigest()}


async def _pieces(conn: Connection, file: OwnFile) -> Blocks:
    async for piece in read_file(conn, file):
        yield piece, 0


async def _marked(blocks: Blocks) -> Blocks:
    yield BOM_UTF8, 0
    async with aclosing(blocks):
        async for one in blocks:
            yield one


def _as_it_is(blocks: Blocks) -> Blocks:
    return blocks


async def _whole(body: bytes) -> Blocks:
    yield body, 0


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A name beside the target to write under; it takes the target's name when all went well."""
    target = target.resolve()
    if target.is_dir() and any(target.iterdir()):
        raise ExportError(f"{target} has something in it already. Give the export a new folder.")
    if target.is_file():
        raise ExportError(f"{target} is there already. Give the export a new name.")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.rename(target)
    except OSError as error:
        raise ExportError(f"{target} can't be written: {error.strerror or error}.") from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            part.unlink()
