"""Stories of who is let in by a token: with the account's own rights, where tokens count, and nowhere else."""

from __future__ import annotations

import re

import httpx

from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE
from tests.house.house import House
from tests.house.programs import API_NEEDS, AT, OF_PAGES, program, saying, token_of
from tests.house.server import Server
from tests.house.staff import MAY, employ
from tests.house.uploads import answer_to_late


def problem_of(answer: httpx.Response) -> str:
    """Its sentence."""
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    assert told["status"] == answer.status_code and told["title"]
    return str(told["detail"])


def test_each_address_lets_in_whom_the_pages_let_in(shared: House, server: Server) -> None:
    session = shared.open(start=True)
    read_only = [
        "olga",
        "otto",
        "nina",
    ]  # who may all, little and nothing: a token adds nothing to what its owner may
    for name, may in MAY.items():
        employ(shared, session)  # one of these addresses opens it to all
        with program(shared, server, name) as all_, program(shared, server, name, "read") as reads:
            for what, (need, whole) in API_NEEDS.items():
                method, _, path = what.partition(" ")
                address = path.removeprefix(AT).replace("{session_id:str}", session.id)
                address = address.replace("{name:str}", "players.csv").replace("{study_id:str}", "none")
                address = re.sub(r"{\w+:int}", "1", address).replace("{digest:str}", "none")
                address += "?first=none&second=none" if address == "/compare" else ""
                answer, meant = all_.request(method, address), may | {"nobody", "account"}
                if answer.status_code >= 400:
                    said = problem_of(answer)
                    assert said.endswith(".") and not OF_PAGES.search(said), (what, said)
                expected: tuple[int, ...]
                if need == "makes":
                    expected = (403,) if name == "wanda" else (200, 400, 404, 409, 422)
                elif need in meant:
                    expected = (200, 201, 400, 404, 409, 415, 422) if method == "POST" else (200, 404, 409)
                else:
                    expected = (403,) if may else (404,)
                assert answer.status_code in expected, (name, what, answer.text)
                if name not in read_only:
                    continue
                if whole:
                    assert "only reads" in problem_of(reads.request(method, address)), (name, what)
                elif method == "GET":
                    assert reads.get(address).status_code == answer.status_code, (name, what)
            listed = all_.get("/sessions").json()["sessions"]
            unknown, hidden = (all_.get(f"/sessions/{id}") for id in ("unknown", session.id))
        assert (session.id in [one["session"] for one in listed]) == bool(may), name
        if not may:  # nothing tells it from one that is not there
            assert hidden.text.replace(session.id, "unknown") == unknown.text


def test_a_cookie_opens_nothing_here_and_a_token_nothing_there(shared: House, server: Server) -> None:
    token = token_of(shared, "ada")
    cookies = {ADMIN_COOKIE: shared.do(lambda conn: log_in(conn, "ada"))}
    said = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base) as client:
        assert client.get("/admin", headers=said).status_code == 303
        assert client.get("/admin", headers={"Cookie": f"{ADMIN_COOKIE}={token}"}).status_code == 303
        assert client.get("/metrics", headers=said | {"X-Forwarded-For": "192.0.2.7"}).status_code == 403
    with httpx.Client(base_url=server.base, cookies=cookies) as client:
        assert client.get("/admin").status_code == 200
        refused = client.get(f"{AT}/sessions")
    assert refused.status_code == 401 and "Bearer" in refused.headers["www-authenticate"]
    assert "No token came" in problem_of(refused)
    with httpx.Client(base_url=server.base) as client:
        login = cookies[ADMIN_COOKIE]
        for word in (f"Bearer {login}", "Bearer", f"Basic {token}", token, "Bearer \xff"):
            answer = client.get(
                f"{AT}/sessions", headers=httpx.Headers({"Authorization": word}, encoding="latin-1")
            )
            assert answer.status_code == 401 and problem_of(answer), word
        assert client.get(f"{AT}/sessions?token={token}").status_code == 400
        assert client.get(f"{AT}/sessions", headers={"Authorization": f"bearer  {token}"}).status_code == 200


def test_whoever_says_many_wrong_tokens_is_held_off_and_others_are_not(shared: House, server: Server) -> None:
    shared.sql("delete from attempt")
    guesser, other = {"X-Forwarded-For": "192.0.2.41"}, {"X-Forwarded-For": "192.0.2.42"}
    with saying(server, "networklab_" + 43 * "x") as client:
        answers = [client.get("/sessions", headers=guesser) for _ in range(32)]
        assert [one.status_code for one in answers] == [401] * 30 + [429] * 2
        assert (
            "Too many wrong tries" in problem_of(answers[-1]) and int(answers[-1].headers["retry-after"]) > 0
        )
        assert client.get("/sessions", headers=other).status_code == 401
    with program(shared, server) as true:
        assert true.get("/sessions", headers=other).status_code == 200
        assert true.get("/sessions", headers=guesser).status_code == 200, "who shares its address is let in"
    with saying(server, "networklab_x") as client:
        assert client.get("/sessions", headers=guesser).status_code == 401, "no token was ever so short"
    [(logged,)] = shared.sql(
        "select count(*) from public.security_event where what = 'wrong_token' and address = '192.0.2.41'"
    )
    assert logged == 30, "and none of the tries that cost nothing"


def test_a_token_that_is_revoked_while_a_body_comes_does_nothing(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    with program(shared, server, "ada") as client:
        request = client.build_request(
            "POST", f"/sessions/{session.id}/start-time", json={"at": "2099-01-01T10:00Z"}
        )
        late = answer_to_late(
            request, lambda: shared.sql("delete from public.api_token where account = 'ada'")
        )
    assert late.startswith("HTTP/1.1 401 "), late
    assert shared.sql("select start_at from session where id = %s", session.id) == [(None,)]


def test_what_is_asked_in_another_way_is_told_what_there_is(shared: House, server: Server) -> None:
    with program(shared, server) as client:
        for address, status, words in (
            ("/nothing", 404, "GET /api/v1"),
            ("/sessions?limit=none", 400, "`limit`"),
            ("/sessions?limit=0", 400, "`limit`"),
            ("/sessions?archive=true", 400, "`archive` is no parameter of this address"),
            ("/sessions?after=nobody", 400, "begin anew"),
            ("/studies/none?x=1", 400, "it takes none"),
            ("/studies/%00", 400, "can’t be stored"),
            (f"/studies/none/versions/{'9' * 60}", 404, "no such study"),
        ):
            answer = client.get(address)
            assert answer.status_code == status and words in problem_of(answer), (address, answer.text)
        assert client.put("/sessions").status_code == 405
        assert "which way each answers" in problem_of(client.put("/sessions"))
