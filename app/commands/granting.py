"""`admin grant` and `studies grant`: who is on a session, or on a study, said by the same rules."""

from __future__ import annotations

import argparse

from app.commands.arguments import Refusal
from app.commands.connection import in_transaction
from app.config import Config
from app.web.access.granting import EVERYBODY, NOBODY, Granting
from app.web.access.security import COMMAND_LINE


def add_granting(
    parser: argparse.ArgumentParser, granting: Granting, metavar: str, what: str, to_all: str
) -> None:
    """`metavar`: of its id, and `what` that is; `to_all`: what --everybody does."""
    said = (*granting.roles, NOBODY)
    parser.add_argument("on", metavar=metavar, help=what)
    parser.add_argument("name", metavar="NAME", nargs="?", help="the account")
    parser.add_argument(
        "role", metavar="|".join(said), nargs="?", choices=said, help="as what; nobody takes them off"
    )
    if "observer" in granting.roles:
        parser.add_argument(
            "--files", action="store_true", help="an observer may export and see payments, too"
        )
    parser.add_argument("--everybody", action="store_true", help=to_all)
    parser.set_defaults(do=_grant, granting=granting, files=False, example=f"{parser.prog.partition(' ')[2]}")


def _grant(options: argparse.Namespace, config: Config) -> int:
    on, name = options.on, (options.name or "").strip()
    granting: Granting = options.granting
    if options.everybody == bool(options.role):
        raise Refusal(f"Say who and what, such as `{options.example} {on} ada colleague`, or --everybody.")
    said = EVERYBODY if options.everybody else options.role
    print(
        in_transaction(config, lambda conn: granting.say(conn, on, name, said, COMMAND_LINE, options.files))
    )
    return 0
