"""Stories of the security log: what stands there, who may read it, that nobody changes it and nobody floods it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import psycopg
import pytest

from app.database.connections import Connection
from app.web.access import security
from app.web.access.accounts import put_account
from app.web.access.logins import log_in
from app.web.access.rights import give
from app.web.auth import ADMIN_COOKIE
from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.server import Server
from tests.house.shell import Shell


def written(house: House, session: str | None = None, since: int = 0) -> list[tuple[str, str, str]]:
    return house.sql(
        "select what, account, about from public.security_event"
        " where (%s::text is null or session_id = %s) and id > %s order by id",
        session,
        session,
        since,
    )


@pytest.mark.parametrize(
    "query",
    ["update security_event set account = 'x'", "delete from security_event", "truncate security_event"],
)
def test_nobody_changes_what_stands_there(house: House, query: str) -> None:
    house.do(lambda conn: security.write(conn, "logged_in", "ada"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="stay as they are"):
        house.sql(query)
    # Nor may the role that owns it, were the trigger not there: a superuser alone is asked no permission.
    [(may,)] = house.sql(
        "select bool_or(acl.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')) from pg_class, aclexplode(relacl) acl"
        " where relname = 'security_event'"
    )
    assert not may and written(house) == [("logged_in", "ada", "")]


def test_log_ins_rights_exports_and_pages_that_were_read_stand_there(shared: House, server: Server) -> None:
    async def staff(conn: Connection) -> None:
        await put_account(conn, "olga", "a long password")
        await put_account(conn, "otto", "a long password")

    shared.do(staff)
    [(last,)] = shared.sql("select max(id) from public.security_event")
    session = shared.open()
    shared.do(lambda conn: give(conn, session.id, "olga", "owner", "story"))
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    [(player,)] = shared.sql("select id from player where session_id = %s and label = 'R1'", session.id)
    [(room,)] = shared.sql("select id from room where session_id = %s", session.id)
    here = f"/admin/sessions/{session.id}"
    with httpx.Client(base_url=server.base, timeout=30) as client:
        client.post("/admin/login", data={"name": "olga", "password": "mistyped"})
        client.post("/admin/login", data={"name": "my secret password", "password": "x"})
        client.post("/admin/login", data={"name": "olga", "password": "a long password"})
        for _ in range(3):  # it asks each second and is read once
            client.get(f"{here}/players/{player}")
            client.get(f"{here}/rooms/{room}")
            client.get(f"{here}/replay?room={room}")
            client.get(f"{here}/data")
        client.get(f"{here}/export.zip")
        client.get(f"{here}/payments.csv")
        client.post(f"{here}/rights", data={"account": "otto", "role": "observer"})
        client.post(f"{here}/rights", data={"account": "otto", "role": "nobody"})
        page = client.get("/admin/security").text
        of_session = client.get(f"{here}/security").text
        client.post("/admin/logout")
    assert written(shared, session.id) == [
        ("right_given", "story", "olga"),
        ("page_read", "olga", str(player)),
        ("page_read", "olga", ""),
        ("page_read", "olga", ""),
        ("exported", "olga", ""),
        ("exported", "olga", ""),
        ("right_given", "olga", "otto"),
        ("right_taken", "olga", "otto"),
    ]
    own = [what for what, account, _ in written(shared, since=last) if account == "olga"]
    assert own[:2] == ["log_in_failed", "logged_in"] and own[-1] == "logged_out"
    everything = shared.sql("select string_agg(e::text, ' ') from public.security_event e")[0][0]
    assert "my secret password" not in everything, "a password in the wrong field"
    for words in (
        "logged in",
        "took",
        "the export",
        "the payments",
        "read the page of",
        f'/rooms/{room}">a room</a>',
        "read the session’s answers",
        "put",
        "a wrong password",
    ):
        assert words in page, words
    assert "wrong password" not in of_session and "the export" in of_session


def test_one_reads_what_is_ones_own_and_that_of_ones_sessions(shared: House, server: Server) -> None:
    # Names of this story's alone: others have their sessions in the same house.
    owner, observer, other = "who-owns-one", "who-looks-at-one", "who-has-none"

    async def staff(conn: Connection) -> None:
        for name in (owner, observer, other):
            await put_account(conn, name, "a long password")
        await give(conn, session.id, owner, "owner", "story")
        await give(conn, session.id, observer, "observer", "story")
        await security.write(conn, "exported", owner, "", session.id, file="export")
        await security.write(conn, "password_changed", "command line", about=other)

    session = shared.open(start=False)
    shared.do(staff)

    def reads(name: str) -> tuple[bool, bool]:
        key = shared.do(lambda conn: log_in(conn, name))
        text = httpx.get(f"{server.base}/admin/security", cookies={ADMIN_COOKIE: key}).text
        return session.id in text, other in text

    assert (reads(owner), reads(observer), reads(other)) == ((True, False), (False, False), (False, True))


def test_what_was_asked_for_and_refused_stands_there_and_fills_nothing(shared: House, server: Server) -> None:
    session = shared.open(start=False)

    async def staff(conn: Connection) -> None:
        for name in ("odile", "oscar", "nell"):
            await put_account(conn, name, "a long password")
        await give(conn, session.id, "odile", "owner", "story")
        await give(conn, session.id, "oscar", "observer", "story")

    shared.do(staff)
    here = f"/admin/sessions/{session.id}"

    def by(name: str) -> httpx.Client:
        key = shared.do(lambda conn: log_in(conn, name))
        return httpx.Client(base_url=server.base, timeout=30, cookies={ADMIN_COOKIE: key})

    with by("oscar") as oscar, by("nell") as nell, by("odile") as odile:
        assert oscar.get(f"{here}/export.zip").status_code == 403
        assert oscar.post(f"{here}/pause").status_code == 403
        assert {nell.get(f"{here}/export.zip").status_code for _ in range(40)} == {404}
        assert nell.get("/admin/sessions/%1b[31m").status_code == 404, "no session has such a name"
        assert oscar.get(here).status_code == odile.get(here).status_code == 200, "which are no refusals"
        assert "asked for what they may not" in oscar.get("/admin/security").text
        assert "POST /admin/sessions/{session_id}/{action}" in odile.get(f"{here}/security").text
    refused = shared.sql(
        "select account, data ->> 'page', count(*) from security_event where what = 'refused' and session_id = %s"
        " group by 1, 2 order by 1, 2",
        session.id,
    )
    assert refused == [
        ("nell", "GET /admin/sessions/{session_id}/export.zip", 30),
        ("oscar", "GET /admin/sessions/{session_id}/export.zip", 1),
        ("oscar", "POST /admin/sessions/{session_id}/{action}", 1),
    ]


@pytest.mark.slow
def test_a_flood_of_failures_leaves_some_lines_and_one_that_says_so(house: House) -> None:
    server = house.serve()

    async def story() -> None:
        async with httpx.AsyncClient(base_url=server.base, timeout=60) as client:
            asked = [client.post("/admin/login", data={"name": "grace", "password": "x"}) for _ in range(80)]
            await asyncio.gather(*asked)

    house.do(lambda conn: put_account(conn, "grace", "a long password"))
    house.tell(story())
    counted = dict(house.sql("select what, count(*) from security_event group by what"))
    assert counted["log_in_failed"] <= 10 and counted["held_off"] == 2, "by name there, and by address"

    async def many(conn: Connection) -> None:
        for _ in range(320):
            await security.write_failure(conn, "log_in_failed", "grace", "192.0.2.1")

    house.do(many)
    counted = dict(house.sql("select what, count(*) from security_event group by what"))
    assert counted["log_in_failed"] + counted["held_off"] <= 300 and counted["failures_not_logged"] == 1


def test_the_command_line_reads_all_of_it(hall: House, tmp_path: Path) -> None:
    shell = Shell(hall, tmp_path)
    shell.type("admin", "add", "pia", "--password", "a long password")
    shell.type("admin", "password", "pia", "--password", "quite another one")
    shell.type("admin", "remove", "pia")
    lines = shell.type("admin", "log", "--json", "--most", "3").stdout.splitlines()
    told = [(one["what"], one["account"], one["about"]) for one in map(json.loads, lines)]
    kinds = ["account_removed", "password_changed", "account_added"]
    assert told == [(kind, "command line", "pia") for kind in kinds]
    assert "account_removed" in shell.type("admin", "log", "--most", "1").stdout
    session = hall.visit().open(start=False)
    assert shell.type("export", session.id, "--to", "data.zip").returncode == 0
    assert shell.type("payments", session.id).returncode == 0
    of_session = shell.type("admin", "log", "--session", session.id, "--json").stdout.splitlines()
    assert [json.loads(line)["data"] for line in of_session] == [{"file": "payments"}, {"file": "export"}]
