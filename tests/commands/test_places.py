"""Stories of `networklab places`: how many come in by the link for everybody, changed while they come."""

from __future__ import annotations

import json
from decimal import Decimal

from app.database.connections import Connection
from app.players.door import Places
from app.sessions.door_forms import DoorForm, sign_in_by_door
from app.study.stored import Studies
from tests.house.house import House, Opened
from tests.house.shell import Shell, is_refused
from tests.house.studies import TALK


def come(house: House, session: Opened, many: int) -> None:
    async def work(conn: Connection) -> None:
        studies = Studies(None)  # type: ignore[arg-type] # it is read by this connection
        await studies.current(conn, session.id)
        forms = [
            DoorForm(session.id, f"{nth:024x}", {"PROLIFIC_PID": f"{nth:024x}"}, {}) for nth in range(many)
        ]
        await sign_in_by_door(studies, conn, forms)

    house.do(work)


def test_places_are_said_and_changed_and_let_the_line_in(shell: Shell) -> None:
    house = shell.house
    session = house.open(TALK, people={}, places=Places(2, Decimal("0.5")))
    come(house, session, 5)
    # However long a command takes to begin: those in line have just come
    house.sql(
        "update player set in_line_since = in_line_since + interval '1 min' where in_line_since is not null"
    )
    told = shell.type("places", session.id)
    assert told.stdout == (
        "5 have come, 3 are in, 0 have come to the end of the 2 who are to. 0 more may come in; 2 wait in line.\n"
    ), told.stderr
    changed = shell.type("places", session.id, "3")
    assert changed.stdout == (
        "3 of those who come by the link for everybody are to come to the end, and 50% more than are lacking come in."
        " 2 of those who waited in line are in now. All places are taken now.\n"
    ), changed.stderr
    fewer = shell.type("places", session.id, "2", "--extra", "0%", "--json")
    assert json.loads(fewer.stdout) == dict(
        places=2, extra=0.0, free=0, came=5, inside=5, complete=0, in_line=0
    )
    assert shell.type("places", session.id, "all").stdout == "As many can come in as there are.\n"
    assert house.sql(
        "select data->>'by', data->'places' from event where session_id = %s and name = 'places_changed' order by seq",
        session.id,
    ) == [("command line", 3), ("command line", 2), ("command line", None)]


def test_what_can_not_be_changed_is_said_in_a_sentence(shell: Shell) -> None:
    house = shell.house
    listed, everybody = house.open(TALK), house.open(TALK, people={}, places=Places())
    for typed, sentence in (
        ((listed.id, "3"), "has no link for everybody. It was opened without --door."),
        ((everybody.id, "none"), "“none” is not a whole number from 1 to"),
        ((everybody.id, "--extra", "5%"), "Say how many there are, too."),
    ):
        assert sentence in is_refused(shell.type("places", *typed))
    house.act("close", everybody)
    assert "is closed: nobody can come in any more." in is_refused(shell.type("places", everybody.id, "3"))
