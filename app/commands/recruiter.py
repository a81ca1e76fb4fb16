"""`networklab recruiter`: how it is set up, what differs at the recruiter's, where people are there, and who is"
" approved and paid."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from getpass import getpass

from app.commands.arguments import THE_SESSION, Refusal, number_of_row
from app.commands.bonus_lines import are_paid, lines_of, notes_of, told
from app.commands.connection import connected
from app.commands.set_up_lines import steps_of
from app.config import Config
from app.database.connections import Connection
from app.players.door import places_of
from app.recruiters import bonuses, payouts, recruitment, reviews, submissions
from app.recruiters.comparison import compared
from app.recruiters.recruiter import RecruitingError
from app.recruiters.recruitment import KINDS, Recruitment, the_recruitment
from app.recruiters.set_up_steps import GUIDES
from app.recruiters.setting_up import SetUpGuide, guides_of
from app.recruiters.turns import turn, work
from app.sessions.sessions import find_session
from app.study.languages.texts import texts_in
from app.study.model.study import Study
from app.study.stored import read_study
from app.web.access import security
from app.web.access.security import COMMAND_LINE

LOOKS = 120.0  # seconds in which a recruiter has to have answered
PAYS = 2400.0  # seconds that `pay` waits for what was paid to be listed

Work = Callable[[Connection, Recruitment, Study], Awaitable[int]]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    connecter = commands.add_parser(
        "connect", help="say by which study people come; a token is read from standard input, with --token"
    )
    connecter.add_argument(
        "--study", default="", metavar="ID", help="its id there (default: the one that people's links named)"
    )
    connecter.add_argument(
        "--token",
        action="store_true",
        help="ask for a token, and keep it encrypted by NETWORKLAB_KEY (default: PROLIFIC_TOKEN)",
    )
    connecter.set_defaults(do=_connect)
    setter = commands.add_parser(
        "setup", help="what to do there and here, step by step, with the texts to paste"
    )
    keys = [one.key for one in GUIDES]
    setter.add_argument(
        "by",
        nargs="?",
        choices=keys,
        metavar="BY",
        help=f"{', '.join(keys)} (default: what the study is made for)",
    )
    setter.set_defaults(do=_setup)
    checker = commands.add_parser(
        "check", help="what differs between there and here; exit 1 if anything does"
    )
    checker.set_defaults(do=_check)
    looker = commands.add_parser("look", help="where everybody is there")
    looker.set_defaults(do=_look)
    reviewer = commands.add_parser("review", help="approve and screen out, by how it ended for them here")
    reviewer.set_defaults(do=_review)
    payer = commands.add_parser(
        "pay", help="pay the bonuses that are due, each once; exit 1 unless all are paid"
    )
    payer.add_argument(
        "--whole",
        action="store_true",
        help="with the base of those to whom the completion code brings none: who returned, say",
    )
    payer.set_defaults(do=_pay)
    settler = commands.add_parser("settle", help="say of bonuses that are left to you whether they were paid")
    settler.add_argument(
        "payout", type=number_of_row, metavar="NUMBER", help="of the bonuses, as `pay` and the page have it"
    )
    said = settler.add_mutually_exclusive_group(required=True)
    said.add_argument("--paid", action="store_true", help="they were")
    said.add_argument("--not-paid", action="store_true", help="they were not, and are due again")
    settler.add_argument("--player", type=number_of_row, metavar="NUMBER", help="only that of this player")
    settler.set_defaults(do=_settle)
    forgetter = commands.add_parser("forget", help="forget the token, and read nothing more")
    forgetter.set_defaults(do=_forget)
    for one in (reviewer, payer):
        one.add_argument("--yes", action="store_true", help="without being asked again")
    for one in (setter, checker, looker, reviewer, payer):
        one.add_argument("--json", action="store_true", help="print it as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    code: int = options.do(options, config)
    return code


def _connect(options: argparse.Namespace, config: Config) -> int:
    token = _token() if options.token else ""

    async def do(conn: Connection) -> str:
        async with conn.transaction():
            await find_session(conn, options.session)
            await recruitment.connect_with(conn, config, options.session, options.study, token)
            await _note(conn, options, "connected, with a token" if token else "connected")
            return (await the_recruitment(conn, options.session)).study_id

    print(f"{options.session} recruits by the study {connected(config, do)}. `check` says what differs.")
    return 0


def _setup(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection) -> list[SetUpGuide]:
        await find_session(conn, options.session)
        study = await read_study(conn, options.session)
        return await guides_of(conn, options.session, study, config.public_url)

    found = connected(config, do)
    guide = next(one for one in found if options.by in (None, one.key))
    print(json.dumps(asdict(guide), ensure_ascii=False) if options.json else "\n".join(steps_of(guide)))
    return 0


def _check(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection, found: Recruitment, study: Study) -> int:
        assert found.told is not None
        places = await places_of(conn, options.session)
        lines = compared(
            KINDS[found.recruiter], found.told, study, options.session, config.public_url, places
        )
        if options.json:
            keys = ("what", "theirs", "ours", "differs")
            print(json.dumps([{key: getattr(one, key) for key in keys} for one in lines], ensure_ascii=False))
        else:
            print(f"{found.recruiter}: {found.told.name} ({found.told.status.lower()})")
            for one in lines:
                print(
                    f"{'!' if one.differs else ' '} {one.what}: {one.theirs} there, {one.ours} here.",
                    one.differs,
                )
        return int(any(one.differs for one in lines))

    return _looked(options, config, do)


def _look(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection, found: Recruitment, study: Study) -> int:
        people = await submissions.people_there(conn, options.session)
        if options.json:
            keys = ("label", "status", "outcome", "standing", "handed_in")
            listed = [{key: getattr(one, key) for key in keys} for one in people]
            print(json.dumps(dict(standings=found.standings, not_here=found.not_here, people=listed)))
            return 0
        for words, many in found.counts:
            print(f"{many:6,}  {words}")
        if found.not_here:
            print(f"{found.not_here:6,}  of these nobody who came here, or not by an id that tells who it is")
        for one in people:
            print(
                f"{one.label:20}  {one.outcome or one.status:14}  {one.words}  {one.handed_in or ''}".rstrip()
            )
        return 0

    return _looked(options, config, do)


def _review(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection, found: Recruitment, study: Study) -> int:
        now = await reviews.proposed(conn, found, study)
        approved, screened = now.those("approve"), now.those("screen_out")
        if not options.json or not options.yes:
            for one in now.lines:
                what = {"approve": "approve", "screen_out": "screen out", "by_hand": "left to you"}[
                    one.verdict
                ]
                notes = "; ".join(part for part in (one.why, one.differs) if part)
                print(f"{one.label:20}  {one.outcome:14}  {what}  {notes}".rstrip(), file=sys.stderr)
        if approved or screened:
            _ask(options, f"Approve {len(approved):,} and screen out {len(screened):,} people?")
            async with conn.transaction():
                asked = await reviews.confirm_reviews(conn, found, study, now.digest, COMMAND_LINE)
                if not asked.before:
                    await _note(conn, options, "reviewed", approved=len(approved), screened_out=len(screened))
            await _until(conn, config, options.session, _reviewed, LOOKS)
        done = await reviews.reviews_of(conn, options.session)
        told = {
            state: sum(one.state == state for one in done) for state in ("asked", "sent", "done", "refused")
        }
        if options.json:
            print(json.dumps(told | dict(left_to_you=len(now.those("by_hand")))))
        else:
            print(
                ", ".join(f"{many:,} {state}" for state, many in told.items() if many)
                or "Nobody awaits review."
            )
            for reason in sorted(
                {one.said for one in done if one.state in ("asked", "refused") and one.said}
            ):
                print(reason)
        return 0

    return _looked(options, config, do)


def _pay(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection, found: Recruitment, study: Study) -> int:
        async with conn.transaction():
            now = await bonuses.due(conn, found, study, options.whole)
        ids: list[int] = []
        if now.lines:
            if not options.json or not options.yes:
                print(*lines_of(now), sep="\n", file=sys.stderr)
            _ask(
                options, f"Pay {len(now.lines):,} people {texts_in().money(now.total, now.currency)} in all?"
            )
            async with conn.transaction():
                begun = await bonuses.confirm(conn, found, study, options.whole, now.digest, COMMAND_LINE)
                ids = [*begun.ids]
                money = dict(amount=str(now.total), currency=now.currency)
                if begun.now:
                    await _note(conn, options, "paid", people=len(now.lines), **money)
        for note in notes_of(now, found):
            print(note, file=sys.stderr)
        if ids:
            print(
                "It is paid in the minutes that follow. Who leaves leaves it to the server.", file=sys.stderr
            )
        await _until(conn, config, options.session, _paid, PAYS)
        print("\n".join(await told(conn, options.session, ids, options.json)))
        return int(not await are_paid(conn, options.session, ids))

    return _looked(options, config, do)


def _settle(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection) -> str:
        async with conn.transaction():
            await find_session(conn, options.session)
            said, is_new = await bonuses.settle(
                conn, options.session, options.payout, options.player, options.paid, COMMAND_LINE
            )
            about = str(options.player or "")
            if is_new:
                await _note(conn, options, f"said to be {'paid' if options.paid else 'not paid'}", about)
            return said

    print(connected(config, do))
    return 0


def _forget(options: argparse.Namespace, config: Config) -> int:
    async def do(conn: Connection) -> None:
        async with conn.transaction():
            await find_session(conn, options.session)
            await recruitment.forget(conn, options.session)
            await _note(conn, options, "token forgotten")

    connected(config, do)
    print("The token is forgotten. It goes on being good there: delete it in your account, too.")
    return 0


def _looked(options: argparse.Namespace, config: Config, do: Work) -> int:
    """Once the recruiter has just been asked where everybody is."""

    async def work_on(conn: Connection) -> int:
        await find_session(conn, options.session)
        before = await the_recruitment(conn, options.session)
        before.made(config)  # says what is wrong with the token
        await recruitment.look_soon(conn, options.session)

        async def looked(conn: Connection, session_id: str) -> bool:
            now = await the_recruitment(conn, session_id)
            if now.failures:
                raise Refusal(now.problem)
            return now.looked_at != before.looked_at and now.told is not None

        await _until(conn, config, options.session, looked, LOOKS)
        found = await the_recruitment(conn, options.session)
        return await do(conn, found, await read_study(conn, options.session))

    return connected(config, work_on)


async def _until(
    conn: Connection,
    config: Config,
    session_id: str,
    done: Callable[[Connection, str], Awaitable[bool]],
    seconds: float,
) -> None:
    """What is due is done here, unless a server has the turn and does it."""
    deadline = time.monotonic() + seconds
    while not await done(conn, session_id):
        if time.monotonic() > deadline:
            return
        async with turn(conn) as ours:
            while ours and await work(conn, config, session_id):
                pass
        if not await done(conn, session_id):
            await asyncio.sleep(0.5)


async def _reviewed(conn: Connection, session_id: str) -> bool:
    found = await reviews.reviews_of(conn, session_id)
    return not any(one.state == "asked" for one in found)


async def _paid(conn: Connection, session_id: str) -> bool:
    return all(one.is_over for one in await payouts.payouts_of(conn, session_id))


def _ask(options: argparse.Namespace, question: str) -> None:
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise Refusal(
            f"Nothing was done: {question[0].lower()}{question[1:]} Give --yes to do it without being asked."
        )
    if input(f"{question} Type yes: ").strip().lower() != "yes":
        raise Refusal("Nothing was done.")


def _token() -> str:
    if sys.stdin.isatty():
        return getpass("Token: ")
    token = sys.stdin.readline().strip()
    if not token:
        raise RecruitingError("No token came on standard input.")
    return token


async def _note(
    conn: Connection, options: argparse.Namespace, done: str, about: str = "", **data: object
) -> None:
    await security.write(conn, "recruiter", COMMAND_LINE, "", options.session, about, done=done, **data)
