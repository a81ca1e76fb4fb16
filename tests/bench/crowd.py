"""The people of a benchmark: signed in over HTTP, each with the cookie and the form keys of their own page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.client import Connection, connect, get, post
from tests.bench.figure import WrongAnswer
from tests.house.guests import hidden_fields
from tests.house.house import Opened

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Attendee:
    label: str
    cookie: str
    record_key: str
    message_key: str


async def bring_in(
    base: str,
    opened: Opened,
    entry: Mapping[str, str] = {},
    messages: bool = False,
    form: str = "/play/records",
) -> list[Attendee]:
    """Sign everybody in and read their pages, each with such a form. They must be seated by then."""
    people = list(opened.tokens.items())
    shares = [people[nth::AT_ONCE] for nth in range(AT_ONCE)]
    found = await asyncio.gather(*(_bring(base, share, entry, messages, form) for share in shares))
    return sorted((one for share in found for one in share), key=lambda one: int(one.label[1:]))


async def _bring(
    base: str, people: Sequence[tuple[str, str]], entry: Mapping[str, str], messages: bool, form: str
) -> list[Attendee]:
    connection = await connect(base, Connection)
    cookies = []
    for label, token in people:
        reply = await connection.ask(post(base, f"/join/{token}", entry))
        if reply.status != 303 or not reply.cookie:
            raise WrongAnswer(f"sign-in answered {reply.status}: {reply.body.decode()[:300]}")
        cookies.append((label, reply.cookie))
    # All are in by now, or will be in a moment: the last of a room seats it.
    found = []
    for label, cookie in cookies:
        found.append(await _attendee(base, connection, label, cookie, messages, form))
    connection.close()
    return found


async def _attendee(
    base: str, connection: Connection, label: str, cookie: str, messages: bool, form: str
) -> Attendee:
    for _ in range(200):
        reply = await connection.ask(get(base, "/play", cookie))
        page = reply.body.decode()
        if f'action="{form}"' in page:
            keys = [hidden_fields(page, form)["form_key"]]
            keys.append(hidden_fields(page, "/play/messages")["form_key"] if messages else "")
            return Attendee(label, cookie, *keys)
        await asyncio.sleep(0.05)  # another process seats them, and these connections have no stream
    raise WrongAnswer(f"{label} was not seated within 10 seconds")
