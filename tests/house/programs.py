"""Programs of researchers: they say a token instead of logging in."""

from __future__ import annotations

import re

import httpx

from app.database.connections import Connection
from app.web.access import api_tokens
from app.web.access.accounts import password_hash, put_account
from app.web.access.api_tokens import Scope
from tests.house.house import House
from tests.house.server import Server

AT = "/api/v1"
# What tells of a page or of a command, and so tells a program nothing.
OF_PAGES = re.compile(
    r"\b[Rr]eload|\b[Tt]ick\b|\b[Cc]lick|\b[Bb]utton|of the dashboard|`networklab (?!check)|--\w"
    r"|\b([Tt]he|[Tt]his) form\b|’s page\b|'s page\b|\bits page\b|\bthe page\b(?! of your account)"
    r"|[Gg]o on from the list|Choose (the|a|two)\b"
)
# Of the interface for programs, and whether it needs a token that does more than read.
OF_API = "/api/v1/sessions/{session_id:str}"
A_VERSION = "/api/v1/studies/{study_id:str}/versions/{number:int}"
A_PLAYER, A_ROOM = f"{OF_API}/players/{{player_id:int}}", f"{OF_API}/rooms/{{room_id:int}}"
DEEDS = "again people start pause resume close archive unarchive start-time places banner seat retry-seating".split()
TO_PLAYERS, TO_ROOMS = (
    "dismiss replace issue retype free-id note".split(),
    "advance extend retry end tell".split(),
)
A_STUDY, OF_RIGHTS = "/api/v1/studies/{study_id:str}", ("", "/take", "/everybody")
OF_RECRUITERS = "forget look review pay settle".split()
API_NEEDS = {
    "GET /api/v1": ("nobody", False),
    "GET /api/v1/openapi.json": ("nobody", False),
    "GET /api/v1/studies": ("makes", False),
    "GET /api/v1/studies/{study_id:str}": ("makes", False),
    f"GET {A_VERSION}": ("makes", False),
    "POST /api/v1/studies": ("makes", True),
    "POST /api/v1/studies/{study_id:str}/versions": ("makes", True),
    f"POST {A_VERSION}/check": ("makes", True),
    f"POST {A_VERSION}/rehearsal": ("makes", True),
    f"GET {A_VERSION}/rehearsal": ("makes", False),
    f"GET {A_VERSION}/rehearsal.html": ("makes", False),
    f"POST {A_VERSION}/sessions": ("makes", True),
    "GET /api/v1/sessions": ("account", False),
    f"GET {OF_API}": ("sees", False),
    f"GET {OF_API}/links.csv": ("owns", True),
    f"GET {OF_API}/export.zip": ("files", False),
    f"GET {OF_API}/files/{{name:str}}": ("files", False),
    f"GET {OF_API}/verify": ("files", False),
    **{f"POST {OF_API}/{deed}": ("acts", True) for deed in DEEDS},
    f"GET {OF_API}/players": ("sees", False),
    f"GET {A_PLAYER}": ("sees", False),
    f"GET {A_PLAYER}/export.zip": ("files", False),
    **{f"POST {A_PLAYER}/{deed}": ("acts", True) for deed in TO_PLAYERS},
    f"POST {A_PLAYER}/erase": ("owns", True),
    f"POST {OF_API}/erase": ("owns", True),
    f"GET {OF_API}/recruiter": ("files", False),
    f"POST {OF_API}/recruiter": ("owns", True),
    **{f"GET {OF_API}/recruiter/{one}": ("owns", False) for one in ("review", "pay")},
    **{f"POST {OF_API}/recruiter/{one}": ("owns", True) for one in OF_RECRUITERS},
    f"GET {OF_API}/rooms": ("sees", False),
    f"GET {A_ROOM}": ("sees", False),
    **{f"POST {A_ROOM}/{deed}": ("acts", True) for deed in TO_ROOMS},
    f"GET {OF_API}/recruiter/setup": ("files", False),
    f"POST {OF_API}/mend": ("acts", True),
    f"GET {OF_API}/seals": ("sees", False),
    f"POST {OF_API}/seals": ("acts", True),
    f"GET {OF_API}/seals/{{digest:str}}": ("sees", False),
    f"POST {OF_API}/seals/{{digest:str}}/check": ("sees", True),
    "GET /api/v1/compare": ("account", False),
    f"GET {OF_API}/rights": ("owns", False),
    **{f"POST {OF_API}/rights{one}": ("owns", True) for one in OF_RIGHTS},
    f"GET {A_STUDY}/rights": ("makes", False),  # and an owner's: tests/web/api/test_granted.py
    **{f"POST {A_STUDY}/rights{one}": ("makes", True) for one in OF_RIGHTS},
    f"POST {A_STUDY}/remove": ("makes", True),
}


def token_of(house: House, name: str, scope: Scope = "all", observes: bool = False) -> str:
    """A new one, of an account that is made where there is none."""

    async def work(conn: Connection) -> str:
        if await password_hash(conn, name) is None:
            await put_account(conn, name, "a long password", observes)
        return await api_tokens.make(conn, name, "a story", scope, 1, "story")

    return house.do(work)


def program(house: House, server: Server, name: str = "ada", scope: Scope = "all") -> httpx.Client:
    return saying(server, token_of(house, name, scope))


def saying(server: Server, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.base + AT, headers=headers, timeout=60)
