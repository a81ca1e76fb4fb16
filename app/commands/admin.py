"""`networklab admin`: accounts for the dashboard."""

from __future__ import annotations

import argparse
import sys
from getpass import getpass

from app.commands.arguments import Refusal
from app.commands.connection import in_transaction
from app.config import Config
from app.web.accounts import put_account


def add(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    adder = commands.add_parser("add", help="add an account, or give it a new password")
    adder.add_argument("name", metavar="NAME")
    adder.add_argument("--password", help="else it is asked for, or read from standard input")
    adder.add_argument("--observer", action="store_true", help="an account that watches and changes nothing")
    adder.set_defaults(do=_add)


def run(options: argparse.Namespace, config: Config) -> int:
    code: int = options.do(options, config)
    return code


def _add(options: argparse.Namespace, config: Config) -> int:
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
    in_transaction(config, lambda conn: put_account(conn, name, password, options.observer))
    what = " to watch" if options.observer else ""
    print(f"{name} can log in{what} at {config.public_url}/admin.")
    return 0
