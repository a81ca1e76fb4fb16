"""`networklab export`: a session's data, as a folder or a file."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from app.commands.arguments import Refusal
from app.commands.connection import study_of
from app.config import Config
from app.database.running import database
from app.export.export import ExportError, write_folder, write_zip


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR|FILE.zip")
    parser.add_argument("--json", action="store_true", help="print the manifest")


def run(options: argparse.Namespace, config: Config) -> int:
    async def work(url: str) -> object:
        study = await study_of(url, options.session)
        write = write_zip if options.to.suffix == ".zip" else write_folder
        return await write(url, options.session, study, options.to)

    with database(config) as url:
        try:
            manifest = asyncio.run(work(url))
        except ExportError as error:
            raise Refusal(str(error)) from None
    print(
        json.dumps(manifest, ensure_ascii=False)
        if options.json
        else f"Exported {options.session} to {options.to}."
    )
    return 0
