"""Stories of rights that programs give and take, on sessions and on studies, by the rules of the pages."""

from __future__ import annotations

from typing import Any

import httpx

from tests.house.house import House
from tests.house.programs import program, token_of
from tests.house.server import Server
from tests.house.studies import PAGE, TALK
from tests.house.uploads import zip_of

FILES = {"study.toml": TALK.encode(), "pages/talk.html": PAGE.encode()}


def roles(client: httpx.Client, to: str) -> dict[str, str]:
    found: list[dict[str, Any]] = client.get(f"{to}/rights").json()["rights"]
    return {one["account"]: one["role"] for one in found}


def logged(house: House, about: str) -> list[str]:
    query = "select what from public.security_event where coalesce(session_id, about) = %s order by id"
    return [what for (what,) in house.sql(query, about)]


def test_an_owner_says_by_a_program_who_is_on_a_session(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    to = f"/sessions/{session.id}"
    token_of(shared, "wim", observes=True)
    with program(shared, server, "rosa") as rosa, program(shared, server, "karl") as karl:
        assert rosa.get(f"{to}/rights").json() == {"everybody": True, "rights": [], "later": []}
        given = rosa.post(f"{to}/rights", json={"account": "karl", "role": "colleague"})
        assert given.json() == {"session": session.id, "said": f"karl is on {session.id} as a colleague."}
        assert roles(rosa, to) == {"rosa": "owner", "karl": "colleague"}, "whoever names the first owns it"
        assert karl.get(f"{to}/rights").status_code == 403 and karl.post(f"{to}/pause").status_code == 409
        watches = {"account": "wim", "role": "observer", "files": True}
        rosa.post(f"{to}/rights", json=watches)
        again = rosa.post(f"{to}/rights", json=watches)
        assert again.status_code == 200 and roles(rosa, to)["wim"] == "observer", "twice is once"
        assert [one["files"] for one in rosa.get(f"{to}/rights").json()["rights"]] == [True, True, True]
        for body, status, words in (
            ({"account": "nobody here", "role": "owner"}, 409, "There is no account “nobody here”"),
            ({"account": "wim", "role": "owner"}, 409, "only watches"),
            ({"account": "rosa", "role": "colleague"}, 409, "Make somebody else its owner first"),
            ({"account": "karl", "role": "king"}, 422, "Invalid enum value 'king'"),
            ({"account": "karl"}, 422, "`role`"),
        ):
            refused = rosa.post(f"{to}/rights", json=body)
            assert refused.status_code == status and words in refused.json()["detail"], refused.text
        assert rosa.post(f"{to}/rights/take", json={"account": "rosa"}).status_code == 409
        rosa.post(f"{to}/rights/take", json={"account": "karl"})
        assert karl.get(to).status_code == 404 and roles(rosa, to) == {"rosa": "owner", "wim": "observer"}
        assert "Everybody" in rosa.post(f"{to}/rights/everybody").json()["said"]
        assert karl.get(f"{to}/rights").json()["everybody"]
    said = [what for what in logged(shared, session.id) if what != "refused"]
    assert said == ["right_given"] * 4 + ["right_taken", "opened_to_all"]


def test_an_owner_shares_a_study_by_a_program_and_removes_it(shared: House, server: Server) -> None:
    token_of(shared, "wim", observes=True)
    with program(shared, server, "rosa") as rosa, program(shared, server, "karl") as karl:
        made = rosa.post("/studies", files={"zip": ("mine.zip", zip_of(FILES | {"by.md": b"rosa"}))}).json()
        study = made["study"]
        to = f"/studies/{study}"
        assert rosa.get(f"{to}/rights").json()["everybody"] and roles(rosa, to) == {"rosa": "owner"}
        for asked in ("rights", "rights/take", "rights/everybody", "remove"):
            body: dict[str, object] = dict(sure=True) if asked == "remove" else dict(account="karl")
            body |= dict(role="owner") if asked == "rights" else {}
            refused = karl.post(f"{to}/{asked}", json=body)
            assert refused.status_code == 403 and "Ask one of them" in refused.json()["detail"], asked
        assert karl.get(f"{to}/rights").status_code == 403
        said = rosa.post(f"{to}/rights", json={"account": "rosa", "role": "owner"}).json()
        assert said == {"study": study, "said": f"rosa is on {study} as an owner."}
        assert karl.get(to).status_code == 404 and not rosa.get(f"{to}/rights").json()["everybody"]
        rosa.post(f"{to}/rights", json={"account": "karl", "role": "colleague"})
        assert karl.get(to).status_code == 200
        watches = rosa.post(f"{to}/rights", json={"account": "wim", "role": "colleague"})
        assert watches.status_code == 409 and "only watches" in watches.json()["detail"]
        rosa.post(f"{to}/rights/take", json={"account": "karl"})
        assert karl.get(to).status_code == 404
        rosa.post(f"{to}/rights/everybody")
        assert karl.get(to).status_code == 200
        assert rosa.post(f"{to}/remove", json={"sure": False}).status_code == 422
        assert "is removed" in rosa.post(f"{to}/remove", json={"sure": True}).json()["said"]
        assert rosa.get(to).status_code == rosa.post(f"{to}/remove", json={"sure": True}).status_code == 404
    assert logged(shared, study) == [
        "study_uploaded",
        "study_right_given",
        "study_right_given",
        "study_right_taken",
        "study_opened_to_all",
        "study_removed",
    ]
