"""The command line."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import logging
import os
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import psycopg

from app import __version__
from app.commands import check as check_command
from app.commands import new, payments, replay
from app.commands import rehearse as rehearsal
from app.commands.arguments import Parser, Refusal, count, port
from app.config import Config, ConfigError, read_config
from app.database.connections import Connection, connect
from app.database.embedded import EmbeddedError
from app.database.running import database
from app.players.people import PeopleError, Person, read_people
from app.sessions.sessions import SessionError
from app.study.model.study import Study
from app.study.reading import check, parse, read_folder
from app.study.toml.mistakes import StudyError

T = TypeVar("T")


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 a promise was found broken, 2 what was asked cannot be done (one sentence on stderr)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options, _config(options))
        return code
    except (Refusal, ConfigError, EmbeddedError, PeopleError, SessionError, StudyError) as error:
        print(error, file=sys.stderr)
        return 2
    except psycopg.Error as error:
        print(
            f"The database refused: {_first_line(error)}. Check DATABASE_URL and that Postgres runs.",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; that is its right
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="networklab",
        description="Live experiments with hundreds of people, and proof that nothing was lost.",
        epilog="DATABASE_URL names a Postgres; without it an embedded one lives in NETWORKLAB_HOME.",
    )
    parser.add_argument("--version", action="version", version=f"networklab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace, Config], int], help: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        added.set_defaults(run=run)
        return added

    demo = command("demo", _demo, "a live example with bots, in your browser within a minute")
    demo.add_argument("--players", type=count, default=24, metavar="N", help="bots that arrive (default 24)")
    demo.add_argument("--port", type=port, help="where to listen (default 8000)")
    demo.add_argument("--study", type=Path, metavar="DIR", help="another study than the example")
    demo.add_argument("--no-bots", action="store_true", help="only the session and its links")

    serve = command("serve", _serve, "the production server")
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=port, help="port to listen on (default 8000)")
    serve.add_argument("--processes", type=count, metavar="N", help="server processes (default 2)")
    serve.add_argument(
        "--dev",
        type=Path,
        metavar="STUDY",
        help="instead: this study in a window of its own, as players and researcher see it, new at each save",
    )
    serve.add_argument(
        "--players", type=count, metavar="N", help="with --dev: how many are shown (default 4)"
    )

    process = commands.add_parser("serve-process")  # what `serve` starts N of; not for people
    process.add_argument("descriptors", type=int, nargs=2)
    process.set_defaults(run=_serve_process)

    new.add(command("new", new.run, "make a study that runs, from three questions"))

    check_command.add(command("check", check_command.run, "validate a study and say what can never work"))

    opener = command("open", _open, "create a session with its door open: people can sign in and wait")
    opener.add_argument("study", type=Path, metavar="STUDY", help="the study's folder")
    opener.add_argument(
        "--players", type=Path, required=True, metavar="CSV", help="columns token, label, type"
    )
    opener.add_argument("--name", help="the session's name (default: the study's title)")
    opener.add_argument("--links", type=Path, metavar="CSV", help="write one join link per player here")
    opener.add_argument("--json", action="store_true", help='print {"session": "…", "players": 700}')

    for name, help in (
        ("start", "seating begins"),
        ("pause", "everything stands still"),
        ("resume", "goes on; every deadline moves by the length of the pause"),
        ("close", "nobody comes in any more, rooms end, everyone gets a code"),
    ):
        action = command(name, _act, help)
        action.add_argument("session", metavar="SESSION")
        action.add_argument("--json", action="store_true", help="print the session as JSON")
        action.set_defaults(action=name)

    mender = command("mend", _mend, "give a paused session another hooks.py; rooms that it stopped try again")
    mender.add_argument("session", metavar="SESSION")
    mender.add_argument("study", type=Path, metavar="STUDY", help="the study's folder, with hooks.py mended")

    lister = command("sessions", _sessions, "list the sessions there are")
    lister.add_argument("--json", action="store_true", help="print them as JSON")

    rehearsal.add(command("rehearse", rehearsal.run_rehearse, "players that are bots, and a verdict"))

    rehearsal.add_drill(
        command("drill", rehearsal.run_drill, "a rehearsal in which servers and databases are killed")
    )

    exporter = command("export", _export, "the data, with a manifest")
    exporter.add_argument("session", metavar="SESSION")
    exporter.add_argument("--to", type=Path, required=True, metavar="DIR|FILE.zip")
    exporter.add_argument("--json", action="store_true", help="print the manifest")

    verifier = command("verify", _verify, "recount: acknowledged = stored = exported")
    verifier.add_argument("session", metavar="SESSION")
    verifier.add_argument("--export", type=Path, metavar="DIR|FILE.zip", help="check this export too")
    verifier.add_argument(
        "--receipts", type=Path, metavar="FILE", help="look these up in the export too, one receipt a line"
    )
    verifier.add_argument("--json", action="store_true", help="print the verdict as JSON")

    payer = command("payments", payments.run, "the bonuses to be paid, as a recruiter takes them in bulk")
    payments.add(payer)

    replay.add(command("replay", replay.run, "a session again from its logs, at any moment"))

    admin = command("admin", _help, "dashboard accounts")
    adders = admin.add_subparsers(metavar="COMMAND", required=True)
    adder = adders.add_parser("add", help="add an account, or give it a new password")
    adder.add_argument("name", metavar="NAME")
    adder.add_argument("--password", help="else it is asked for, or read from standard input")
    adder.add_argument("--observer", action="store_true", help="an account that watches and changes nothing")
    adder.set_defaults(run=_admin_add)
    return parser


def _config(options: argparse.Namespace) -> Config:
    environ = dict(os.environ)
    for option, name in (("host", "HOST"), ("port", "PORT"), ("processes", "NETWORKLAB_PROCESSES")):
        if getattr(options, option, None):
            environ[name] = str(getattr(options, option))
    return read_config(environ)


def _with_connection(config: Config, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def run(url: str) -> T:
        conn = await connect(url, "command line")
        try:
            async with conn.transaction():
                return await work(conn)
        finally:
            await conn.close()

    with database(config) as url:
        return asyncio.run(run(url))


def _demo(options: argparse.Namespace, config: Config) -> int:
    from app.commands.demo import run_demo
    from app.web.processes import PortTaken

    try:
        run_demo(config, options.study, options.players, not options.no_bots)
    except PortTaken as error:
        raise Refusal(str(error)) from None
    return 0


def _serve(options: argparse.Namespace, config: Config) -> int:
    from app.web.processes import PortTaken, Processes, bind

    if options.dev:
        return _preview(options, config)
    if options.players:
        raise Refusal(
            "--players says how many the window of --dev shows. Give --dev STUDY too, or leave it out."
        )
    try:
        listener = bind(config.host, config.port)
    except PortTaken as error:
        raise Refusal(str(error)) from None
    with database(config, watch=True) as url:
        shown = f"[{config.host}]" if ":" in config.host else config.host
        print(
            f"NetworkLab serves http://{shown}:{config.port} with {config.processes} processes. Ctrl-C stops it.",
            flush=True,
        )
        Processes(config.processes, listener, url).run(lambda: _migrate(url))
    return 0


def _preview(options: argparse.Namespace, config: Config) -> int:
    from app.preview.server import LOCAL, MOST, run_preview
    from app.web.processes import PortTaken

    if config.host not in LOCAL:
        raise Refusal(
            f"--dev makes a researcher of whoever opens its page, so it listens on 127.0.0.1, not on {config.host}."
        )
    if (options.players or 0) > MOST:
        raise Refusal(f"A window has room for {MOST} players; give --players {MOST} or fewer.")
    try:
        run_preview(config, options.dev, options.players)
    except PortTaken as error:
        raise Refusal(str(error)) from None
    return 0


def _migrate(url: str) -> None:
    """Before new processes take the place of old ones: the old ones run on what the new ones have migrated."""
    from app.database.running import migrate_at

    try:
        asyncio.run(migrate_at(url))
    except (psycopg.Error, ConfigError) as error:
        print(f"Not migrated: {_first_line(error)}.", file=sys.stderr)


def _serve_process(options: argparse.Namespace, config: Config) -> int:
    from app.web.server import serve_one

    assert config.database_url is not None
    descriptor, lifeline = options.descriptors
    serve_one(config, config.database_url, socket.socket(fileno=descriptor), lifeline)
    return 0


def _open(options: argparse.Namespace, config: Config) -> int:
    from app.players.players import also_invited_to
    from app.rehearsal.trial import try_hooks
    from app.sessions.sessions import Session, open_session

    study = parse(read_folder(options.study))
    people = read_people(options.players, study)
    if options.links and options.links.is_dir():
        raise Refusal(f"{options.links} is a folder. Give --links a file name.")
    tried = asyncio.run(try_hooks(study))
    if failing := [mistake for mistake in tried if mistake.grave]:
        raise StudyError(failing)
    # Not a refusal: a pilot with a handful of people is a good idea, though some rooms can't fill then.
    for mistake in [*check(study.files, Counter(person.type for person in people)), *tried]:
        print(f"note: {mistake}", file=sys.stderr)

    async def work(conn: Connection) -> tuple[Session, list[tuple[str, int]]]:
        session = await open_session(conn, study, people, options.name)
        if options.links:
            _write_links(options.links, people, config.public_url)
        return session, await also_invited_to(conn, session.id, people)

    session, shared = _with_connection(config, work)
    for name, many in shared:
        known = f"{many} of these tokens are also in the open session “{name}”"
        print(
            f"note: {known}; their links lead to the new one, unless they are in the other already.",
            file=sys.stderr,
        )
    if options.json:
        print(json.dumps(dict(session=session.id, players=len(people))))
    else:
        print(f"Session {session.id}, “{session.name}”, is open for {len(people):,} players.")
        if options.links:
            print(f"Their links are in {options.links}. Keep it safe: who has a link is that player.")
        else:
            print(f"A player's link is {config.public_url}/join/TOKEN; --links FILE writes them all.")
        print(f"`networklab serve` lets them in; `networklab start {session.id}` begins seating.")
    return 0


def _write_links(path: Path, people: tuple[Person, ...], public_url: str) -> None:
    """The tokens are only here: the database keeps their hashes."""
    temporary = path.with_name(path.name + ".part")
    try:
        with open(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            "w",
            newline="",
            encoding="utf-8",
        ) as file:
            os.fchmod(file.fileno(), 0o600)  # it may have been left there by somebody with another mode
            writer = csv.writer(file)
            writer.writerow(["token", "label", "type", "link"])
            for person in people:
                writer.writerow(
                    [person.token, person.label, person.type, f"{public_url}/join/{quote(person.token)}"]
                )
        temporary.replace(path)
    except OSError as error:
        raise Refusal(
            f"The links can't be written to {path} ({error.strerror}); no session was made. Give --links another name."
        ) from None


def _act(options: argparse.Namespace, config: Config) -> int:
    from app.sessions.actions import ACTIONS
    from app.sessions.sessions import find_session

    async def work(conn: Connection) -> tuple[str, str]:
        sentence = await ACTIONS[options.action](conn, options.session, "command line")
        return sentence, (await find_session(conn, options.session)).status

    sentence, status = _with_connection(config, work)
    print(json.dumps(dict(session=options.session, status=status)) if options.json else sentence)
    return 0


def _mend(options: argparse.Namespace, config: Config) -> int:
    from app.sessions.stopped_rooms import mend
    from app.study.reading import parse, read_folder

    study = parse(read_folder(options.study))
    print(_with_connection(config, lambda conn: mend(conn, options.session, study, "command line")))
    return 0


def _sessions(options: argparse.Namespace, config: Config) -> int:
    from app.sessions.sessions import list_sessions

    found = _with_connection(config, list_sessions)
    if options.json:
        print(
            json.dumps([dict(session=s.id, name=s.name, status=s.status, players=s.players) for s in found])
        )
    elif not found:
        print("There is no session yet; `networklab open STUDY --players people.csv` makes one.")
    else:
        for s in found:
            print(f"{s.id}  {s.status:8} {s.players:6,} players  {s.records:9,} records  {s.name}")
    return 0


def _export(options: argparse.Namespace, config: Config) -> int:
    from app.export import export

    async def run(url: str) -> object:
        study = await _study_of(url, options.session)
        if options.to.suffix == ".zip":
            return await export.write_zip(url, options.session, study, options.to)
        return await export.write_folder(url, options.session, study, options.to)

    with database(config) as url:
        try:
            manifest = asyncio.run(run(url))
        except export.ExportError as error:
            raise Refusal(str(error)) from None
    print(
        json.dumps(manifest, ensure_ascii=False)
        if options.json
        else f"Exported {options.session} to {options.to}."
    )
    return 0


def _verify(options: argparse.Namespace, config: Config) -> int:
    from app.export import verify
    from app.rooms import receipts

    try:
        kept = receipts.read_receipts(options.receipts) if options.receipts else []
    except receipts.ReceiptsError as error:
        raise Refusal(str(error)) from None

    async def run(url: str) -> verify.Verdict:
        study = await _study_of(url, options.session)
        return await verify.verify(url, options.session, study, options.export, kept)

    with database(config) as url:
        verdict = asyncio.run(run(url))
    print(json.dumps(verdict.as_json(), ensure_ascii=False) if options.json else str(verdict))
    return 0 if verdict.ok else 1


async def _study_of(url: str, session_id: str) -> Study:
    """The study of a session that there is; raises `SessionError` for one that there is not."""
    from app.sessions.sessions import find_session
    from app.sessions.studies import read_study

    conn = await connect(url, "command line")
    try:
        await find_session(conn, session_id)
        return await read_study(conn, session_id)
    finally:
        await conn.close()


def _admin_add(options: argparse.Namespace, config: Config) -> int:
    from getpass import getpass

    from app.web.accounts import put_account

    name = options.name.strip()
    if not name or not name.isprintable() or len(name) > 100:
        raise Refusal("An account's name is 1 to 100 plain characters.")
    password = options.password
    if password is None:
        password = (
            getpass(f"Password for {name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        )
    if len(password) < 8:
        raise Refusal("The password is too short: give at least 8 characters.")
    _with_connection(config, lambda conn: put_account(conn, name, password, options.observer))
    what = " to watch" if options.observer else ""
    print(f"{name} can log in{what} at {config.public_url}/admin.")
    return 0


def _help(options: argparse.Namespace, config: Config) -> int:
    raise Refusal("Say `networklab admin add NAME`.")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
