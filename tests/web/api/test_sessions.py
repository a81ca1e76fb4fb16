"""Stories of sessions as a program sees them."""

from __future__ import annotations

from app.players.door import Places
from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.programs import program
from tests.house.server import Server
from tests.house.studies import TALK


def test_a_session_is_told_as_its_page_tells_it(shared: House, server: Server) -> None:
    session = shared.open(TALK, places=Places(8))
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    with program(shared, server) as client:
        now = client.get(f"/sessions/{session.id}").json()
        assert now["status"] == "running" and now["role"] == "owner" and now["places"] == 8
        assert now["players"] == dict(
            invited=0, before=0, waiting=0, playing=4, after=0, finished=0, left=0
        ) and now["rooms"] == {"playing": 1}
        assert now["door"].endswith(f"/s/{session.id}") and now["records"] == 0
        lines = client.get("/sessions", params={"limit": 200}).json()["sessions"]
        [line] = [one for one in lines if one["session"] == session.id]
        assert (line["players"], line["signed_in"], line["rooms"]) == (4, 4, 1)
        shared.act("close", session)
        assert client.get(f"/sessions/{session.id}").json()["outcomes"] == {"closed": 4}
        lost = client.get(f"/sessions/{session.id}/links.csv")
        assert lost.status_code == 409 and "No link" in lost.json()["detail"]


def test_a_long_list_comes_page_by_page_each_session_once(shared: House, server: Server) -> None:
    opened = [shared.open(start=False).id for _ in range(3)]
    with program(shared, server) as client:
        found, after = list[str](), ""
        while True:
            answer = client.get("/sessions", params={"limit": 2} | ({"after": after} if after else {})).json()
            assert len(answer["sessions"]) <= 2
            found += [one["session"] for one in answer["sessions"]]
            if (after := answer["next"]) is None:
                break
        whole = [one["session"] for one in client.get("/sessions?limit=200").json()["sessions"]]
    assert found == whole and found[:3] == opened[::-1]
