"""Stories of sessions that are run from the command line, by people and by programs."""

from __future__ import annotations

import json
import re

from tests.house.shell import Shell, is_refused
from tests.house.studies import RUMOUR


def test_a_session_is_run_by_four_commands_that_a_program_can_read(shell: Shell) -> None:
    ended = shell.type("open", RUMOUR, "--players", shell.people("token,label,type\n,,red\n"), "--json")
    session = json.loads(ended.stdout)["session"]

    def act(action: str) -> str:
        ended = shell.type(action, session, "--json")
        assert ended.returncode == 0, ended.stderr
        answer = json.loads(ended.stdout)
        assert answer["session"] == session
        return str(answer["status"])

    assert "Start it first" in is_refused(shell.type("pause", session))
    assert [act(action) for action in ("start", "start", "pause", "resume", "close")] == [
        "running",
        "running",
        "paused",
        "running",
        "closed",
    ]
    assert "Open a new session" in is_refused(shell.type("start", session, "--json"))
    listed = json.loads(shell.type("sessions", "--json").stdout)
    [line] = [line for line in listed if line["session"] == session]
    assert line == {"session": session, "name": "Rumour", "status": "closed", "players": 1}
    assert re.search(rf"^{session}  closed +1 players", shell.type("sessions").stdout, re.MULTILINE)
