"""`networklab verify`: acknowledged = stored = exported, counted again by export/verify.py."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from app.commands.arguments import THE_SESSION, Refusal
from app.commands.connection import study_of
from app.config import Config
from app.database.running import database
from app.export.verdicts import Verification
from app.export.verify import verify
from app.rooms.receipts import ReceiptsError, read_receipts


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument("--export", type=Path, metavar="DIR|FILE.zip", help="check this export too")
    parser.add_argument(
        "--receipts", type=Path, metavar="FILE", help="look these up in the export too, one receipt a line"
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    try:
        kept = read_receipts(options.receipts) if options.receipts else []
    except ReceiptsError as error:
        raise Refusal(str(error)) from None

    async def work(url: str) -> Verification:
        return await verify(url, options.session, await study_of(url, options.session), options.export, kept)

    with database(config) as url:
        verdict = asyncio.run(work(url))
    print(json.dumps(verdict.as_json(), ensure_ascii=False) if options.json else str(verdict))
    return 0 if verdict.ok else 1
