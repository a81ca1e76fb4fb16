"""Stories of two sessions side by side: on a page, and by the command."""

from __future__ import annotations

import asyncio
import html
import json
import re
from pathlib import Path

import httpx
import pytest

from app.database.connections import Connection
from app.sessions import seals
from app.study.reading import parse
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.gifts import FILES, STUDY, all_answer
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.studies import TALK, changed
from tests.house.waits import until

LATER = changed(changed(STUDY, "max = 10", "max = 20"), 'ask = "How is it?"', 'ask = "And now?"')


def client_of(house: House, server: Server, name: str) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=house.researcher(server, name).cookies)


def rows(page: str) -> dict[str, tuple[str, str]]:
    """What stands in the tables: what → in the first, in the second."""
    found = {}
    for line in re.findall(r"<tr role=\"row\"><th scope=\"row\".*?</tr>", page, re.S):
        what, first, second = (text(cell) for cell in re.findall(r"<t[hd][ >].*?</t[hd]>", line, re.S))
        found[what] = first, second
    return found


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def _at_it(house: House, session_id: str) -> bool:
    return bool(house.sql("select from player where session_id = %s and status <> 'finished'", session_id))


@pytest.fixture
def two(shared: House, server: Server) -> tuple[Opened, Opened]:
    """Four people have played the first to its end; of a later version two, who took twice as long."""
    first = shared.open_study(parse(FILES), {"red": 2, "blue": 2})
    second = shared.open_study(parse(FILES | {"study.toml": LATER.encode()}), {"red": 1, "blue": 1})
    all_answer(shared, server, first)
    all_answer(shared, server, second, {"with": 18, "without": 7})
    for session in (first, second):
        asyncio.run(until(lambda id=session.id: not _at_it(shared, id), "everybody is through"))  # type: ignore[misc]
    shared.do(lambda conn: seals.seal(conn, first.id, {}, "ada"))
    shared.act("close", first)
    for session, seconds in ((first, 60), (second, 120)):
        shared.sql(
            "update player set finished_at = signed_in_at + n * %s * interval '1 second' from (select id,"
            " row_number() over (order by id) as n from player where session_id = %s) p where p.id = player.id",
            seconds,
            session.id,
        )
    return first, second


def test_two_sessions_stand_side_by_side_with_figures_computed_by_hand(
    shared: House, server: Server, two: tuple[Opened, Opened], tmp_path: Path
) -> None:
    first, second = two
    with client_of(shared, server, "ada") as ada:
        here = ada.get(f"/admin/sessions/{first.id}").text
        assert (
            f'href="/admin/compare?a={first.id}"' in here
            and 'href="/admin/compare"' in ada.get("/admin").text
        )
        asked = ada.get(f"/admin/compare?a={first.id}").text
        assert f'<option value="{first.id}" selected>' in asked and "<table" not in asked
        answer = ada.get(f"/admin/compare?a={first.id}&b={second.id}")
    assert answer.status_code == 200
    said, found = text(answer.text), rows(answer.text)
    assert "Both studies are called Talk or not, and their files differ." in said
    assert "study.toml : not the same" in said and "pages/talk.html" not in said
    assert "+ {name = &#34;mood&#34;" in answer.text or "And now?" in said
    assert found["Came"] == ("4", "2") and found["Finished"] == ("4", "2")
    assert found["Left before the end"] == ("0", "0") == found["Turned away at the door"]
    assert found["Invited by links of their own"] == ("4", "2")
    assert found["It is now"] == ("closed", "running") and found["Closed"][1] == "not yet"
    assert found["Ended as complete"] == ("4", "2")
    assert found["Records"] == ("24", "12")
    assert found["pair"] == ("2 rooms, 4 people", "1 room, 2 people")
    assert found["talk: with"] == ("2 people", "1 person") == found["talk: without"]
    # 60, 120, 180, 240 s: the middle is 150, nine tenths of the way from the first to the last 222. 120, 240: 180, 228.
    whole = "From signing in to the end, of those who completed"
    assert found[whole] == (
        "median 2:30, 90% within 3:42 (4 people)",
        "median 3:00, 90% within 3:48 (2 people)",
    )
    # 8, 6 and 2, 0, of two people each; 18, 16 and 7, 5, of one each.
    assert found["talk.gift"] == ("4.00 (8 answers)", "11.50 (4 answers)")
    assert found["talk.gift, talk: with"] == ("7.00 (4 answers)", "17.00 (2 answers)")
    assert found["talk.gift, talk: without"] == ("1.00 (4 answers)", "6.00 (2 answers)")
    assert found["Sealed"][0].endswith("by ada, after 4 people had come in, with 24 answers")
    assert found["Sealed"][1] == "never" and found["As it was sealed"] == ("study, sizes and rules are", "–")

    shell = Shell(shared, tmp_path)
    told = json.loads(shell.type("compare", first.id, second.id, "--json").stdout)
    assert [one["session"] for one in told["sessions"]] == [first.id, second.id]
    assert told["sessions"][0]["seconds"]["whole"] == {"people": 4, "median": 150.0, "ninetieth": 222.0}
    means = {
        (one["treatment"], one["level"]): (one["answers"], one["mean"])
        for one in told["sessions"][1]["means"]
    }
    assert means == {("", ""): (4, 11.5), ("talk", "with"): (2, 17.0), ("talk", "without"): (2, 6.0)}
    assert [one["path"] for one in told["differs"]["files"]] == ["study.toml"]
    typed = shell.type("compare", first.id, second.id).stdout
    assert (
        "  talk.gift, talk: with               7.00 (4 answers)                    17.00 (2 answers)" in typed
    )
    assert "this is the same one twice" in is_refused(shell.type("compare", first.id, first.id))
    assert "There is no session “nothere”" in is_refused(shell.type("compare", first.id, "nothere"))


def test_of_different_studies_it_says_so_and_compares_what_can_be(shared: House, server: Server) -> None:
    first, second = (
        shared.open(TALK, {"red": 4}),
        shared.open_study(parse(FILES), {"red": 1, "blue": 1}, start=False),
    )
    with client_of(shared, server, "ada") as ada:
        answer = ada.get(f"/admin/compare?a={first.id}&b={second.id}")
        same = ada.get(f"/admin/compare?a={first.id}&b={first.id}")
    said, found = text(answer.text), rows(answer.text)
    assert "They ran different studies, Story and Talk or not." in said
    assert "In neither has a room opened." in said and "In neither was a treatment drawn." in said
    assert "Neither has an answer that is a number." in said
    assert found["Came"] == ("0", "0") and found["In the room"] == ("nobody so far", "nobody so far")
    assert found["Started"][1] == "not yet"
    assert same.status_code == 422 and "this is the same one twice" in text(same.text)


def test_only_whoever_is_on_both_sees_them(shared: House, server: Server) -> None:
    first, second = shared.open(), shared.open()

    async def staff(conn: Connection) -> None:
        for name in ("vera", "yan"):
            await put_account(conn, name, "a long password")
        await give(conn, first.id, "vera", "owner", "story")
        await give(conn, second.id, "yan", "owner", "story")

    shared.do(staff)
    with client_of(shared, server, "vera") as vera:
        for a, b in ((first.id, second.id), (second.id, first.id), (second.id, "")):
            answer = vera.get(f"/admin/compare?a={a}&b={b}")
            assert answer.status_code == 404 and f"There is no session “{second.id}”" in text(answer.text)
        chosen = vera.get(f"/admin/compare?a={first.id}").text
        assert second.id not in chosen
    noted = shared.sql(
        "select what from security_event where session_id = %s and account = 'vera'", second.id
    )
    assert ("refused",) in noted
