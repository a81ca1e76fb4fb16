"""Stories of what programs do to a room: as on its page, and twice as once."""

from __future__ import annotations

from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.programs import program
from tests.house.server import Server
from tests.house.studies import TALK


def test_a_program_leads_a_room_on_as_its_page_does(shared: House, server: Server) -> None:
    session = shared.open(TALK)
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    here = f"/sessions/{session.id}/rooms"
    with program(shared, server) as client:
        [line] = client.get(here).json()["rooms"]
        assert line["status"] == "playing" and line["states"] and len(line["types"]) == 4
        assert client.get(here, params={"after": line["room"]}).json() == {"rooms": [], "next": None}
        listed = {
            status: client.get(here, params={"status": status}).json() for status in ("playing", "stopped")
        }
        assert [len(one["rooms"]) for one in listed.values()] == [1, 0]
        mistyped = client.get(here, params={"status": "plaing"})
        assert mistyped.status_code == 400 and "playing" in mistyped.json()["detail"]
        room = f"{here}/{line['room']}"
        now = client.get(room).json()
        assert now["given"] == 0 and now["stopped_at"] is None and None not in now["players"]

        def do(deed: str, body: object = None, status: int = 200) -> str:
            head = {"Idempotency-Key": "of a story"}
            answer = client.post(f"{room}/{deed}", json=body, headers=head)
            assert answer.status_code == status, answer.text
            return str(answer.json()["said" if status == 200 else "detail"])

        more = {"position": now["position"], "given": 0, "seconds": 60}
        assert "60 seconds more" in do("extend", more) and "nothing changed" in do("extend", more)
        after = client.get(room).json()
        assert after["given"] == 60 and after["deadline"] > now["deadline"]
        for _ in range(2):
            assert "all 4 who play" in do("tell", {"body": "Ten minutes are left."})
        assert shared.sql("select count(*) from note where session_id = %s", session.id) == [(4,)]
        assert "tried again already" in do("retry", {"at": "2026-01-01T00:00:00Z"})
        assert do("advance", {"position": now["position"]})
        assert "nothing changed" in do("advance", {"position": now["position"]})
        assert "has ended" in do("end") and "nothing changed" in do("end")
        assert "all 4 who play" in do("tell", {"body": "Ten minutes are left."}), "as it was told"
        assert "Nobody plays" in do("tell", {"body": "Is anybody there?"}, 409)
        other = shared.open(start=False)
        strange = client.post(f"/sessions/{other.id}/rooms/{line['room']}/end")
        assert strange.status_code == 404 and "no such room" in strange.json()["detail"]


def test_rooms_come_in_pages_and_one_of_them_by_itself(shared: House, server: Server) -> None:
    session = shared.open(TALK, {"red": 4, "blue": 4})
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    here = f"/sessions/{session.id}/rooms"
    with program(shared, server) as client:
        first = client.get(here, params={"limit": 1}).json()
        second = client.get(here, params={"limit": 1, "after": first["next"]}).json()
        assert second["next"] is None and client.get(here).json()["rooms"] == first["rooms"] + second["rooms"]
        [(one,), (other,)] = [page["rooms"] for page in (first, second)]
        assert client.post(f"{here}/{one['room']}/end").status_code == 200
        for status, there in (("playing", other), ("ended", one)):
            [found] = client.get(here, params={"status": status}).json()["rooms"]
            assert (found["room"], found["status"]) == (there["room"], status)
        now = client.get(f"{here}/{other['room']}").json()
        assert other.items() <= now.items() and len(set(now["players"])) == 4
        for number in now["players"]:
            person = client.get(f"/sessions/{session.id}/players/{number}").json()
            assert (person["player"], person["room"]) == (number, other["room"])
        strange = client.get(f"{here}/{other['room'] + 1000}")
        assert strange.status_code == 404 and "no such room" in strange.json()["detail"]


def test_people_who_wait_are_seated_by_a_program_and_everybody_is_told_once(
    shared: House, server: Server
) -> None:
    session = shared.open(TALK)
    shared.tell(sign_everyone_in([shared.guest(server, session, "R1")]))
    here = f"/sessions/{session.id}"
    with program(shared, server) as client:
        for body, words in (({"kind": "nowhere"}, "no room “nowhere”"), ({"kind": "mixed"}, "not enough")):
            answer = client.post(f"{here}/seat", json=body)
            assert words in answer.text and answer.status_code == 409
        again = client.post(f"{here}/retry-seating", json={"at": "2026-01-01T00:00:00Z"}).json()
        assert "nothing changed" in again["said"]
        for head in ({"Idempotency-Key": "of a story"}, {"Idempotency-Key": "of a story"}, {}, {}):
            assert client.post(f"{here}/banner", json={"body": "Soon."}, headers=head).status_code == 200
    assert shared.sql("select count(*) from note where session_id = %s", session.id) == [(3,)]
