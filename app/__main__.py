"""The command line: each command is a file of app/commands; action, arguments, before, clusters, connection, granting,
lists, naming, program, progress and signals there are shared, bonus_lines and set_up_lines belong to recruiter, and
size_lines to check.

`serve-process` and `walk` are not in `networklab --help`.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from importlib import import_module

import psycopg

from app import __version__
from app.commands.arguments import Parser, Refusal, as_typed, first_line, refuse_empty
from app.commands.clusters import of_command
from app.commands.program import program
from app.commands.signals import ended_in_order
from app.config import Config, ConfigError, read_config
from app.database.embedded import EmbeddedError
from app.players.lists import PeopleError
from app.recruiters.recruiter import RecruitingError
from app.sessions.sessions import SessionError
from app.study.syntax.mistakes import StudyError
from app.web.access.accounts import AccountError
from app.web.access.api_tokens import ApiTokenError
from app.web.access.granting import RightsError
from app.web.access.passwords import PasswordError
from app.web.processes import PortTaken

# Each is a module of app/commands with `add(parser)`, its options, and `run(options, config)`, its exit code.
COMMANDS = {
    "demo": "a live example with bots, in your browser within a minute",
    "serve": "the production server",
    "serve-process": "",  # what `serve` starts N of; not for people
    "new": "make a study that runs, from three questions",
    "check": "validate a study and say what can never work",
    "walk": "",  # the pages of a study, which the server draws in a process apart; not for people
    "schema": "what an editor needs to complete study.toml and hooks.py",
    "open": "create a session: people come in by their own links, or by one for everybody, and wait",
    "add": "more people into a session that is open or running",
    "places": "how many come in by the link for everybody, changed while they come",
    "links": "the join links of a session again",
    "seal": "study, analysis, sizes and rules with one digest and a time; --check says what did not stay so",
    "start": "seating begins",
    "pause": "everything stands still",
    "resume": "goes on; every deadline moves by the length of the pause",
    "close": "nobody comes in any more, rooms end, everyone gets a code",
    "players": "who is where in a session; somebody taken out, replaced, given a code or another type",
    "rooms": "how each room stands; one moved on, given time or ended, and people seated",
    "tell": "words on the pages of everybody, of a room, or of one person",
    "mend": "give a paused session another hooks.py or other pages; stopped rooms try again",
    "sessions": "list the sessions there are",
    "studies": "the studies that were uploaded, who is on them, and one removed",
    "compare": "two sessions side by side: studies, sizes, who came, how long it took, means by treatment, seals",
    "rehearse": "players that are bots, and a verdict",
    "drill": "a rehearsal in which servers and databases are killed",
    "export": "the data, with a manifest",
    "verify": "recount: acknowledged = stored = exported",
    "transfer": "a closed session into another of several databases, with all its numbers and proofs",
    "archive": "a closed session out of the list of sessions, with nothing deleted; with --back into it again",
    "erase": "what is personal goes, of a person or a session; a tombstone stays, and everything counts as before",
    "payments": "the bonuses to be paid, as a recruiter takes them in bulk",
    "recruiter": "set up with Prolific, SONA, MTurk …; of Prolific what differs, where people are, who is approved"
    " and paid",
    "replay": "a session again from its logs, at any moment",
    "doctor": "what this server needs, each thing looked at, with what helps",
    "backup": "the whole database into a folder, while people play",
    "restore": "a backup into an empty database, and every session in it counted again",
    "admin": "dashboard accounts, and the tokens of their programs",
}


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 a promise was found broken, or only some databases could tell, 2 what was asked cannot be
    done (one sentence on stderr), 128 and a signal's number where one ended it.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    words = sys.argv[1:] if arguments is None else arguments
    with ended_in_order() as signals:
        try:
            return _done(words)
        except KeyboardInterrupt:
            return 128 + (signals or [signal.SIGINT])[0]


def _done(words: list[str]) -> int:
    config: Config | None = None
    try:
        options = _parser(words).parse_args(words)
        refuse_empty(words)
        config = of_command(options, _config(options))
        code: int = options.run(options, config)
        return code
    except (
        AccountError,
        ApiTokenError,
        Refusal,
        ConfigError,
        EmbeddedError,
        PasswordError,
        PeopleError,
        PortTaken,
        RecruitingError,
        RightsError,
        SessionError,
        StudyError,
    ) as error:
        print(as_typed(str(error)), file=sys.stderr)
        return 2
    except psycopg.Error as error:
        which = f" {config.cluster}" if config is not None and config.cluster else ""
        setting = "DATABASE_URLS" if which else "DATABASE_URL"
        said = f"The database{which} refused: {first_line(error)}. Check {setting} and that Postgres runs."
        print(said, file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; that is its right
        return 0


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog=program(),
        description="Live experiments with hundreds of people, and proof that nothing was lost.",
        epilog="DATABASE_URL names a Postgres; without it an embedded one lives in NETWORKLAB_HOME.",
    )
    parser.add_argument("--version", action="version", version=f"networklab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, help in COMMANDS.items():
        if help:
            added = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        else:
            added = commands.add_parser(name)
        if name in words:  # a command waits for its own imports only, so each has them at its top
            command = import_module(f"app.commands.{name.replace('-', '_')}")
            command.add(added)
            added.set_defaults(run=command.run)
    return parser


def _config(options: argparse.Namespace) -> Config:
    environ = dict(os.environ)
    for option, name in (("host", "HOST"), ("port", "PORT"), ("processes", "NETWORKLAB_PROCESSES")):
        if getattr(options, option, None):
            environ[name] = str(getattr(options, option))
    return read_config(environ)


if __name__ == "__main__":
    sys.exit(main())
