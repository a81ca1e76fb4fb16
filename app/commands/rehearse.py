"""`networklab rehearse`: its options, its progress, its words."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from app.commands.arguments import Refusal, a_file, count, seconds, share, speed
from app.commands.connection import session_of, study_of
from app.commands.progress import progress_line
from app.config import Config
from app.database.running import database
from app.export.export import ExportError
from app.export.workbook import write_to
from app.rehearsal import rehearse
from app.rehearsal.cast import RehearsalError
from app.rehearsal.joined import join_diaries, write_diaries
from app.rehearsal.play import Setting
from app.rehearsal.report import write_report
from app.rehearsal.verdict import judge
from app.study.digits import whole

MOST_PARTS = 1_000  # machines of one rehearsal


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--session",
        required=True,
        metavar="ID|STUDY",
        help="a session, which stays as it is, or a study's folder: the bots play a new session of that study",
    )
    _add_people(parser)
    parser.add_argument(
        "--url", metavar="URL", help="a server that runs (default: one that is started for this)"
    )
    parser.add_argument(
        "--links",
        type=Path,
        metavar="CSV",
        help="with --url, where the database is out of reach: the links that `open --links` wrote",
    )
    _add_machines(parser)
    parser.add_argument(
        "--processes", type=count, metavar="N", help="of the server that is started for this (default 2)"
    )
    parser.add_argument(
        "--bot-processes",
        type=count,
        default=1,
        metavar="N",
        help="that the bots are spread over (default 1)",
    )
    parser.add_argument(
        "--at-most",
        type=seconds,
        metavar="TIME",
        help="then it is cut off, and proves nothing of who still plays (default: when all deadlines are over)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same people"
    )
    parser.add_argument(
        "--until-it-breaks",
        action="store_true",
        help="again with half as many more each time, until a limit is crossed, and once between the last two; says"
        " which part was the limit",
    )
    parser.add_argument(
        "--most", type=count, default=20_000, metavar="N", help="with --until-it-breaks: stop there"
    )
    parser.add_argument("--report", type=a_file, metavar="HTML", help="write a report with pictures here")
    parser.add_argument("--receipts", type=a_file, metavar="CSV", help="write every receipt here")
    parser.add_argument(
        "--export",
        type=Path,
        metavar="DIR|FILE.zip|FILE.xlsx",
        help="write the data of the bots' session here: the files that one will get, to write an analysis for",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    plan = Setting(
        players=options.players or 0,
        over=options.over,
        records=options.records,
        messages=options.messages,
        drop=options.drop,
        flaky=options.flaky,
        speed=options.speed,
        seed=options.seed,
        processes=options.bot_processes,
        at_most=options.at_most,
    )
    if options.links and (not options.url or options.until_it_breaks):
        raise Refusal("--links goes with --url, and without --until-it-breaks: each herd needs new links.")
    if options.part and not options.links:
        raise Refusal("--part goes with --links: without them the session is new, and has only these people.")
    if options.join:
        return _join(options, config)
    if options.export and options.links:
        raise Refusal(
            "--export needs the database, and with --links it is out of reach: use `networklab export`."
        )
    if options.export and (
        options.export.is_file() or (options.export.is_dir() and any(options.export.iterdir()))
    ):
        raise Refusal(f"{options.export} is there already. Give the export a new name.")
    most = options.most if options.until_it_breaks else None
    write = progress_line()
    try:
        if options.links:
            cast = rehearse.read_cast(options.session, options.links, plan, options.part or (1, 1))
            found = [asyncio.run(rehearse.rehearse(cast, plan, options.url, None, write))]
        else:
            with database(config, watch=True) as url:
                found = asyncio.run(
                    rehearse.run(config, url, options.session, plan, options.url, most, write)
                )
                if options.export:
                    session_id = rehearse.deciding(found)[1].session_id
                    asyncio.run(_export(url, session_id, options.export))
        if options.report:
            write_report(found, options.report)
        if options.diaries:
            write_diaries(rehearse.deciding(found)[0], options.diaries)
        if options.receipts:
            rehearse.write_receipts(rehearse.deciding(found)[0], options.receipts)
    except (RehearsalError, ExportError) as error:
        raise Refusal(str(error)) from None
    write("")
    print(
        json.dumps(rehearse.as_json(found), ensure_ascii=False) if options.json else rehearse.as_text(found)
    )
    return 0 if all(verdict.kept for _, verdict in found) else 1


def _join(options: argparse.Namespace, config: Config) -> int:
    try:
        with database(config) as url:
            session = asyncio.run(session_of(url, options.session))
            study = asyncio.run(study_of(url, session.id))
            played = join_diaries(options.join, session.id, session.name, study, url)
            found = [(played, asyncio.run(judge(played)))]
    except RehearsalError as error:
        raise Refusal(str(error)) from None
    print(
        json.dumps(rehearse.as_json(found), ensure_ascii=False) if options.json else rehearse.as_text(found)
    )
    return 0 if found[0][1].kept else 1


def part(text: str) -> tuple[int, int]:
    which, of = (whole(one, MOST_PARTS) or 0 for one in (text.partition("/")[0], text.partition("/")[2]))
    if not 1 <= which <= of:
        raise argparse.ArgumentTypeError(f"“{text}” is no part such as 1/3, the first of three")
    return which, of


async def _export(url: str, session_id: str, target: Path) -> None:
    await write_to(url, session_id, await study_of(url, session_id), target)


def _add_machines(parser: argparse.ArgumentParser) -> None:
    """Where several of them play together."""
    parser.add_argument(
        "--part",
        type=part,
        metavar="1/3",
        help="with --links: only this part of them; each of several machines takes another",
    )
    parser.add_argument(
        "--diaries",
        type=a_file,
        metavar="JSON",
        help="write here what the bots noted, to be joined with what those of other machines did",
    )
    parser.add_argument(
        "--join",
        type=Path,
        action="append",
        default=[],
        metavar="JSON",
        help="instead of playing: hold these diaries of one session against its database; may be repeated",
    )


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--players",
        type=count,
        metavar="N",
        help="how many come (default: as many as the session has, or 100)",
    )
    parser.add_argument(
        "--over",
        type=seconds,
        default=300.0,
        metavar="TIME",
        help="they arrive within this time (default 5m)",
    )
    parser.add_argument(
        "--records",
        type=count,
        metavar="N",
        help="that each makes, by saving forms again (default: what the study asks for)",
    )
    parser.add_argument("--messages", type=count, metavar="N", help="that each writes, about")
    parser.add_argument("--drop", type=share, default=0.05, metavar="5%", help="leave for good on the way")
    parser.add_argument("--flaky", type=share, default=0.05, metavar="5%", help="have a bad connection")
    parser.add_argument(
        "--speed",
        type=speed,
        default=1.0,
        metavar="X",
        help="of people: 2 is twice as fast, max takes no time",
    )
