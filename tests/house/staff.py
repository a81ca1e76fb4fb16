"""Researchers of one session: an owner, a colleague, who watches, and who is not on it."""

from __future__ import annotations

from app.database.connections import Connection
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.house import House, Opened

# Who is let in to what, besides what needs no more than a log-in. `nina` is on another session only.
MAY = {
    "olga": {"sees", "files", "acts", "owns"},
    "carl": {"sees", "files", "acts"},
    "otto": {"sees"},
    "fred": {"sees", "files"},
    "wanda": {"sees"},
    "nina": set[str](),
}


def employ(house: House, session: Opened) -> None:
    async def staff(conn: Connection) -> None:
        for name in MAY:
            await put_account(conn, name, "a long password", observes=name == "wanda")
        await give(conn, session.id, "olga", "owner", "story")
        await give(conn, session.id, "carl", "colleague", "story")
        await give(conn, session.id, "otto", "observer", "story")
        await give(conn, session.id, "fred", "observer", "story", takes_files=True)
        await give(conn, session.id, "wanda", "observer", "story")

    house.do(staff)
