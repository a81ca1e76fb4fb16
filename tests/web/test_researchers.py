"""Stories of the one guard: each address of the researchers' side, asked for by everybody who might."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import PermissionDeniedException
from litestar.routes import HTTPRoute

from app.config import read_config
from app.web.access.logins import log_in
from app.web.app import create_app
from app.web.auth import ADMIN_COOKIE
from app.web.researchers import admitted
from tests.house.guests import sign_everyone_in, stream_status
from tests.house.house import House, Opened
from tests.house.programs import API_NEEDS
from tests.house.server import Server
from tests.house.staff import MAY, employ

SESSION, PLAYER, ROOM = (f"/admin/sessions/{{session_id:str}}{part}" for part in ("", "/players", "/rooms"))
ONE_PLAYER, ONE_ROOM = f"{PLAYER}/{{player_id:int}}", f"{ROOM}/{{room_id:int}}"
STUDY = "/admin/studies/{study_id:str}"
# What each needs. An address that is not here is one that nobody has thought about.
NEEDS = {
    "GET /admin/login": "nobody",
    "POST /admin/login": "nobody",
    "GET /admin/login/code": "nobody",
    "POST /admin/login/code": "nobody",
    "POST /admin/logout": "nobody",
    "GET /admin": "account",
    "GET /admin/here": "account",
    "GET /admin/compare": "account",  # and on both that are asked for: tests/web/test_compare_pages.py
    "GET /admin/account": "account",
    "POST /admin/account/password": "account",
    "POST /admin/account/logins": "account",
    "GET /admin/account/two-factor": "account",
    "POST /admin/account/two-factor": "account",
    "POST /admin/account/two-factor/off": "account",
    "POST /admin/account/tokens": "account",
    "POST /admin/account/tokens/revoke": "account",
    "GET /admin/security": "account",
    "GET /admin/manual": "nobody",
    "GET /admin/manual/{name:str}": "nobody",
    "GET /admin/manual/pictures/{name:str}": "nobody",
    "GET /admin/studies": "makes",
    "POST /admin/studies": "makes",
    f"GET {STUDY}": "makes",
    f"POST {STUDY}": "makes",
    f"GET {STUDY}/rights": "makes",  # and what is an owner's is told in tests/web/test_study_rights_pages.py
    f"POST {STUDY}/rights": "makes",
    f"POST {STUDY}/remove": "makes",
    f"GET {STUDY}/versions/{{number:int}}": "makes",
    f"POST {STUDY}/versions/{{number:int}}/check": "makes",
    f"GET {STUDY}/versions/{{number:int}}/pages": "makes",
    f"GET {STUDY}/versions/{{number:int}}/open": "makes",
    f"POST {STUDY}/versions/{{number:int}}/rehearse": "makes",
    f"GET {STUDY}/versions/{{number:int}}/rehearsal": "makes",
    f"GET {STUDY}/versions/{{number:int}}/rehearsal.html": "makes",
    f"POST {STUDY}/versions/{{number:int}}/open": "makes",
    f"GET {SESSION}": "sees",
    f"GET {SESSION}/here": "sees",
    f"GET {SESSION}/live": "sees",
    f"GET {SESSION}/replay": "sees",
    f"GET {SESSION}/answers": "sees",
    f"GET {SESSION}/data": "files",
    f"GET {PLAYER}": "sees",
    f"GET {ONE_PLAYER}": "sees",
    f"GET {ROOM}": "sees",
    f"GET {ONE_ROOM}": "sees",
    f"GET {SESSION}/export.zip": "files",
    f"GET {SESSION}/payments.csv": "files",
    f"GET {ONE_PLAYER}/export.zip": "files",
    f"POST {SESSION}/{{action:str}}": "acts",
    f"POST {SESSION}/people": "acts",
    f"POST {SESSION}/seals": "acts",
    f"GET {SESSION}/again": "acts",
    f"POST {SESSION}/again": "acts",
    f"POST {ONE_PLAYER}/{{action:str}}": "acts",
    f"POST {ONE_ROOM}/{{action:str}}": "acts",
    f"GET {SESSION}/rights": "owns",
    f"POST {SESSION}/rights": "owns",
    f"GET {SESSION}/security": "owns",
    f"GET {SESSION}/links.csv": "owns",
    f"GET {SESSION}/recruiter": "files",
    f"GET {SESSION}/recruiter/setup": "files",
    f"POST {SESSION}/recruiter": "owns",
    f"POST {SESSION}/recruiter/forget": "owns",
    f"POST {SESSION}/recruiter/look": "owns",
    f"GET {SESSION}/recruiter/review": "owns",
    f"POST {SESSION}/recruiter/review": "owns",
    f"GET {SESSION}/recruiter/pay": "owns",
    f"POST {SESSION}/recruiter/pay": "owns",
    f"POST {SESSION}/recruiter/settle": "owns",
    f"POST {SESSION}/erase": "owns",
    f"POST {ONE_PLAYER}/erase": "owns",
}


def routes(app: Litestar) -> Iterator[tuple[str, object]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith(("/admin", "/api")):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS":
                    yield f"{method} {route.path}", handler.opt.get("needs")


@pytest.mark.filterwarnings("ignore::litestar.exceptions.base_exceptions.LitestarDeprecationWarning")
def test_each_address_says_what_it_needs(shared: House) -> None:
    found = dict(routes(create_app(read_config({}), shared.database)))
    assert found == NEEDS | {what: need for what, (need, _) in API_NEEDS.items()}


def test_an_address_that_says_nothing_is_refused_to_everybody() -> None:
    @get("/forgotten")
    async def forgotten() -> None:
        pass

    with pytest.raises(PermissionDeniedException, match="Nobody has said"):
        asyncio.run(admitted(None, forgotten))  # type: ignore[arg-type]


@pytest.fixture
def session(shared: House, server: Server) -> Opened:
    session = shared.open(start=True)
    employ(shared, session)
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    return session


def test_everybody_is_let_in_where_they_may_and_nowhere_else(
    shared: House, server: Server, session: Opened
) -> None:
    [(room, player)] = shared.sql(
        "select room_id, id from player where session_id = %s and label = 'R1'", session.id
    )
    actions = {PLAYER: "note", ROOM: "extend", SESSION: "banner"}

    def status(client: httpx.Client, what: str) -> int:
        method, _, path = what.partition(" ")
        action = next(name for of, name in actions.items() if path.startswith(of))
        address = path.replace("{action:str}", action).replace("{session_id:str}", session.id)
        address = address.replace("{player_id:int}", str(player)).replace("{room_id:int}", str(room))
        return stream_status(client, address) if method == "GET" else client.post(address).status_code

    for name, may in MAY.items():
        cookies = {ADMIN_COOKIE: shared.do(lambda conn, n=name: log_in(conn, n))}  # type: ignore[misc]
        with httpx.Client(base_url=server.base, cookies=cookies, timeout=30) as client:
            answers = {what: status(client, what) for what in NEEDS if SESSION in what}
            assert client.get("/admin").status_code == 200
            studies = [client.get(path).status_code for path in ("/admin/studies", "/admin/studies/none")]
            studies.append(client.post("/admin/studies").status_code)
            listed = session.id in client.get("/admin").text
            unknown = client.get("/admin/sessions/unknown")
            hidden = client.get(f"/admin/sessions/{session.id}")
        # By the account, whatever session it is on.
        assert studies == ([403] * 3 if name == "wanda" else [200, 404, 400]), name
        for what, answer in answers.items():
            expected = (200, 204, 303, 400, 409, 422) if NEEDS[what] in may else (403 if may else 404,)
            assert answer in expected, (name, what, answer)
        assert listed == bool(may), name
        if not may:  # nothing tells it from one that is not there
            assert hidden.text.replace(session.id, "unknown") == unknown.text


def test_who_was_not_asked_in_is_sent_to_the_log_in_everywhere(server: Server, session: Opened) -> None:
    with httpx.Client(base_url=server.base) as stranger:
        for what, need in NEEDS.items():
            method, _, path = what.partition(" ")
            address = path.replace("{session_id:str}", session.id).replace("{action:str}", "close")
            address = address.replace("{player_id:int}", "1").replace("{room_id:int}", "1")
            address = address.replace("{study_id:str}", "x").replace("{number:int}", "1")
            answer = stranger.request(method, address)
            if need != "nobody":
                assert answer.status_code == (403 if address.endswith("/live") else 303), what
                assert answer.status_code == 403 or answer.headers["location"] == "/admin/login"
