"""Stories of a session that is done with, and put away."""

from __future__ import annotations

import json

from app.database.connections import Connection
from app.sessions import actions
from tests.house.shell import Shell, is_refused


def test_a_closed_session_is_put_away_and_taken_back(shell: Shell) -> None:
    session = shell.house.open(start=True)

    def listed(*options: str) -> list[str]:
        return [one["session"] for one in json.loads(shell.type("sessions", "--json", *options).stdout)]

    assert "is running. Close it first" in is_refused(shell.type("archive", session.id))

    async def close(conn: Connection) -> None:
        await actions.close(conn, session.id, "story")

    shell.house.do(close)
    assert session.id in listed()
    assert shell.type("archive", session.id).stdout.endswith("nothing of it is deleted.\n")
    assert "archived already" in shell.type("archive", session.id).stdout
    assert session.id not in listed() and session.id in listed("--archived")
    assert shell.type("verify", session.id).returncode == 0, "it is there as before"
    assert "on the list of sessions again" in shell.type("archive", session.id, "--back").stdout
    assert session.id in listed() and listed("--archived") == []
    told = "select account, data from security_event where what = 'session_archived' order by id"
    assert shell.house.sql(told)[-1] == ("command line", {"back": True})
    assert "There is no session “nothing”" in is_refused(shell.type("archive", "nothing"))
