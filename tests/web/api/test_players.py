"""Stories of what programs do to one player: as on the page of that player, and twice as once."""

from __future__ import annotations

import io
import zipfile

from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.programs import program
from tests.house.server import Server
from tests.house.studies import TALK


def test_a_program_looks_after_people_as_their_pages_do(shared: House, server: Server) -> None:
    session = shared.open(TALK, {"red": 4, "blue": 3})
    first = [shared.guest(server, session, label) for label in ("R1", "R2", "B1", "B2")]
    shared.tell(sign_everyone_in(first))
    waiting = [shared.guest(server, session, label) for label in ("R3", "B3")]
    shared.tell(sign_everyone_in(waiting))
    here = f"/sessions/{session.id}/players"
    with program(shared, server) as client:
        pages = [client.get(here, params={"limit": 4}).json()]
        pages.append(client.get(here, params={"limit": 4, "after": pages[0]["next"]}).json())
        assert pages[1]["next"] is None
        there = {one["label"]: one for page in pages for one in page["players"]}
        assert there.keys() == session.tokens.keys() and there["R1"]["status"] == "playing"
        assert there["R1"]["step"] == "talk" and there["R1"]["asked"] and there["R4"]["step"] is None
        found = client.get(here, params={"find": "r3", "status": "waiting"}).json()["players"]
        assert [one["label"] for one in found] == ["R3"]
        mistyped = client.get(here, params={"status": "wating"})
        assert mistyped.status_code == 400 and "waiting" in mistyped.json()["detail"]

        def do(label: str, deed: str, body: object, status: int = 200, key: str = "of a story") -> str:
            to, head = f"{here}/{there[label]['player']}/{deed}", {"Idempotency-Key": key}
            answer = client.post(to, json=body, headers=head)
            assert answer.status_code == status, answer.text
            return str(answer.json()["said" if status == 200 else "detail"])

        assert "R3 is blue now" in do("R3", "retype", {"type": "blue"})
        assert "nothing changed" in do("R3", "retype", {"type": "blue"})
        assert "does not wait" in do("R1", "retype", {"type": "blue"}, 409)
        nobody = {"outcome": "withdrawn", "newcomer": 999999}
        assert "can’t; nothing changed" in do("R1", "replace", nobody, 409)
        assert "(invited); nothing changed" in do("R4", "dismiss", {"outcome": "withdrawn"}, 409)
        out = {"outcome": "withdrawn", "newcomer": there["B3"]["player"]}
        assert "B3" in do("B1", "replace", out)
        assert "nothing changed" in do("B1", "replace", out)
        assert "can’t" in do("B1", "replace", out | {"newcomer": there["R3"]["player"]}, 409), "it is taken"
        for _ in range(2):
            assert "on their page" in do("R1", "note", {"body": "Go on."})
        assert "on their page" in do("R1", "note", {"body": "Go on."}, key="of another story")
        told = client.get(f"{here}/{there['R1']['player']}").json()
        assert [(one["by"], one["body"]) for one in told["notes"]] == [("ada", "Go on.")] * 2
        assert "R2" in do("R2", "dismiss", {"outcome": "withdrawn"})
        assert "nothing changed" in do("R2", "dismiss", {"outcome": "withdrawn"})
        assert do("R4", "issue", {"outcome": "lobby"}) and "already" in do(
            "R4", "issue", {"outcome": "lobby"}
        )
        assert "no id" in do("R4", "free-id", None)

        assert "`sure`" in do("R4", "erase", {}, 422)
        with zipfile.ZipFile(io.BytesIO(client.get(f"{here}/{told['player']}/export.zip").content)) as zipped:
            assert any(name.endswith(".csv") for name in zipped.namelist())
        assert "still plays" in do("R2", "erase", {"sure": True}, 409)
        assert "Erased of R4" in do("R4", "erase", {"sure": True, "why": "asked to"})
        assert "nothing changed" in do("R4", "erase", {"sure": True})
        assert "were erased" in do("R4", "note", {"body": "Go on."}, 409)
        other = shared.open(start=False)
        strange = client.post(f"/sessions/{other.id}/players/{there['R1']['player']}/free-id")
        assert strange.status_code == 404 and "no such player" in strange.json()["detail"]
        shared.act("close", session)
        assert "Erased of everybody" in client.post(f"/sessions/{session.id}/erase", json={"sure": True}).text
    logged = (
        "select what, about from public.security_event where session_id = %s and account = 'ada' order by id"
    )
    number = str(there["R1"]["player"])
    assert shared.sql(logged, session.id) == [("page_read", number), ("exported", number)]
