"""Stories of what the pages promise to anybody who asks: who may post, what a mistake is told, how a server ends."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path

import httpx
import pytest

from app.config import PROJECT
from app.database.embedded import Postgres
from app.rehearsal.browser import Browser, WireError
from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE, PLAYER_COOKIE
from app.web.player_stream import TABS
from tests.house.guests import hidden_fields, sign_everyone_in, stream_status
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.waits import PATIENCE, until

HTML = {"Accept": "text/html"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(server: Server) -> Iterator[httpx.Client]:
    """A browser that shows where it is sent instead of going there."""
    with httpx.Client(base_url=server.base, timeout=30) as client:
        yield client


@pytest.fixture
def seated(shared: House) -> tuple[Opened, list[str]]:
    """A session whose four people play, and the cookies of those, by slot."""
    session = shared.open()

    async def story() -> list[str]:
        guests = [shared.guest(shared.servers[0], session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        slots = dict(shared.sql("select label, slot from player where session_id = %s", session.id))
        return [
            guest.browser.cookies[PLAYER_COOKIE] for guest in sorted(guests, key=lambda one: slots[one.label])
        ]

    return session, shared.tell(story())


def form_of(visitor: httpx.Client, action: str) -> dict[str, str]:
    return hidden_fields(visitor.get("/play").text, action)


# Where a form may come from


def test_the_window_of_a_preview_is_nowhere_in_production(visitor: httpx.Client) -> None:
    for address in (
        "/dev",
        "/dev/live",
        "/dev/static/preview.js",
        "/static/preview.js",
        "/static/preview/preview.js",
    ):
        assert visitor.get(address).status_code == 404, address
    for address in ("/dev/skip", "/dev/answer", "/dev/again", "/dev/door", "/dev/look", "/dev/bot/1"):
        assert visitor.post(address).status_code == 404, address
    assert "frame-ancestors 'none'" in visitor.get("/").headers["content-security-policy"]


def test_a_form_from_another_site_is_refused_at_every_address(
    shared: House, visitor: httpx.Client, seated: tuple[Opened, list[str]]
) -> None:
    session, cookies = seated
    invited = shared.open(people={"red": 1}, start=False)
    visitor.cookies.set(PLAYER_COOKIE, cookies[0])
    visitor.cookies.set(ADMIN_COOKIE, shared.do(lambda conn: log_in(conn, "grace")))
    answer = form_of(visitor, "/play/records") | {"belief": "10"}
    message = form_of(visitor, "/play/messages") | {"body": "from elsewhere"}
    key = {"name": "grace", "password": "correct horse battery"}
    forms = {
        "/play/records": answer,
        "/play/messages": message,
        "/play/leave": {},
        f"/join/{invited.tokens['R1']}": {},
        "/admin/login": key,
        "/admin/logout": {},
        **{f"/admin/sessions/{session.id}/{name}": {} for name in ("start", "pause", "resume", "close")},
    }
    elsewhere = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": str(visitor.base_url)},
    ]
    before = _everything(shared)
    for address, form in forms.items():
        for headers in elsewhere:
            refused = visitor.post(address, data=form, headers=headers)
            assert refused.status_code == 403 and "from another site" in refused.text, (address, headers)
    assert _everything(shared) == before
    # What was refused were good forms.
    for address, form in sorted(
        forms.items(), key=lambda one: [one[0].endswith("/logout"), one[0].endswith("/close")]
    ):
        sent = visitor.post(address, data=form)
        assert sent.status_code in (200, 303), (address, sent.text)
        if address == "/play/leave":
            visitor.cookies.set(PLAYER_COOKIE, cookies[1])
        if address == "/admin/login":  # in the place of the log-in before
            visitor.cookies.delete(ADMIN_COOKIE, domain="", path="/")
    changed = [one != other for one, other in zip(before[0], _everything(shared)[0], strict=True)]
    assert changed == [True, True, True, True, True]  # the log-in of the form is gone, too


def _everything(house: House) -> list[tuple[object, ...]]:
    return house.sql(
        "select (select count(*) from record), (select count(*) from message), (select count(*) from login),"
        " (select array_agg(status order by id) from player), (select array_agg(status order by id) from session)"
    )


def test_our_own_pages_and_programs_may_post(shared: House, server: Server) -> None:
    session = shared.open(people={"red": 4}, start=False)
    ours: list[dict[str, str]] = [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": server.base},
    ]
    for token, headers in zip(session.tokens.values(), ours, strict=True):
        with httpx.Client(base_url=server.base, headers=headers) as visitor:
            assert visitor.post(f"/join/{token}").headers["location"] == "/play"
            assert visitor.post("/play/leave").status_code == 303
            assert "You have left the study" in visitor.get("/play").text


def test_looking_at_a_join_link_changes_nothing(shared: House, visitor: httpx.Client) -> None:
    session = shared.open()
    address = f"/join/{session.tokens['R1']}"
    before = _everything(shared)
    for _ in range(2):
        assert "Come in" in visitor.get(address).text
        seen = visitor.head(address)
        assert seen.status_code == 200 and seen.content == b"" and "set-cookie" not in seen.headers
        assert visitor.request("OPTIONS", address).status_code in (200, 204, 405)
    assert _everything(shared) == before and not visitor.cookies
    assert visitor.post(address).status_code == 303
    assert _everything(shared) != before


# Headers


def test_every_answer_has_the_headers_that_keep_it_safe(
    shared: House, visitor: httpx.Client, seated: tuple[Opened, list[str]]
) -> None:
    visitor.cookies.set(PLAYER_COOKIE, seated[1][0])
    answers = [
        visitor.get(address)
        for address in (
            "/",
            "/play",
            "/admin",
            "/admin/login",
            "/join/unknown",
            "/no/such/page",
            "/health/live",
        )
    ]
    answers += [visitor.post("/play/records"), visitor.post("/"), visitor.delete("/play")]
    assert {answer.status_code for answer in answers} >= {200, 303, 404, 405, 409}
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        # httpx gives two policies as one text; to a browser both hold.
        narrow = "connect-src *:*/play *:*/play/ " in policy
        assert narrow != answer.request.url.path.startswith("/admin"), (
            "players’ pages ask for players’ addresses"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert not any(name.startswith("access-control-") for name in answer.headers), "no other origin"
    with visitor.stream("GET", "/play/live") as stream:
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["content-type"].startswith("text/event-stream")


def test_the_researchers_side_answers_no_form_and_no_script_of_a_players_page(
    shared: House, visitor: httpx.Client
) -> None:
    session = shared.open(people={"red": 1})
    visitor.cookies.set(ADMIN_COOKIE, shared.do(lambda conn: log_in(conn, "grace")))
    here = f"/admin/sessions/{session.id}"
    from_play = {"Referer": f"{visitor.base_url}/play"}
    refused = (
        visitor.post(f"{here}/pause", headers=from_play),
        visitor.get(here, headers=from_play | {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}),
        visitor.get(here, headers=from_play | {"HX-Request": "true"}),
        visitor.post(f"{here}/pause", headers={"Referer": f"{visitor.base_url}/join/x?a=/admin/"}),
    )
    assert {answer.status_code for answer in refused} == {403}
    assert all("Only a researcher’s own pages" in answer.text for answer in refused)
    assert visitor.get(here, headers=from_play).status_code == 200, "a link"
    for fine in ({}, {"Referer": f"{visitor.base_url}{here}"}, {"Referer": "http://[nonsense"}):
        assert visitor.post(f"{here}/pause", headers=fine).status_code == 303
        assert visitor.post(f"{here}/resume", headers=fine).status_code == 303


def test_static_files_have_a_version_in_their_address_and_are_kept_for_ever(visitor: httpx.Client) -> None:
    found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', visitor.get("/admin/login").text))
    assert found
    for address in found:
        assert re.search(r"\?v=[0-9a-f]{12}$", address), address
        kept = visitor.get(address)
        assert kept.status_code == 200 and "immutable" in kept.headers["cache-control"]
        assert visitor.get(address.partition("?")[0]).headers["cache-control"] == "no-store"
        kind = kept.headers["content-type"]
        assert kind.startswith(("text/", "image/svg+xml")) and kind.endswith("; charset=utf-8"), kind
    missing = visitor.get("/static/missing.css?v=1")
    assert missing.status_code == 404 and missing.headers["cache-control"] == "no-store"
    for outside in (
        "/static/../pyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static/..%2fpyproject.toml",
    ):
        with closing(socket.create_connection((visitor.base_url.host, visitor.base_url.port or 80))) as raw:
            raw.sendall(f"GET {outside} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
        assert b" 404 " in answer.split(b"\r\n")[0] and b"networklab" not in answer, outside


# Mistakes are told in a sentence


def test_whatever_is_asked_the_answer_is_a_page_with_a_sentence(
    shared: House, visitor: httpx.Client, seated: tuple[Opened, list[str]]
) -> None:
    token = shared.open(people={"red": 1}, start=False).tokens["R1"]
    visitor.cookies.set(PLAYER_COOKIE, seated[1][0])
    visitor.cookies.set(ADMIN_COOKIE, shared.do(lambda conn: log_in(conn, "grace")))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    asked = [
        (404, visitor.get("/nothing/here")),
        (404, visitor.get("/join/unknown")),
        (404, visitor.get("/join/%F0%9F%92%A5")),
        (404, visitor.get("/join/%ff%fe")),
        (404, visitor.get("/admin/sessions/-1")),
        (404, visitor.get("/admin/sessions/99999999999999999999999999")),
        (404, visitor.post("/admin/sessions/-1/start")),
        (400, visitor.get("/join/" + "x" * 5000)),
        (405, visitor.put("/play")),
        (405, visitor.post("/play")),
        (405, visitor.delete(f"/join/{token}")),
        (405, visitor.request("PROPFIND", "/play")),
        (405, visitor.request("TRACE", "/play")),
        (409, visitor.post("/play/records")),
        (400, visitor.post("/play/records", content=b"\xff\xfe=%ff&form_key=%00", headers=form)),
        (400, visitor.post("/play/records", content=b"[1, 2", headers={"Content-Type": "application/json"})),
        (400, visitor.post("/play/records", content=b"no boundary here", headers=multipart)),
        (400, visitor.post("/play/records", content=b"--y", headers={"Content-Type": "multipart/form-data"})),
        (413, visitor.post("/play/records", content=b"why=" + b"x" * 300_000, headers=form)),
        (413, visitor.post(f"/join/{token}", content=iter([b"x" * 150_000] * 2), headers=form)),
    ]
    for status, answer in asked:
        where = (str(answer.request.method), str(answer.request.url)[:80], answer.text[-400:])
        assert answer.status_code == status, where
        assert answer.headers["content-type"].startswith("text/html"), where
        assert re.search(r"<h1[^>]*>[A-Z][^<]+\.</h1>", answer.text), where
        assert "Traceback" not in answer.text and "Error" not in answer.text
    key = form_of(visitor, "/play/messages")
    for body in ("\0", "a\0b", "x" * 1001, "", "   \n"):
        refused = visitor.post("/play/messages", data={**key, "body": body})
        assert refused.status_code == 422 and 'role="alert"' in refused.text
    answer_key = form_of(visitor, "/play/records")
    for value in ("\0", "-1", "101", "1" * 400, "1e3", "NaN", "٣", "", "0x10"):
        refused = visitor.post("/play/records", data={**answer_key, "belief": value})
        assert refused.status_code in (200, 422), (value, refused.text)
        assert (refused.status_code == 200) == ("receipt" in refused.headers)
    assert visitor.post("/play/records", data={**answer_key, "belief": "7"}).status_code == 200


def test_a_cookie_that_is_not_ours_is_nobodys(
    visitor: httpx.Client, seated: tuple[Opened, list[str]]
) -> None:
    cookie = seated[1][0]
    player, at, session, signature = cookie.split(".")
    forged = [
        f"{int(player) + 1}.{at}.{session}.{signature}",
        f"{player}.{int(at) + 1}.{session}.{signature}",
        f"{player}.{at}.{session}.{signature[:-1]}",
        f"{player}.{session}.{signature}",
        f"{player}.{at}.{session}.",
        f"{player}.{at}.{session}",
        "...",
        ".",
        "x" * 3000,
        "%00%ff",
        "9" * 30 + f".{at}.{session}.{signature}",
    ]
    assert visitor.get("/play", headers={"Cookie": f"{PLAYER_COOKIE}={cookie}"}).status_code == 200
    for value in forged:
        headers = {"Cookie": f"{PLAYER_COOKIE}={value}; {ADMIN_COOKIE}={value}"}
        refused = visitor.get("/play", headers=headers)
        assert refused.status_code == 403 and "Open the link from your invitation again" in refused.text, (
            value
        )
        assert visitor.post("/play/leave", headers=headers).status_code == 403
        assert stream_status(visitor, "/play/live", headers=headers) == 403
        assert visitor.get("/admin", headers=headers).status_code == 303


def test_whatever_bytes_come_the_server_answers_or_hangs_up_and_goes_on(
    shared: House, server: Server, visitor: httpx.Client, seated: tuple[Opened, list[str]]
) -> None:
    logged = len(server.log.read_text())
    dice = random.Random(7)
    cookie = f"{PLAYER_COOKIE}={seated[1][1]}"
    key = hidden_fields(visitor.get("/play", headers={"Cookie": cookie}).text, "/play/records")["form_key"]
    tokens = list(seated[0].tokens.values())
    paths = [
        "/play/records",
        "/play/messages",
        "/play/leave/",
        f"/join/{tokens[0]}",
        "/admin/login",
        "/play",
        "/x",
    ]
    types = [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/json",
        "\xe9",
        "",
    ]
    for _ in range(150):
        body = bytes(dice.randrange(256) for _ in range(dice.randrange(60)))
        if dice.random() < 0.5:
            body = b"form_key=" + key.encode() + b"&belief=" + body
        elif dice.random() < 0.3:
            body = (
                b'--b\r\nContent-Disposition: form-data; name="belief"; filename="f"\r\n\r\n'
                + body
                + b"\r\n--b--"
            )
        path = dice.choice(paths) + dice.choice(["", "?", "?key=%ff", "?to=//x&key=\\", "/%00", "/%80", "//"])
        head = [f"{dice.choice(['POST', 'POST', 'GET', 'PUT', 'FOO'])} {path} HTTP/1.1", "Host: x"]
        head += [f"Cookie: {cookie}", f"Content-Type: {dice.choice(types)}", f"Content-Length: {len(body)}"]
        if dice.random() < 0.2:
            head.append("X-Odd: " + "é" * 50)
        head.append("Connection: close")
        with closing(socket.create_connection(("127.0.0.1", server.port), 20)) as raw:
            raw.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
            answer = b""
            while chunk := raw.recv(65536):
                answer += chunk
        status = int(answer.split(b" ", 2)[1]) if answer else 0
        assert status < 500, (head, body, answer[-600:])
        assert b"Traceback" not in answer
    with closing(socket.create_connection(("127.0.0.1", server.port), 20)) as raw:
        raw.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        assert b"400" in raw.recv(65536)
    assert visitor.get("/health/ready").text == "ready\n"
    assert "Traceback" not in server.log.read_text()[logged:]


def test_one_cookie_holds_so_many_pages_open_and_no_more(
    server: Server, shared: House, seated: tuple[Opened, list[str]]
) -> None:
    async def story() -> None:
        guest, other = (shared.guest(server, seated[0], "R1"), shared.guest(server, seated[0], "R2"))
        guest.browser.cookies[PLAYER_COOKIE], other.browser.cookies[PLAYER_COOKIE] = seated[1][:2]
        async with AsyncExitStack() as stack:
            for _ in range(TABS):
                await stack.enter_async_context(guest.watching())
            with pytest.raises(WireError, match="429"):
                async with guest.watching():
                    pass
            async with other.watching():
                pass
            await stack.aclose()
        async with asyncio.timeout(PATIENCE):  # and when the server has seen them close, pages open again
            while True:
                with suppress(WireError):
                    async with guest.watching():
                        break

    shared.tell(story())


# With scripts and without


def test_htmx_gets_fragments_and_a_browser_without_scripts_gets_pages(
    visitor: httpx.Client, seated: tuple[Opened, list[str]]
) -> None:
    visitor.cookies.set(PLAYER_COOKIE, seated[1][0])
    answer, message = form_of(visitor, "/play/records"), form_of(visitor, "/play/messages")

    def is_page(answer: httpx.Response) -> bool:
        return answer.text.startswith("<!doctype html>") and "</html>" in answer.text

    wrong = visitor.post("/play/records", data={**answer, "belief": "900"}, headers=HTMX)
    assert wrong.status_code == 422 and not is_page(wrong) and 'value="900"' in wrong.text
    wrong = visitor.post("/play/records", data={**answer, "belief": "900"}, headers=HTML)
    assert wrong.status_code == 422 and is_page(wrong) and 'value="900"' in wrong.text

    stored = visitor.post("/play/records", data={**answer, "belief": "9"}, headers=HTMX)
    assert stored.status_code == 200 and not is_page(stored) and 'name="form_key"' in stored.text
    again = visitor.post("/play/records", data={**answer, "belief": "9"}, headers=HTML)
    assert (again.status_code, again.headers["location"]) == (303, "/play")
    assert again.headers["receipt"] == stored.headers["receipt"]
    assert re.fullmatch(r"[\d,]+:[0-9a-f]{64}", stored.headers["receipt"])

    said = visitor.post("/play/messages", data={**message, "body": "with scripts"}, headers=HTMX)
    assert said.status_code == 200 and not is_page(said) and 'name="form_key"' in said.text
    said = visitor.post("/play/messages", data={**message, "body": "without"}, headers=HTML)
    assert (said.status_code, said.headers["location"]) == (303, "/play")
    assert {"with scripts", "without"} <= set(re.findall(r">([^<>]+)</span></li>", visitor.get("/play").text))

    for headers in HTMX, HTML:
        for address in "/play/records", "/play/messages":
            stale = visitor.post(address, data={"form_key": "1.0.0.old"}, headers=headers)
            assert stale.status_code == 409 and "no longer where you are" in stale.text
            assert is_page(stale) == (headers is HTML)
        lost = visitor.get("/no/such/page", headers=headers)
        assert lost.status_code == 404 and is_page(lost) == (headers is HTML)
    # Whoever reloads the address of a form lands on their page.
    for address in "/play/records", "/play/messages", "/play/leave":
        assert visitor.get(address).headers["location"] == "/play"
    gone = visitor.post("/play/leave", headers=HTML)
    assert (gone.status_code, gone.headers["location"]) == (303, "/play")


# For machines


def test_the_metrics_are_prometheus_text_and_count_what_was_stored(house: House) -> None:
    # Of a database of its own: they tell of every process that shares it.
    server, session = house.serve(), house.open()

    def read() -> dict[str, float]:
        answer = httpx.get(f"{server.base}/metrics", timeout=30)
        assert answer.headers["content-type"].startswith("text/plain")
        figures: dict[str, float] = {}
        types: dict[str, str] = {}
        processes: set[str] = set()
        for line in answer.text.splitlines():
            if comment := re.fullmatch(r"# (HELP|TYPE) ([a-z0-9_]+) (.+)", line):
                if comment[1] == "TYPE":
                    assert comment[3] in ("gauge", "counter")
                    types[comment[2]] = comment[3]
            else:
                sample = re.fullmatch(r'([a-z0-9_]+)\{process="([\w.-]+:\d+)"\} ([0-9.e+-]+)', line)
                assert sample and sample[1] in types and sample[1] not in figures, line
                processes.add(sample[2])
                figures[sample[1]] = float(sample[3])
        assert set(figures) == set(types) and answer.text.endswith("\n")
        assert len(processes) == 1 and figures["process_resident_memory_bytes"] > 20e6
        assert all(name.endswith("_total") == (kind == "counter") for name, kind in types.items())
        return figures

    async def answer() -> None:
        guests = [house.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        assert (await guests[0].answer({"belief": "9"})).status == 200

    before = read()
    house.tell(answer())
    after = read()
    assert after["networklab_forms_acknowledged_total"] == before["networklab_forms_acknowledged_total"] + 1
    assert after["networklab_listening"] == 1 and after["networklab_streams"] == 0


def test_a_server_without_its_database_lives_and_is_not_ready_and_comes_back(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    house = House(own_postgres.dsn, tmp_path)
    try:
        server = house.serve()
        token = house.open().tokens["R1"]
        with httpx.Client(base_url=server.base, timeout=30) as visitor:
            assert visitor.get("/health/ready").status_code == 200
            own_postgres.stop()
            away = visitor.get("/health/ready")
            assert (away.status_code, away.text) == (503, "not ready\n")
            assert [visitor.get(address).status_code for address in ("/health/live", "/")] == [200, 200]
            own_postgres.start()
            server.wait_until_ready()
            # Not one of the pool's connections is a broken one from before.
            pages = [visitor.get(f"/join/{token}") for _ in range(10)]
            assert [page.status_code for page in pages] == [200] * 10
        assert "starting another" not in server.log.read_text()
    finally:
        house.leave()


# The end


def test_a_server_told_to_stop_ends_its_streams_and_itself(house: House) -> None:
    session = house.open()
    server = house.serve(processes=2)
    ada = house.researcher(server)

    async def story() -> int:
        guests = [house.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        async with guests[0].watching() as one, guests[1].watching() as other:
            board = asyncio.create_task(_all_of(ada, f"/admin/sessions/{session.id}/live"))
            await until(
                lambda: house.sql("select sum((figures->>'streams')::int) from process") == [(2,)], "streams"
            )
            code = await asyncio.to_thread(server.stop)
            for stream in (one, other):
                await stream.until(lambda _, stream=stream: stream.ended, "the stream's end")  # type: ignore[misc]
            await board
        return code

    assert house.tell(story()) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
    assert "Traceback" not in server.log.read_text()


async def _all_of(browser: Browser, address: str) -> None:
    async for _ in browser.stream(address):
        pass


def test_a_port_that_is_taken_is_told_in_a_sentence(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "app", "serve", "--port", port],
            env={"PATH": "", "DATABASE_URL": house.database, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2 and ended.stdout == ""
    assert (
        ended.stderr.count("\n") == 1
        and f"port {port}: another program" in ended.stderr
        and "--port" in ended.stderr
    )


def test_a_server_process_that_is_killed_is_replaced_while_the_others_go_on(house: House) -> None:
    server = house.serve(processes=2)

    async def story() -> None:
        before = await until(lambda: len(house.workers()) == 2 and house.workers(), "both processes")
        assert isinstance(before, list)
        os.kill(before[0], signal.SIGKILL)
        after = await until(
            lambda: before[0] not in house.workers() and len(house.workers()) == 2, "another process", 20
        )
        assert after and before[1] in house.workers()

    house.tell(story())
    assert server.popen.poll() is None
