"""Stories of what programs do to sessions: from nothing to an export, twice as once, and what is refused."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import PurePosixPath

import httpx
import pytest

from app.database.connections import Connection
from app.web import wire
from app.web.access import rights, study_rights
from app.web.studies.receiving import SECONDS
from app.web.studies.uploads import LARGEST_UPLOAD
from tests.house.guests import Guest, sign_everyone_in
from tests.house.house import House
from tests.house.programs import program, token_of
from tests.house.server import Server
from tests.house.studies import PAGE, TALK
from tests.house.uploads import zip_of
from tests.house.waits import until

FILES = {"study.toml": TALK.encode(), "pages/talk.html": PAGE.encode()}
LIST = "label,type\nAda,red\nBob,red\nCy,blue\nDi,blue\n"


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": f"of-this-story-{text}"}


def uploaded(client: httpx.Client, toml: str = TALK) -> str:
    """Where its only version is."""
    files = FILES | {"study.toml": toml.encode()}
    answer = client.post("/studies", files={"zip": ("mine.zip", zip_of(files))})
    assert answer.status_code in (200, 201), answer.text
    return f"/studies/{answer.json()['study']}/versions/{answer.json()['version']}"


def test_a_study_with_a_film_is_uploaded_though_no_form_may_be_so_large(
    shared: House, server: Server
) -> None:
    assert wire.LARGEST_UPLOAD == LARGEST_UPLOAD and wire.UPLOAD_SECONDS == SECONDS
    with program(shared, server, "dora") as client:
        zipped = zip_of(FILES | {"files/walk.mp4": b"a film" * 900_000})
        assert len(zipped) > wire.LARGEST_BODY
        study = client.post("/studies", files={"zip": ("mine.zip", zipped)})
        assert study.status_code == 201, study.text
        other = client.post("/sessions", files={"zip": ("mine.zip", zipped)})
        assert other.status_code == 413, "nowhere else"


def test_from_nothing_to_an_export_by_programs_alone(shared: House, server: Server) -> None:
    with program(shared, server, "dean") as client:
        files = {"zip": ("mine.zip", zip_of(FILES))}
        study = client.post("/studies", files=files)
        assert study.status_code == 201 and study.json()["can_run"] and study.json()["report"]["ok"]
        assert client.post("/studies", files=files).status_code == 200, "the same files are the same study"
        here = f"/studies/{study.json()['study']}"
        more = {"zip": ("mine.zip", zip_of(FILES | {"pages/talk.html": PAGE.encode() + b"<p>More.</p>"}))}
        assert client.post(f"{here}/versions", files=more).json()["version"] == 2
        assert [one["version"] for one in client.get(here).json()["versions"]] == [2, 1]
        assert client.post(f"{here}/versions/2/check").json()["report"]["ok"]
        assert client.get(f"{here}/versions/2/rehearsal").json()["state"] == "none"

        wanted = {"name": "By a program", "list": LIST, "door": True, "places": 8}
        opened = client.post(f"{here}/versions/2/sessions", json=wanted, headers=key("dean"))
        assert opened.status_code == 201, opened.text
        session = opened.json()
        assert session["players"] == 4 and session["door"].endswith(f"/s/{session['session']}")
        again = client.post(f"{here}/versions/2/sessions", json=wanted, headers=key("dean"))
        assert again.status_code == 200 and again.json()["session"] == session["session"]
        assert again.json()["links"] == [] and again.json()["door"] == session["door"]
        assert shared.sql("select count(*) from public.session where name = 'By a program'") == [(1,)]
        guests = [
            Guest(server.base, PurePosixPath(one["link"]).name, one["label"]) for one in session["links"]
        ]
        shared.guests += guests
        shared.tell(sign_everyone_in(guests))
        to = f"/sessions/{session['session']}"
        assert "seating begins" in client.post(f"{to}/start").json()["said"]
        asyncio.run(until(lambda: client.get(to).json()["players"]["playing"] == 4, "four who play"))
        [room] = client.get(f"{to}/rooms").json()["rooms"]
        told = client.post(
            f"{to}/rooms/{room['room']}/tell", json={"body": "Nearly there."}, headers=key("t")
        )
        assert "all 4 who play" in told.json()["said"], told.text
        logged = "select player_id, data from public.event where session_id = %s and name = 'note_written'"
        [(whose, data)] = shared.sql(logged, session["session"])
        assert whose is None and len(data["players"]) == len(data["notes"]) == 4, "one line for one deed"
        there = {one["label"]: one["player"] for one in client.get(f"{to}/players").json()["players"]}
        assert (
            client.post(f"{to}/players/{there['Di']}/dismiss", json={"outcome": "withdrawn"}).status_code
            == 200
        )
        for deed, words, status in (
            ("start", "nothing changed", "running"),
            ("pause", "every deadline waits", "paused"),
            ("resume", "Resumed", "running"),
            ("close", "the door is shut", "closed"),
            ("close", "nothing changed", "closed"),
            ("archive", "is archived", "closed"),
        ):
            done = client.post(f"{to}/{deed}")
            assert done.status_code == 200 and words in done.json()["said"], done.text
            assert client.get(to).json()["status"] == status, deed
        assert (
            client.get(to).json()["outcomes"] == {"closed": 3, "withdrawn": 1}
            and client.get(to).json()["archived"]
        )
        assert client.get(f"{to}/verify").json()["ok"]
        with zipfile.ZipFile(io.BytesIO(client.get(f"{to}/export.zip").content)) as zipped:
            assert zipped.read("players.csv").count(b"\r\n") == 5
        assert client.get(f"{to}/files/payments.csv").text.count("withdrawn") == 1
        erased = client.post(f"{to}/erase", json={"sure": True, "why": "a year has passed"})
        assert "Erased of everybody" in erased.json()["said"] and client.get(f"{to}/verify").json()["ok"]
        assert "Ada" not in client.get(f"{to}/files/players.csv").text
        assert client.post(f"{to}/unarchive").json()["said"].endswith("is on the list of sessions again.")
    by = "select distinct data->>'by' from event where session_id = %s and name = 'session_paused'"
    assert shared.sql(by.replace("event", "public.event"), session["session"]) == [("dean",)]


def test_who_was_taken_off_a_study_uploads_its_files_as_one_of_theirs(shared: House, server: Server) -> None:
    files = {"zip": ("mine.zip", zip_of(FILES | {"of.md": b"two people"}))}
    with program(shared, server, "dina") as client:
        first = client.post("/studies", files=files).json()["study"]

        async def hand_over(conn: Connection) -> None:
            await study_rights.give(conn, first, "dora", "owner", "story")
            await study_rights.take(conn, first, "dina", "story")

        token_of(shared, "dora")
        shared.do(hand_over)
        second = client.post("/studies", files=files)
        assert second.status_code == 201, second.text
        again = client.post("/studies", files=files)
        assert again.status_code == 200 and again.json()["study"] == second.json()["study"] != first


def test_more_studies_than_a_page_shows_are_all_listed(shared: House, server: Server) -> None:
    token_of(shared, "paula")
    for many in (
        "insert into public.kept_study (id, form, made_by, restricted)"
        " select 'many-' || n, 'many-' || n, 'x', true from generate_series(1, 501) n",
        "insert into public.kept_version (study_id, number, title, sha256, source, uploaded_by, can_run, report,"
        " checked_with) select 'many-' || n, 1, 'One', n, 'a zip', 'x', false, '{}', '0'"
        " from generate_series(1, 501) n",
        "insert into public.study_right (study_id, account, role, given_by)"
        " select 'many-' || n, 'paula', 'owner', 'x' from generate_series(1, 501) n",
    ):
        shared.sql(many)
    found, asked = list[str](), {"limit": "200"}
    with program(shared, server, "paula") as client:
        while True:
            answer = client.get("/studies", params=asked).json()
            found += [one["study"] for one in answer["studies"]]
            if answer["next"] is None:
                break
            asked["after"] = answer["next"]
    shared.sql("delete from public.kept_version where study_id like 'many-%'")
    shared.sql("delete from public.kept_study where id like 'many-%'")
    assert len({one for one in found if one.startswith("many-")}) == 501


def test_people_are_added_once_and_what_is_wrong_with_a_list_is_said(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    to = f"/sessions/{session.id}/people"
    with program(shared, server) as client:
        added = client.post(to, json={"list": "label,type\nEve,red\n"}, headers=key("eve"))
        assert added.status_code == 201 and [one["label"] for one in added.json()["links"]] == ["Eve"]
        again = client.post(to, json={"list": "label,type\nEve,red\n"}, headers=key("eve"))
        assert again.status_code == 200 and again.json()["added"] == 1
        assert shared.sql("select count(*) from player where session_id = %s", session.id) == [(5,)]
        short = client.post(to, json={"list": "token,label\nabc,Gil\n"}, headers=key("gil"))
        assert short.status_code == 422 and "somebody could guess" in short.json()["detail"]
        lacking = client.post(to, json={"list": "label\nGil\n"})
        assert lacking.status_code == 400 and "Idempotency-Key" in lacking.json()["detail"]


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({}, "list", "Nobody could come in"),
        ({"list": "label\nA\n", "places": 4}, "places", "Ask for `door`, too"),
        ({"door": True, "start_at": "soon"}, "start_at", "no date and time"),
        ({"door": True, "start_at": "2020-01-01T00:00+00:00"}, "start_at", "has passed"),
        ({"door": True, "before": "nothere"}, "before", "no such session"),
        ({"door": True, "extra": 10}, "places", "share is of the places"),
    ],
)
def test_what_is_wrong_with_a_new_session_is_told_by_field_and_none_is_opened(
    shared: House, server: Server, wanted: dict[str, object], field: str, words: str
) -> None:
    with program(shared, server, "wilma") as client:
        [before] = shared.sql("select count(*) from public.session")
        answer = client.post(f"{uploaded(client)}/sessions", json=wanted, headers=key("wrong"))
        assert answer.status_code == 422 and words in answer.json()["wrong"][field], answer.text
        assert shared.sql("select count(*) from public.session") == [before]


def test_settings_are_changed_and_what_a_session_does_not_take_is_said(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    to = f"/sessions/{session.id}"
    with program(shared, server) as client:
        assert (
            "starts by itself"
            in client.post(f"{to}/start-time", json={"at": "2099-01-01T10:00Z"}).json()["said"]
        )
        assert client.get(to).json()["start_at"].startswith("2099-01-01T10:00:00")
        assert client.post(f"{to}/start-time", json={"at": "yesterday"}).status_code == 422
        assert "waits for you" in client.post(f"{to}/start-time", json={"at": ""}).json()["said"]
        assert "stands on every page" in client.post(f"{to}/banner", json={"body": "Soon."}).json()["said"]
        for deed, body in (("pause", None), ("archive", None), ("places", {"places": 3})):
            refused = client.post(f"{to}/{deed}", json=body) if body else client.post(f"{to}/{deed}")
            assert refused.status_code == 409 and refused.json()["detail"], refused.text
        made = client.post(f"{to}/again", json={"list": LIST, "only_me": True}, headers=key("again")).json()
        assert client.get(f"/sessions/{made['session']}").json()["role"] == "owner"
        hers = f"/sessions/{made['session']}/again"
        unsaid = client.post(hers, json={"list": LIST}, headers=key("again")).json()["session"]
        said = {"list": LIST, "only_me": False}
        for_all = client.post(hers, json=said, headers=key("again")).json()["session"]
        version = uploaded(client)
        study = version.split("/")[2]
        shared.do(lambda conn: study_rights.give(conn, study, "ada", "owner", "story"))
        of_study = client.post(f"{version}/sessions", json={"list": LIST}, headers=key("again")).json()[
            "session"
        ]
        assert len({made["session"], unsaid, for_all, of_study}) == 4, "one key, at other addresses"

        async def hand_on(conn: Connection) -> None:
            await rights.give(conn, unsaid, "somebody else", "owner", "story")
            await rights.take(conn, unsaid, "ada", "story")

        with program(shared, server, "somebody else") as other:
            for one, status in ((made["session"], 404), (unsaid, 404), (for_all, 200), (of_study, 404)):
                assert other.get(f"/sessions/{one}").status_code == status, one
        shared.do(hand_on)
        assert client.post(hers, json={"list": LIST}, headers=key("again")).status_code == 404


def test_a_paused_session_is_mended_by_a_program_and_other_files_of_its_study_stay(
    shared: House, server: Server
) -> None:
    session = shared.open(start=True)
    to = f"/sessions/{session.id}"
    page = PAGE + "<p>Mended.</p>"

    def mends(files: dict[str, str]) -> tuple[int, str]:
        answer = client.post(f"{to}/mend", json={"files": files})
        told = answer.json()
        return answer.status_code, told.get("said") or told["detail"]

    with program(shared, server, "ada") as client:
        assert mends({"pages/talk.html": PAGE}) == (
            200,
            "All files are as in the session already; nothing changed.",
        )
        status, said = mends({"pages/talk.html": page})
        assert status == 409 and "Pause it first" in said
        client.post(f"{to}/pause")
        for files, wrong, words in (
            ({"study.toml": TALK + "\n"}, 409, "study.toml is not as in the session."),
            ({"pages/other.html": page}, 409, "pages/other.html is not as in the session."),
            ({"pages/talk.html": "{% if %}"}, 422, "talk.html"),
            ({}, 422, "`$.files`"),
        ):
            status, said = mends(files)
            assert status == wrong and words in said, said
        status, said = mends({"pages/talk.html": page})
        assert status == 200 and "has the new pages/talk.html" in said
        assert mends({"pages/talk.html": page})[1].endswith("nothing changed."), "twice is once"
    kept = "select path, by from public.mended where session_id = %s"
    assert shared.sql(kept, session.id) == [("pages/talk.html", "ada")]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "No body came"),
        (b"{", 400, "no JSON"),
        (b"\xff", 400, "no JSON"),
        (b'{"at": "\\ud800"}', 400, "no JSON"),
        (b"[" * 100_000, 422, "array"),
        (b'{"at":' * 20_000, 422, "object"),
        (b"null", 422, "null"),
        (b"{}", 422, "`at`"),
        (b'{"at": 5}', 422, "`int`"),
        (b'{"at": "", "when": 1}', 422, "`when`"),
        (b'{"at": "\\u0000"}', 422, "no date and time"),
        (b'{"at": "' + b"9" * 200 + b'"}', 422, "Expected `str` no longer than 100 - at `$.at`."),
        (b" " * 300_000, 413, "larger"),
    ],
)
def test_a_body_that_is_none_is_told_where_it_is_wrong(
    shared: House, server: Server, body: bytes, status: int, words: str
) -> None:
    session = shared.open(start=False)
    with program(shared, server) as client:
        to, json = f"/sessions/{session.id}/start-time", {"Content-Type": "application/json"}
        answer = client.post(to, content=body, headers=json)
        assert answer.status_code == status and words in answer.json()["detail"], answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.post(to, content=body, headers={"Content-Type": "text/plain"}).status_code in (
            400,
            413,
            415,
        )
    assert shared.sql("select start_at from session where id = %s", session.id) == [(None,)]
