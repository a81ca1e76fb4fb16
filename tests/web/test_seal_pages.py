"""Stories of the seal on a session's page: made there, and from then on it says what is not as it was sealed."""

from __future__ import annotations

import hashlib
import html
import re
from decimal import Decimal

import httpx

from app.players.door import Places
from app.sessions import places
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.house import House
from tests.house.server import Server


def client_of(house: House, server: Server, name: str) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=house.researcher(server, name).cookies)


def words(page: str) -> str:
    box = page.partition('id="seal"')[2].partition("</details>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", box)).split())


def test_it_is_sealed_with_an_uploaded_analysis_and_says_what_changed_since(
    hall: House, server: Server
) -> None:
    session = hall.open(places=Places(20, Decimal(0)))
    here = f"/admin/sessions/{session.id}"
    with client_of(hall, server, "ada") as ada:
        assert "Seal what is to run…" in words(ada.get(here).text)
        files = [("analysis", ("C:\\mine\\analysis.R", b"mean(x)")), ("analysis", ("plan.pdf", b"%PDF"))]
        assert ada.post(f"{here}/seals", files=files).headers["location"] == f"{here}#seal"
        [(digest, document)] = hall.sql("select digest, document from seal where session_id = %s", session.id)
        assert hashlib.sha256(b"mean(x)").hexdigest() in str(document)
        said = words(ada.get(here).text)
        assert (
            f"{digest}" in said
            and "by ada, before anybody came in" in said
            and "analysis.R , plan.pdf" in said
        )
        assert "are as they were sealed" in said
        hall.do(lambda conn: places.change_places(conn, session.id, Places(30, Decimal(0)), "bo"))
        said = words(ada.get(here).text)
        assert (
            "something is not as it was" in said
            and "Places at the door: extra 0, most 20 when it was sealed" in said
        )
        two = [("analysis", ("a.R", b"1")), ("analysis", ("a.R", b"2"))]
        refused = ada.post(f"{here}/seals", files=two)
        assert refused.status_code == 422 and "two files called a.R" in refused.text


def test_an_observer_reads_it_and_seals_nothing(hall: House, server: Server) -> None:
    session = hall.open()

    async def watches(conn: object) -> None:
        await put_account(conn, "olga", "a long password")  # type: ignore[arg-type]
        for name, role in (("ada", "owner"), ("olga", "observer")):
            await give(conn, session.id, name, role, "ada")  # type: ignore[arg-type]

    with client_of(hall, server, "ada"):
        hall.do(watches)
    with client_of(hall, server, "olga") as olga:
        assert "Seal what is to run" in words(olga.get(f"/admin/sessions/{session.id}").text)
        assert olga.post(f"/admin/sessions/{session.id}/seals", files=[]).status_code == 403
    assert hall.sql("select from seal where session_id = %s", session.id) == []
