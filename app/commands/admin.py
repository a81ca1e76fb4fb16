"""`networklab admin`: accounts for the dashboard."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from datetime import datetime
from getpass import getpass

from app.commands.arguments import THE_SESSION, as_typed, count, number_of_row
from app.commands.clusters import ask, copied_accounts, told_by_each
from app.commands.connection import in_transaction
from app.commands.granting import add_granting
from app.config import Config
from app.database.connections import Connection
from app.sessions.sessions import find_session
from app.web.access import api_tokens, security
from app.web.access.accounts import ListedAccount, list_accounts, put_account, remove_account, set_password
from app.web.access.api_tokens import DAYS, SCOPES, ApiToken
from app.web.access.granting import GivenRight
from app.web.access.passwords import new_hash
from app.web.access.rights import SESSIONS
from app.web.access.second_factor import turn_off
from app.web.access.security import COMMAND_LINE, SecurityEvent, read_all
from app.web.access.study_rights import STUDIES


def add(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    adder = commands.add_parser("add", help="add an account, or give it a new password and role")
    _add_name_and_password(adder)
    adder.add_argument("--observer", action="store_true", help="an account that watches and changes nothing")
    adder.set_defaults(do=_add)
    lister = commands.add_parser("list", help="the accounts there are, and their log-ins")
    lister.add_argument("--session", metavar="SESSION", help="those who are on it, instead, as what")
    lister.add_argument("--json", action="store_true", help="print them as JSON")
    lister.set_defaults(do=_list)
    setter = commands.add_parser("password", help="a new password; ends all log-ins and open pages at once")
    _add_name_and_password(setter)
    setter.add_argument(
        "--two-factor-off",
        action="store_true",
        help="turn their second factor off: the app and its codes are lost",
    )
    setter.set_defaults(do=_set_password)
    remover = commands.add_parser("remove", help="remove an account; ends its log-ins and open pages at once")
    remover.add_argument("name", metavar="NAME", help="the account")
    remover.set_defaults(do=_remove)
    maker = commands.add_parser("token", help="a token by which a program does what this account may")
    maker.add_argument("name", metavar="NAME")
    maker.add_argument("--for", dest="what", required=True, metavar="WHAT", help="what it is for, in words")
    maker.add_argument("--read", action="store_true", help="it only reads, and gets no join links")
    maker.add_argument(
        "--days", type=count, default=DAYS, metavar="N", help=f"that it lasts (default {DAYS})"
    )
    maker.add_argument("--json", action="store_true", help="print it as JSON")
    maker.set_defaults(do=_make_token)
    tokens = commands.add_parser("tokens", help="the tokens there are; none can be read again")
    tokens.add_argument("name", metavar="NAME", nargs="?", help="of this account alone")
    tokens.add_argument("--json", action="store_true", help="print them as JSON")
    tokens.set_defaults(do=_list_tokens)
    revoker = commands.add_parser("revoke", help="end a token at once")
    revoker.add_argument("number", type=number_of_row, metavar="NUMBER", help="as `admin tokens` has it")
    revoker.set_defaults(do=_revoke_token)
    logger = commands.add_parser("log", help="the security log, the newest first")
    logger.add_argument("--session", metavar="SESSION", help="only what is about this session")
    logger.add_argument("--most", type=count, default=200, metavar="N", help="so many lines (default 200)")
    logger.add_argument("--json", action="store_true", help="print it as JSON, a line each")
    logger.set_defaults(do=_log)
    granter = commands.add_parser(
        "grant",
        help="put somebody on a session as what, or take them off; from then on only those named see it",
    )
    add_granting(granter, SESSIONS, "SESSION", THE_SESSION, "let everybody with an account see it again")


def run(options: argparse.Namespace, config: Config) -> int:
    code: int = options.do(options, config)
    return code


def _add(options: argparse.Namespace, config: Config) -> int:
    name, password = options.name.strip(), _password(options)
    in_transaction(config, lambda conn: put_account(conn, name, password, options.observer))
    what = " to watch" if options.observer else ""
    print(f"{name} can log in{what} at {config.public_url}/admin.")
    return 0


def _list(options: argparse.Namespace, config: Config) -> int:
    if options.session:
        return _list_rights(options, config)
    found = in_transaction(config, list_accounts)
    if options.json:
        print(json.dumps([_as_json(one) for one in found], ensure_ascii=False))
    elif not found:
        print(as_typed("There is no account yet; `networklab admin add NAME` makes one."))
    for one in found if not options.json else ():
        role = "watches" if one.observes else "researcher"
        role = role if one.has_password else "of a command"
        many = f"{one.logins} log-in{'' if one.logins == 1 else 's'}"
        seen = f", last seen {one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else ""
        factors = ", two factors" if one.two_factor else ""
        print(f"{one.name:20}  {role:12}  {many}{seen}{factors}")
    return 0


def _set_password(options: argparse.Namespace, config: Config) -> int:
    name = options.name.strip()
    hashed = new_hash(name, _password(options))

    async def work(conn: Connection) -> bool:
        await set_password(conn, name, hashed)
        off = options.two_factor_off and await turn_off(conn, name)
        if off:
            await security.write(conn, "two_factor_off", COMMAND_LINE, about=name)
        return bool(off)

    off = in_transaction(config, work)
    print(f"{name} has a new password. Whoever was logged in as {name} is not any more.")
    if off:
        print("The second factor is off: the password is enough.")
    return 0


def _remove(options: argparse.Namespace, config: Config) -> int:
    name = options.name.strip()

    async def work(conn: Connection) -> tuple[list[str], list[str]]:
        before, studies = await SESSIONS.owned_by_nobody(conn), await STUDIES.owned_by_nobody(conn)
        await remove_account(conn, name)
        return (
            [one for one in await SESSIONS.owned_by_nobody(conn) if one not in before],
            [one for one in await STUDIES.owned_by_nobody(conn) if one not in studies],
        )

    left, left_studies = in_transaction(config, work)
    there, away = _gone_elsewhere(config) if config.clusters else ([], [])
    left += there
    print(f"The account {name} is removed. Whoever was logged in as {name} is not any more.")
    for one in away:
        print(f"note: {one} does not answer; what {name} was on there goes once it does.", file=sys.stderr)
    for session in left:
        print(
            as_typed(
                f"Session {session} has no owner now: `networklab admin grant {session} NAME owner` names one."
            )
        )
    for study in left_studies:
        print(
            as_typed(
                f"Study {study} has no owner now: `networklab studies grant {study} NAME owner` names one."
            )
        )
    return 0


def _gone_elsewhere(config: Config) -> tuple[list[str], list[str]]:
    """The sessions in others of several databases that have no owner since accounts were copied there, and the names of
    those that can't be told."""

    async def work(other: Config) -> list[str] | None:
        before = await ask(other, SESSIONS.owned_by_nobody)
        if before is None:
            return None
        await copied_accounts(config, other)
        after = await ask(other, SESSIONS.owned_by_nobody)
        return None if after is None else [one for one in after if one not in before]

    others = [config.of(name) for name in config.clusters if name != config.cluster]
    found = [asyncio.run(work(other)) for other in others]
    return (
        [one for those in found for one in those or ()],
        [other.cluster for other, those in zip(others, found, strict=True) if those is None],
    )


def _make_token(options: argparse.Namespace, config: Config) -> int:
    name, scope = options.name.strip(), SCOPES[0] if options.read else SCOPES[1]

    async def work(conn: Connection) -> str:
        return await api_tokens.make(conn, name, options.what.strip(), scope, options.days, COMMAND_LINE)

    token = in_transaction(config, work)
    if options.json:
        print(json.dumps(dict(token=token, account=name, scope=scope, days=options.days)))
    else:
        print(token)
        print(as_typed("It is shown this once. `networklab admin revoke` ends it."), file=sys.stderr)
    return 0


def _list_tokens(options: argparse.Namespace, config: Config) -> int:
    found = in_transaction(config, lambda conn: api_tokens.tokens_of(conn, options.name))
    if options.json:
        print(json.dumps([_token_as_json(one) for one in found], ensure_ascii=False))
    elif not found:
        print(as_typed("There is no token; `networklab admin token NAME --for WHAT` makes one."))
    for one in found if not options.json else ():
        used = f"last used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never used"
        used += f" from {one.used_from}" if one.used_from else ""
        until = f"{'expired' if one.expired else 'until'} {one.expires_at:%Y-%m-%d}"
        print(f"{one.id:4}  {one.account:20}  {one.scope:4}  {until}, {used}  {one.name}")
    return 0


def _revoke_token(options: argparse.Namespace, config: Config) -> int:
    name = in_transaction(config, lambda conn: api_tokens.revoke(conn, options.number, COMMAND_LINE))
    print(f"The token for “{name}” is revoked. Whatever says it is refused from now on.")
    return 0


def _log(options: argparse.Namespace, config: Config) -> int:
    """Of all databases that there are: what is about a session stays where it was when that was done."""

    async def work(conn: Connection) -> list[SecurityEvent]:
        return await read_all(conn, options.session, most=options.most)

    found = dict[str, list[SecurityEvent]]()
    if options.session or not config.clusters:
        found[config.cluster] = in_transaction(config, work)  # where it is now has to answer
    others = [name for name in config.clusters if name not in found] if found else []
    if others or not found:
        found |= told_by_each(config, work, "what was noted there is not among this", others)
    all_said = len(found) == len(config.clusters or found)
    told = security.newest(found, options.most)
    for where, one in told:
        place = {"database": where} if where else {}
        if options.json:
            shown = asdict(one) | dict(at=one.at.isoformat()) | place
            print(json.dumps(shown, ensure_ascii=False))
        else:
            fields = {"by": one.account, "about": one.about, "session": one.session_id, "from": one.address}
            words = [
                f"{key} {value}"
                for key, value in (fields | one.data | place).items()
                if value not in ("", None)
            ]
            print(f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {one.what:20}  {', '.join(words)}")
    if not told and not options.json:
        print("Nothing has happened yet." if all_said else "Nothing was noted in the databases that answer.")
    return 0 if all_said else 1


def _list_rights(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> list[GivenRight]:
        await find_session(conn, options.session)
        return await SESSIONS.given_on(conn, options.session)

    given = in_transaction(config, work)
    if options.json:
        print(json.dumps([dict(name=one.account, role=one.role, files=one.files) for one in given]))
    elif not given:
        print(
            as_typed(
                f"Everybody with an account is on {options.session}. `networklab admin grant` names who is."
            )
        )
    for one in given if not options.json else ():
        print(f"{one.account:20}  {one.role}{', with files' if one.takes_files else ''}")
    return 0


def _add_name_and_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the account")
    parser.add_argument("--password", help="else it is asked for, or read from standard input")


def _password(options: argparse.Namespace) -> str:
    if options.password is not None:
        return str(options.password)
    if sys.stdin.isatty():
        return getpass(f"Password for {options.name.strip()}: ")
    return sys.stdin.readline().rstrip("\n")


def _token_as_json(one: ApiToken) -> dict[str, object]:
    told = asdict(one).items()
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told}


def _as_json(one: ListedAccount) -> dict[str, object]:
    seen = one.seen_at.isoformat() if one.seen_at else None
    return dict(
        name=one.name, observer=one.observes, two_factor=one.two_factor, logins=one.logins, seen_at=seen
    )
