"""`networklab export`: a session's data, as a folder, a zip file or a workbook."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from app.commands.arguments import THE_SESSION, Refusal, new_file
from app.commands.connection import note_export, study_of
from app.config import Config
from app.database.running import database
from app.export.anonymous import Mask
from app.export.export import ExportError, moment, write_key
from app.export.person import OnePerson, person_called
from app.export.workbook import write_to


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="DIR|FILE.zip|FILE.xlsx",
        help="where to write it: files, an archive of them, or one workbook",
    )
    parser.add_argument(
        "--excel",
        action="store_true",
        help="each .csv begins with a byte-order mark, so that Excel reads its letters right at a double click",
    )
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="new random ids; no labels, codes, recruiters' ids, private fields",
    )
    parser.add_argument(
        "--relative-times", action="store_true", help="anonymous: in seconds from the session's start"
    )
    parser.add_argument(
        "--without-text", action="store_true", help="anonymous: no messages, no answers in words"
    )
    parser.add_argument(
        "--key",
        type=new_file,
        metavar="FILE",
        help="anonymous: write who has which id here, for your eyes only",
    )
    parser.add_argument(
        "--player", metavar="LABEL", help="only what is kept about this person, for who asks for it"
    )
    parser.add_argument("--json", action="store_true", help="print the manifest")


def run(options: argparse.Namespace, config: Config) -> int:
    for name in ("relative_times", "without_text", "key"):
        if getattr(options, name) and not options.anonymous:
            raise Refusal(f"--{name.replace('_', '-')} is for anonymous exports: add --anonymous.")
    if options.excel and options.to.suffix.lower() == ".xlsx":
        raise Refusal("--excel is for .csv files: a workbook opens right as it is. Leave it out.")
    mask = Mask(options.relative_times, options.without_text) if options.anonymous else None
    if options.player is not None and mask:
        raise Refusal("What is kept about one person can't be anonymous: leave --anonymous or --player out.")

    async def work(url: str) -> object:
        study = await study_of(url, options.session)
        of: Mask | OnePerson | None = mask
        if options.player is not None:
            async with moment(url, "export") as conn:
                of = await person_called(conn, options.session, options.player)
            if of is None:
                raise Refusal(f"Nobody in this session is called “{options.player}”.")
        if isinstance(of, OnePerson):
            await note_export(url, options.session, "person", str(of.id))
        else:
            await note_export(url, options.session, "export")
        manifest = await write_to(url, options.session, study, options.to, of, options.excel)
        if options.key and mask:
            await write_key(url, options.session, mask, options.key)
        return manifest

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
