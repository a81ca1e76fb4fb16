"""Stories of seals that programs make and check, and of two sessions that they hold against each other."""

from __future__ import annotations

import hashlib
import json

from tests.house.house import House
from tests.house.programs import program, token_of
from tests.house.server import Server

OURS, OTHER = (hashlib.sha256(one).hexdigest() for one in (b"t.test(a, b)", b"wilcox.test(a, b)"))


def test_a_program_seals_a_session_and_hears_what_ran_in_another_way(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    to = f"/sessions/{session.id}"
    with program(shared, server, "rosa") as rosa, program(shared, server, "rosa", "read") as reader:
        assert reader.get(f"{to}/seals").json() == {"seals": []}
        sealed = rosa.post(f"{to}/seals", json={"analysis": {"analysis.R": OURS}})
        assert sealed.status_code == 200, sealed.text
        made = sealed.json()
        assert (
            made["by"] == "rosa" and made["came"] == 0 and made["sealed"]["analysis"] == {"analysis.R": OURS}
        )
        written = json.dumps(made["sealed"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(written.encode()).hexdigest() == made["digest"], "anybody can make it again"
        assert rosa.post(f"{to}/seals", json={"analysis": {"analysis.R": OURS}}).json() == made, (
            "twice is once"
        )
        assert reader.get(f"{to}/seals").json() == {"seals": [made]}
        here = f"{to}/seals/{made['digest']}"
        assert reader.get(here).json() == made | {"differs": [], "analysis_checked": False}
        ran = rosa.post(f"{here}/check", json={"analysis": {"analysis.R": OTHER}}).json()
        assert ran["analysis_checked"] and "analysis.R is not the one that was sealed" in ran["differs"][0]
        added = rosa.post(
            f"{to}/people", json={"list": "label,type\nEve,red\n"}, headers={"Idempotency-Key": "more-people"}
        )
        assert added.status_code == 201
        assert any("People on the list" in one for one in reader.get(here).json()["differs"])
        unknown = reader.get(f"{to}/seals/{'0' * 64}")
        assert unknown.status_code == 404 and f"GET /api/v1{to}/seals" in unknown.json()["detail"]
        for analysis in ({"a.R": "no digest"}, {"": OURS}, {f"{n}.R": OURS for n in range(201)}):
            refused = rosa.post(f"{to}/seals", json={"analysis": analysis})
            assert refused.status_code == 422 and refused.json()["detail"], refused.text


def test_a_program_holds_two_sessions_against_each_other(shared: House, server: Server) -> None:
    first, second = shared.open(start=False), shared.open(start=False)
    with program(shared, server, "rosa") as rosa, program(shared, server, "karl", "read") as karl:
        asked = dict(first=first.id, second=second.id)
        told = karl.get("/compare", params=asked).json()
        assert [one["session"] for one in told["sessions"]] == [first.id, second.id]
        assert told["verdict"] and told["differs"] == {"words": [], "files": []}
        assert karl.get("/compare", params=asked | {"second": first.id}).status_code == 422
        lacking = karl.get("/compare", params={"first": first.id})
        assert lacking.status_code == 400 and "`second`" in lacking.json()["detail"]
        rosa.post(f"/sessions/{second.id}/rights", json={"account": "rosa", "role": "owner"})
        hidden, none = (
            karl.get("/compare", params=asked | {"second": one}) for one in (second.id, "unknown")
        )
        assert hidden.status_code == none.status_code == 404
        assert hidden.text.replace(second.id, "unknown") == none.text, (
            "nothing tells it from one that is not there"
        )


def test_a_program_reads_how_a_session_is_set_up_with_recruiters(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    token_of(shared, "rosa")
    with program(shared, server, "rosa", "read") as rosa:
        guides = rosa.get(f"/sessions/{session.id}/recruiter/setup").json()["guides"]
    assert {one["key"] for one in guides} == {"prolific", "sona", "mturk", "connect", "classroom"}
    assert all(one["first"] and not one["steps"] for one in guides), "it has no link for everybody"
