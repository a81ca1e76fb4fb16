"""`networklab backup`: the whole database, of one moment, into a folder or an S3-like store."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from app.commands.arguments import Refusal, backups_at, count
from app.commands.clusters import add_cluster, must_say_which
from app.commands.progress import progress_line
from app.config import Config
from app.database.backups import BackupError, back_up
from app.database.running import database_as_it_is
from app.database.stored_backups import back_up_to_store
from app.database.stores import StoreError, StorePlace


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "to",
        type=backups_at,
        metavar="DIR|s3://BUCKET/PREFIX",
        help="a folder, or a place in an S3-like store; each backup is a folder in it, named for its time",
    )
    parser.add_argument(
        "--keep", type=count, metavar="N", help="afterwards delete whole backups there but the newest N"
    )
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")
    add_cluster(parser, "none")


def run(options: argparse.Namespace, config: Config) -> int:
    must_say_which(options, config)
    say = progress_line()
    with database_as_it_is(config) as url:
        try:
            to = options.to
            backup: Path | StorePlace
            if isinstance(to, StorePlace):
                backup, manifest, gone = asyncio.run(back_up_to_store(url, to, say, options.keep))
            else:
                backup, manifest, gone = asyncio.run(back_up(url, to, say, options.keep))
        except (BackupError, StoreError) as error:
            raise Refusal(str(error)) from None
        finally:
            say("")
    if options.json:
        print(json.dumps({"backup": str(backup)} | asdict(manifest), ensure_ascii=False))
        return 0
    print(
        f"Backed up to {backup}: {manifest.rows['session']:,} sessions, {manifest.rows['player']:,} people,"
        f" {manifest.rows['record']:,} records, {manifest.bytes / 1e6:,.1f} MB."
    )
    if gone:
        print(f"Deleted: {gone} older.")
    return 0
