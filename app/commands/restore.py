"""`networklab restore`: a backup into an empty database, and every session in it counted again."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.commands.arguments import Refusal, as_typed, backups_at
from app.commands.clusters import add_cluster, must_say_which
from app.commands.connection import in_transaction_at, study_of
from app.commands.progress import progress_line
from app.config import Config
from app.database.backups import BackupError, Manifest, Say, check, find_backup, read_manifest, restore
from app.database.running import database_as_it_is, migrate_at
from app.database.stored_backups import check_stored, fetch, find_stored
from app.database.stores import StoreError, StorePlace
from app.export.verdicts import Verification
from app.export.verify import verify
from app.sessions.sessions import list_sessions


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "backup",
        type=backups_at,
        metavar="DIR|s3://BUCKET/PREFIX",
        help="a backup, or the folder or place with backups, of which it takes the newest",
    )
    parser.add_argument("--check", action="store_true", help="only say whether the backup is whole")
    parser.add_argument("--json", action="store_true", help="print what came of each session as JSON")
    add_cluster(parser, "none")


def run(options: argparse.Namespace, config: Config) -> int:
    say = progress_line()
    try:
        with _found(options.backup, options.check, say) as (backup, folder, manifest):
            if options.check:
                print(f"{backup} is whole: of {manifest.made_at}, {manifest.rows['session']:,} sessions.")
                return 0
            must_say_which(options, config)
            with database_as_it_is(config) as url:
                asyncio.run(restore(url, folder, manifest, say))
                verdicts = asyncio.run(_recount(url, say))
    except (BackupError, StoreError) as error:
        raise Refusal(str(error)) from None
    finally:
        say("")
    broken = [verdict.session_id for verdict in verdicts if not verdict.ok]
    if options.json:
        print(json.dumps([verdict.as_json() for verdict in verdicts], ensure_ascii=False))
    else:
        print(
            f"Restored {backup}, of {manifest.made_at}: {len(verdicts):,} sessions,"
            f" {sum(verdict.records.stored for verdict in verdicts):,} records."
        )
        for session in broken:
            print(as_typed(f"NOT  {session}: `networklab verify {session}` says what is wrong."))
        if verdicts and not broken:
            print("Each was counted again: acknowledged = stored = exported.")
    return 1 if broken else 0


@contextmanager
def _found(
    where: Path | StorePlace, only_check: bool, say: Say
) -> Iterator[tuple[Path | StorePlace, Path, Manifest]]:
    """A backup, a folder that has its dump, and its manifest: checked. Of a store the folder is there meanwhile."""
    if not isinstance(where, StorePlace):
        backup = find_backup(where)
        manifest = read_manifest(backup)
        asyncio.run(check(backup, manifest))
        yield backup, backup, manifest
        return
    place, manifest = asyncio.run(find_stored(where))
    with tempfile.TemporaryDirectory(prefix="networklab-") as name:
        work = check_stored(place, manifest, say) if only_check else fetch(place, manifest, Path(name), say)
        asyncio.run(work)
        yield place, Path(name), manifest


async def _recount(url: str, say: Say) -> list[Verification]:
    """In this version's tables."""
    await migrate_at(url)
    sessions = await in_transaction_at(url, list_sessions)
    verdicts = []
    for nth, session in enumerate(sessions, 1):
        say(f"0:00 counting again: session {nth:,} of {len(sessions):,}")
        verdicts.append(await verify(url, session.id, await study_of(url, session.id)))
    return verdicts
