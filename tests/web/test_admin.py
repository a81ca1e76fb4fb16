"""Stories of the researcher's side: the door, the four actions, and a dashboard that ticks whatever happens."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from html import unescape

import httpx
import psycopg
import pytest

from app.database.connections import Connection
from app.rehearsal.browser import Browser, WireError
from app.sessions.actions import ACTIONS
from app.web.access.accounts import put_account
from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE, PLAYER_COOKIE
from tests.house.guests import Stream, sign_everyone_in, stream_status, watching
from tests.house.house import PASSWORD, House, Opened
from tests.house.server import Server
from tests.house.waits import until


@pytest.fixture
def visitor(server: Server) -> Iterator[httpx.Client]:
    """A browser that nobody has logged in with, and that shows where it is sent instead of going there."""
    with httpx.Client(base_url=server.base, timeout=30) as client:
        yield client


@pytest.fixture
def grace(shared: House, visitor: httpx.Client) -> httpx.Client:
    visitor.cookies.set(ADMIN_COOKIE, shared.do(lambda conn: log_in(conn, "grace")))
    return visitor


def plain(page: str) -> str:
    """What a page says, without its markup and its log."""
    page = re.sub(r'<ol class="feed">.*?</ol>|<svg.*?</svg>|<style.*?</style>', " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def number(page: str, words: str) -> int:
    found = re.search(rf"\b{words} ([\d,]+)", plain(page))
    assert found, f"no figure for {words}: {plain(page)}"
    return int(found[1].replace(",", ""))


def status_of(house: House, session: Opened) -> str:
    [(status,)] = house.sql("select status::text from session where id = %s", session.id)
    return str(status)


# The door


def test_the_right_password_opens_the_door_and_a_wrong_one_says_so(visitor: httpx.Client) -> None:
    outside = visitor.get("/admin")
    assert outside.status_code == 303 and outside.headers["location"] == "/admin/login"
    assert 'name="password"' in visitor.get("/admin/login").text
    for name, password in (("grace", "wrong"), ("nobody", PASSWORD), ("", ""), ("grace\0", "a\0b")):
        wrong = visitor.post("/admin/login", data={"name": name, "password": password})
        assert wrong.status_code == (400 if "\0" in name else 403), wrong.text
        assert "do not fit together" in wrong.text or "\0" in name
        assert "set-cookie" not in wrong.headers
    right = visitor.post("/admin/login", data={"name": " grace ", "password": PASSWORD})
    assert right.status_code == 303 and right.headers["location"] == "/admin"
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "secure" not in cookie
    assert visitor.get("/admin").status_code == 200


def test_ten_wrong_passwords_close_the_door_for_a_while_for_that_name_only(
    shared: House, visitor: httpx.Client
) -> None:
    shared.do(lambda conn: put_account(conn, "often guessed", PASSWORD))
    for _ in range(10):
        assert (
            visitor.post("/admin/login", data={"name": "often guessed", "password": "x"}).status_code == 403
        )
    refused = visitor.post("/admin/login", data={"name": "often guessed", "password": PASSWORD})
    assert refused.status_code == 429 and "Wait a minute" in refused.text
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert visitor.post("/admin/login", data={"name": "grace", "password": PASSWORD}).status_code == 303


def test_a_link_that_logs_in_by_itself_does_so_once(shared: House, visitor: httpx.Client) -> None:
    key = shared.do(lambda conn: log_in(conn, "grace", once=True))
    as_cookie = visitor.get("/admin", headers={"Cookie": f"{ADMIN_COOKIE}={key}"})
    assert as_cookie.status_code == 303  # what is in the link is no log-in
    first = visitor.get("/admin/login", params={"key": key})
    assert first.status_code == 303 and ADMIN_COOKIE in first.headers["set-cookie"]
    assert visitor.get("/admin").status_code == 200
    again = visitor.get("/admin/login", params={"key": key, "to": "/admin/studies"})  # as it stands printed
    assert again.status_code == 303 and again.headers["location"] == "/admin/studies"
    assert "set-cookie" not in again.headers  # it logs nobody in: they still are
    stranger = visitor.get("/admin/login", params={"key": key}, headers={"Cookie": f"{ADMIN_COOKIE}=x"})
    assert stranger.status_code == 403 and "set-cookie" not in stranger.headers
    assert "has been used" in stranger.text and "start the demo again" in plain(stranger.text)
    for to, place in (("/admin/sessions/x", "/admin/sessions/x"), ("//evil.example/admin", "/admin")):
        key = shared.do(lambda conn: log_in(conn, "grace", once=True))
        assert visitor.get("/admin/login", params={"key": key, "to": to}).headers["location"] == place


def test_every_page_stream_export_and_action_needs_the_log_in(
    shared: House, server: Server, visitor: httpx.Client, grace: httpx.Client
) -> None:
    session = shared.open(start=False)
    place = f"/admin/sessions/{session.id}"
    assert grace.get(place).status_code == 200 and grace.get(f"{place}/export.zip").content[:2] == b"PK"
    with httpx.Client(base_url=server.base) as stranger:
        for cookies in ({}, {ADMIN_COOKIE: "made-up"}, {ADMIN_COOKIE: ""}):
            stranger.cookies = httpx.Cookies(cookies)
            for address in (
                "/admin",
                place,
                f"{place}/replay",
                f"{place}/export.zip",
                "/admin/sessions/unknown",
            ):
                answer = stranger.get(address)
                assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login"), address
            for action in (*ACTIONS, "unknown"):
                answer = stranger.post(f"{place}/{action}")
                assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login"), action
            assert stream_status(stranger, f"{place}/live") == 403
    assert status_of(shared, session) == "open"
    assert stream_status(grace, "/admin/sessions/unknown/live") == 404


def test_a_players_cookie_opens_nothing_of_the_researchers_and_the_other_way_round(
    shared: House, visitor: httpx.Client
) -> None:
    session = shared.open()
    joined = visitor.post(f"/join/{session.tokens['R1']}")
    key = visitor.cookies[PLAYER_COOKIE]
    assert joined.status_code == 303 and visitor.get("/play").status_code == 200
    assert visitor.get("/admin").status_code == 303
    visitor.cookies = httpx.Cookies({ADMIN_COOKIE: key})
    assert visitor.get("/admin").status_code == 303
    admin_key = shared.do(lambda conn: log_in(conn, "grace"))
    visitor.cookies = httpx.Cookies({ADMIN_COOKIE: admin_key, PLAYER_COOKIE: admin_key})
    assert visitor.get("/admin").status_code == 200
    refused = visitor.get("/play")
    assert refused.status_code == 403 and "Open the link from your invitation" in refused.text
    assert stream_status(visitor, "/play/live") == 403


def test_logging_out_voids_the_cookie_on_the_server(shared: House, grace: httpx.Client) -> None:
    key = grace.cookies[ADMIN_COOKIE]
    other = shared.do(lambda conn: log_in(conn, "grace"))
    assert grace.get("/admin").status_code == 200
    out = grace.post("/admin/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/admin/login")
    grace.cookies = httpx.Cookies({ADMIN_COOKIE: key})  # somebody kept a copy
    assert grace.get("/admin").status_code == 303
    grace.cookies = httpx.Cookies({ADMIN_COOKIE: other})  # another browser of hers
    assert grace.get("/admin").status_code == 200


# The four actions


def test_the_actions_do_what_they_say_once_and_refuse_with_a_sentence(
    shared: House, grace: httpx.Client
) -> None:
    session = shared.open(start=False)
    place = f"/admin/sessions/{session.id}"

    def act(action: str, status: int, then: str, sentence: str = "") -> None:
        answer = grace.post(f"{place}/{action}")
        assert answer.status_code == status, (action, answer.text)
        assert status != 303 or answer.headers["location"] == place
        assert sentence in plain(answer.text)
        assert status_of(shared, session) == then

    for early in ("pause", "resume"):
        act(early, 409, "open", "has not started. Start it first.")
    act("start", 303, "running")
    act("start", 303, "running")
    act("resume", 303, "running")
    act("pause", 303, "paused")
    act("pause", 303, "paused")
    act("resume", 303, "running")
    act("close", 303, "closed")
    act("close", 303, "closed")
    for late in ("start", "pause", "resume"):
        act(late, 409, "closed", "is closed. Open a new session")
    done = shared.sql(
        "select name, data->>'by' from event where session_id = %s and name like 'session_%%' order by seq",
        session.id,
    )
    steps = ["session_started", "session_paused", "session_resumed", "session_closed"]
    assert done == [(name, "grace") for name in steps]


def test_an_action_needs_a_post_a_session_and_a_name_that_exists(shared: House, grace: httpx.Client) -> None:
    session = shared.open(start=False)
    for action in ACTIONS:
        answer = grace.get(f"/admin/sessions/{session.id}/{action}")
        assert answer.status_code == 405 and "<h1" in answer.text
    assert status_of(shared, session) == "open"
    for address in ("unknown/start", f"{session.id}/explode", f"{session.id.upper()}/start"):
        answer = grace.post(f"/admin/sessions/{address}")
        assert answer.status_code == 404 and 'role="alert"' in answer.text, address
    for address in ("unknown", "unknown/export.zip"):
        answer = grace.get(f"/admin/sessions/{address}")
        assert answer.status_code == 404 and "There is no session" in answer.text
    for answer in grace.get("/admin/sessions/%00"), grace.post("/admin/sessions/%00/start"):
        assert answer.status_code == 400 and "could not be read" in answer.text
    assert status_of(shared, session) == "open"


# The dashboard


@asynccontextmanager
async def dashboard(browser: Browser, session: Opened) -> AsyncIterator[Stream]:
    async with watching(browser, f"/admin/sessions/{session.id}/live") as stream:
        yield stream


async def ticks(stream: Stream, count: int) -> str:
    """So many more ticks; the newest."""
    seen = len(stream.messages)
    await stream.until(lambda _: len(stream.messages) >= seen + count, f"{count} more ticks")
    return stream.raw[-1]


def test_the_dashboard_ticks_and_its_figures_follow_what_happens(shared: House, server: Server) -> None:
    session = shared.open(people={"red": 4, "blue": 3})
    ada = shared.researcher(server)

    async def story() -> None:
        async with dashboard(ada, session) as board:
            first = board.raw[-1]
            assert 'hx-target="#tick"' in first
            assert (number(first, "invited"), number(first, "waiting"), number(first, "playing")) == (7, 0, 0)
            guests = [shared.guest(server, session, label) for label in ("R1", "R2", "B1", "B2", "R3")]
            await sign_everyone_in(guests)
            players = [guest for guest in guests if 'action="/play/records"' in await guest.page()]
            waiting = [guest for guest in guests if guest not in players]
            assert len(players) == 4 and len(waiting) == 1
            async with players[0].watching(), waiting[0].watching():
                tick = await ticks(board, 3)
                counts = {
                    name: number(tick, name) for name in ("invited", "waiting", "playing", "finished", "left")
                }
                assert counts == {"invited": 7, "waiting": 1, "playing": 4, "finished": 0, "left": 0}
                assert number(tick, "pages live") == 2
                assert "mixed" in plain(tick) and "needs 1 more red and 2 more blue" in plain(tick)
                assert room_progress(tick) == [("progress of mixed-1", 3, 0)]
                assert number(tick, "records stored") == 0 and "messages 0 0 a minute" in plain(tick)
                await players[0].answer({"belief": "1", "why": "so"})
                await players[0].say("hello")
                tick = await ticks(board, 2)
                assert number(tick, "records stored") == 2 and "messages 1 " in plain(tick)
                assert "1 of 4 answered" in tick
                for guest in players[1:]:
                    await guest.answer({"belief": "1"})
                await players[3].browser.post("/play/leave", {})
                tick = await ticks(board, 2)
                assert room_progress(tick) == [("progress of mixed-1", 3, 1)]
                assert (number(tick, "playing"), number(tick, "left")) == (3, 1)
                assert re.search(r"(commit|saved)[^.]* \d+ ms", plain(tick)) and "lag" in tick
        # The page that is opened afresh shows the same.
        page = (await ada.get(f"/admin/sessions/{session.id}")).text
        assert room_progress(page) == [("progress of mixed-1", 3, 1)] and number(page, "left") == 1
        overview = (await ada.get("/admin")).text
        assert session.id in overview and "5 of 7" in plain(overview)

    shared.tell(story())


def room_progress(page: str) -> list[tuple[str, int, int]]:
    found = re.findall(r'<progress max="(\d+)" value="(\d+)" aria-label="([^"]+)"', page)
    return [(label, int(most), int(value)) for most, value, label in found]


def test_the_figures_of_two_processes_are_added_up(house: House) -> None:
    session = house.open()
    server = house.serve(processes=2, NETWORKLAB_URL="https://lab.example")
    ada = house.researcher(server)

    def streams() -> list[int]:
        found = house.sql(
            "select (figures->>'streams')::int from process where seen_at > now() - interval '3 s'"
        )
        return [count for (count,) in found]

    def both_workers() -> list[int]:
        found = house.workers()
        return found if len(found) == 2 else []

    async def story() -> None:
        guests = [house.guest(server, session, label) for label in ("R1", "R2", "B1")]
        await sign_everyone_in(guests)
        one, other = await until(both_workers, "both processes")
        async with AsyncExitStack() as stack:
            for guest, asleep in zip(guests, (one, one, other), strict=True):
                os.kill(asleep, signal.SIGSTOP)  # so that the connection goes to the other
                try:
                    await stack.enter_async_context(guest.watching())
                finally:
                    os.kill(asleep, signal.SIGCONT)
            async with dashboard(ada, session) as board:
                await until(lambda: sorted(streams()) == [1, 2], "the processes' own figures")
                tick = await ticks(board, 2)
                assert number(tick, "pages live") == 3 and number(tick, "processes") == 2

    house.tell(story())
    # Behind an https address the cookies are for https only.
    with httpx.Client(base_url=server.base) as client:
        assert "secure" in client.post(f"/join/{session.tokens['B2']}").headers["set-cookie"].lower()


def test_the_dashboard_ticks_on_when_every_connection_of_the_pool_is_taken(house: House) -> None:
    session = house.open()
    server = house.serve(NETWORKLAB_POOL_SIZE="2")
    ada = house.researcher(server)

    async def story() -> None:
        guests = [house.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        with closing(psycopg.connect(house.database)) as lock:
            async with dashboard(ada, session) as board:
                lock.execute("select from lobby for update")
                stuck = [asyncio.create_task(guest.browser.post("/play/leave", {})) for guest in guests]
                await until(
                    lambda: (
                        house.sql(
                            "select count(*) from pg_stat_activity where application_name = 'networklab pages'"
                            " and datname = current_database() and wait_event_type = 'Lock'"
                        )
                        == [(2,)]
                    ),
                    "both connections waiting for a lock",
                )
                with closing(Browser(server.base)) as passer_by:
                    assert (await passer_by.get("/health/ready")).status == 503
                tick = await ticks(board, 3)
                assert number(tick, "playing") == 4 and not any(task.done() for task in stuck)
                lock.rollback()
                assert [(await task).status for task in stuck] == [303] * 4
                assert number(await ticks(board, 2), "playing") == 0

    house.tell(story())


def test_a_dashboard_ticks_on_through_a_cut_connection_whoever_else_watches_or_stops(
    shared: House, server: Server
) -> None:
    # Nothing has made this process read the session's study yet: the page was served by another, say.
    session = shared.open(start=False)
    ada, grace = shared.researcher(server), shared.researcher(server, "grace")

    async def story() -> None:
        async with dashboard(ada, session) as one:
            async with dashboard(grace, session) as other:
                await ticks(other, 1)
            [(killed,)] = shared.sql(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name = 'networklab statistics' and datname = current_database()"
            )
            assert killed >= 1, "this server's, and perhaps another's on the same database"
            await ticks(one, 2)
        with pytest.raises(WireError, match="403"):
            async with watching(Browser(server.base), f"/admin/sessions/{session.id}/live"):
                pass

    shared.tell(story())


def test_a_slider_shows_the_past_to_whoever_may_watch(
    shared: House, server: Server, visitor: httpx.Client
) -> None:
    async def observer(conn: Connection) -> str:
        await put_account(conn, "oscar", PASSWORD, True)
        return await log_in(conn, "oscar")

    visitor.cookies.set(ADMIN_COOKIE, shared.do(observer))
    session = shared.open()
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    [(room, player)] = shared.sql(
        "select room_id, id from player where session_id = %s and label = 'R1'", session.id
    )
    here = f"/admin/sessions/{session.id}/replay"
    beginning, end = visitor.get(f"{here}?at=0").text, visitor.get(f"{here}?room={room}&player={player}").text
    assert number(beginning, "playing") == 0 and number(end, "playing") == 4
    assert "What R1 saw" in end and "How sure are you?" in end and "mixed-1 then" in end
    assert "That room had not opened yet" in visitor.get(f"{here}?at=0&room={room}").text
    piece = visitor.get(f"{here}?at=2.5", headers={"HX-Request": "true"}).text
    assert piece.lstrip().startswith("<section") and "<html" not in piece
    for wrong, status, said in (
        ("?at=soon", 422, "is no time. Give seconds"),
        ("?player=999999", 404, "There is no such player in this session."),
    ):
        answer = visitor.get(here + wrong)
        assert (answer.status_code, said in plain(answer.text)) == (status, True)
