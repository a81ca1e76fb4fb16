"""Which of several databases a command is about: that of the session it names, or the one that it names itself."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from app.commands.arguments import Refusal
from app.config import Config
from app.database.clusters import BETWEEN, holder, where_is
from app.database.connections import AWAY, Connection, connect
from app.database.running import migrate_at
from app.sessions.sessions import SessionError, people_expected
from app.web.access.copies import copy_accounts

T = TypeVar("T")
OF_SESSION = ("session", "first", "before", "on")  # options that name one
PATIENCE = 10.0  # seconds that each has to answer


def add_cluster(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--cluster", metavar="NAME", help=f"with DATABASE_URLS, which of them (default: {default})"
    )


def must_say_which(options: argparse.Namespace, config: Config) -> None:
    """For what is done to a whole database. Raises `Refusal` where there are several and none is named."""
    if config.clusters and not options.cluster:
        raise Refusal(f"Say of which database: --cluster {' or --cluster '.join(config.clusters)}.")


def of_command(options: argparse.Namespace, config: Config) -> Config:
    """`config` as of that database; accounts are copied there, so that they can be named. Of one database as it is.

    Raises `Refusal` and `SessionError`.
    """
    named: str | None = getattr(options, "cluster", None)
    if named is not None and named not in config.clusters:
        known = f"there is {', '.join(config.clusters)}" if config.clusters else "DATABASE_URLS names none"
        raise Refusal(f"There is no database called “{named[:40]}”: {known}.")
    if not config.clusters:
        return config
    session = next((one for name in OF_SESSION if (one := getattr(options, name, None))), None)
    if session is not None and Path(str(session)).exists():
        session = None  # a study's folder
    found = named or (session and of_session(config, str(session)))
    return _with_accounts_in(config, found) if found else config


def _with_accounts_in(config: Config, name: str) -> Config:
    """`config` is of the first; as of the one that is called so, to which its accounts are copied."""
    other = config.of(name)
    if name != config.cluster:
        asyncio.run(copied_accounts(config, other))
    return other


async def of_each(
    config: Config, question: Callable[[Connection], Awaitable[T]], names: Sequence[str] = ()
) -> dict[str, T | None]:
    """What each of several databases says, or those `names`, migrated, by its name; None: it does not answer."""
    names = names or [*config.clusters]
    said = await asyncio.gather(*(ask(config.of(name), question) for name in names))
    return dict(zip(names, said, strict=True))


def told_by_each(
    config: Config, question: Callable[[Connection], Awaitable[T]], missing: str, names: Sequence[str] = ()
) -> dict[str, T]:
    """What each says that answers, by its name. Of each of the others standard error has that it is away, and that so
    what is called `missing`. Raises `Refusal` where all were asked and none answers.
    """
    said = asyncio.run(of_each(config, question, names))
    if not names and not any(found is not None for found in said.values()):
        raise Refusal("None of the databases of DATABASE_URLS answers.")
    for name in (name for name, found in said.items() if found is None):
        print(f"note: {name} does not answer, so {missing}.", file=sys.stderr)
    return {name: found for name, found in said.items() if found is not None}


async def ask(own: Config, question: Callable[[Connection], Awaitable[T]]) -> T | None:
    """The same of one of them."""
    try:
        async with asyncio.timeout(PATIENCE):
            url = own.past_pooler(own.database_url or "")
            await migrate_at(url, own)
            conn = await connect(url, "command line")
            try:
                return await question(conn)
            finally:
                await conn.close()
    except AWAY:
        return None


def roomiest(config: Config) -> Config:
    """Where the fewest people are in, or expected, with accounts as `of_command`; of one database as it is. Raises
    `Refusal` where none answers."""
    if not config.clusters:
        return config
    found = asyncio.run(of_each(config, people_expected))
    there = {name: people for name, people in found.items() if people is not None}
    if not there:
        raise Refusal("None of the databases of DATABASE_URLS answers.")
    return _with_accounts_in(config, min(there, key=lambda name: there[name]))


def of_session(config: Config, session: str) -> str | None:
    """As `of_command` looks for it: the name, or None where none that answers has it."""
    return asyncio.run(_having(config, session))


async def _having(config: Config, session: str) -> str | None:
    """None: whoever looks for it is to say that there is none."""
    named, between, _ = session.partition(BETWEEN)
    says = bool(between) and named in config.clusters
    if says:  # where it was opened, and the others need not be there
        alone = await of_each(config, lambda conn: where_is(conn, session), [named])
        if (one := alone[named]) and one.moved_to is None:
            return named
    said = await of_each(config, lambda conn: where_is(conn, session))
    found = {name: one for name, one in said.items() if one is not None}
    having, away = holder(found), [name for name, one in said.items() if one is None]
    moved_to = found[having].moved_to if having else None
    if having and moved_to not in away:
        return having
    if says and named in away:
        return named  # whoever asks there hears why it does not answer
    if away:
        raise SessionError(
            f"No database that answers has a session “{session[:100]}”, and {' and '.join(away)} does not answer. Try"
            " again when it does."
        )
    return None


async def copied_accounts(config: Config, other: Config) -> None:
    """As far as both answer: what is asked of the other one says itself what it lacks."""
    try:
        async with asyncio.timeout(PATIENCE):
            first = await connect(config.past_pooler(config.database_url or ""), "command line")
            try:
                conn = await connect(other.past_pooler(other.database_url or ""), "command line")
                try:
                    await copy_accounts(first, conn)
                finally:
                    await conn.close()
            finally:
                await first.close()
    except AWAY:
        pass
