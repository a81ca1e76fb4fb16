"""Stories of `networklab open`: lists of people, and the links that come of them."""

from __future__ import annotations

import csv
import json
import os
import re

import httpx

from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.studies import RUMOUR


def test_a_list_of_people_with_a_mistake_is_refused_whole(shell: Shell) -> None:
    good = "token,label,type\nt1,Ann,red\nt2,Bob,blue\n"
    lists: dict[str, tuple[str | bytes, str]] = {
        "twice.csv": (
            good + "t1,Cid,red\n",
            r"twice\.csv line 4 has the same token as line 2, “t1”; give each",
        ),
        "column.csv": (
            good.replace(",type", ",kind"),
            r"column\.csv line 1 .* no column type, .*; add one, ",
        ),
        "type.csv": (good + "t3,Cid,rde\n", r"type\.csv line 4 has the type “rde”.*; did you mean red\?"),
        "mac.csv": (
            good.replace("Bob", "René").encode("mac-roman"),
            r"mac\.csv line 3 is not UTF-8 .*; save it as",
        ),
        "nobody.csv": ("token,label,type\n", r"nobody\.csv has a header but no players; add one line"),
        "nothing.csv": ("", r"nothing\.csv is empty; start it with"),
        "nameless.csv": (
            good.replace("type\n", "type,\n") + "t3,Cid,red,2\n",
            r"line 4 has “2” in a column without",
        ),
    }
    before = shell.rows()
    lines = []
    for name, (text, _) in lists.items():
        command = [
            "open",
            str(RUMOUR),
            "--players",
            str(shell.people(text, name)),
            "--links",
            f"links-{name}",
        ]
        lines.append((command, dict[str, str]()))
    for (_, sentence), ended in zip(lists.values(), shell.type_all(lines), strict=True):
        assert ended.returncode == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1, ended.stderr
        assert re.search(sentence, ended.stderr), ended.stderr
    assert shell.rows() == before and not list(shell.folder.glob("links*"))
    # The list that all of them were made from is a good one.
    assert shell.type("open", RUMOUR, "--players", shell.people(good), "--short-tokens").returncode == 0
    assert shell.rows() != before


def test_a_list_from_a_spreadsheet_is_read_and_its_links_open(shell: Shell, server: Server) -> None:
    base = "https://lab.example/"
    listed = shell.people(
        '\ufeffLabel,note,TOKEN,type\r\nÉmile,"a, b",my-token_1,red\r\n,,,blue\r\n\r\nZoë,,,green\r\n'
    )
    ended = shell.type(
        "open",
        RUMOUR,
        "--players",
        listed,
        "--links",
        "links.csv",
        "--name",
        "Pilot",
        "--json",
        NETWORKLAB_URL=base,
    )
    assert ended.returncode == 0, ended.stderr
    opened = json.loads(ended.stdout)
    assert opened == {"session": opened["session"], "players": 3}
    path = shell.folder / "links.csv"
    assert path.stat().st_mode & 0o777 == 0o600 and not list(shell.folder.glob("*.part"))
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["token", "label", "type", "link"]
    assert [(label, type_) for _, label, type_, _ in lines] == [
        ("Émile", "red"),
        ("P002", "blue"),
        ("Zoë", "green"),
    ]
    tokens = [token for token, *_ in lines]
    assert tokens[0] == "my-token_1" and all(re.fullmatch(r"[a-z0-9]{16}", token) for token in tokens[1:])
    assert len(set(tokens)) == 3
    assert [link for *_, link in lines] == [f"https://lab.example/join/{token}" for token in tokens]
    stored = shell.house.sql("select token_hash from player where session_id = %s", opened["session"])
    assert len(stored) == 3
    assert not any(token.encode() in bytes(digest) for token in tokens for (digest,) in stored)
    with httpx.Client(base_url=server.base) as visitor:
        for token in tokens:
            page = visitor.get(f"/join/{token}")
            assert page.status_code == 200 and "Come in" in page.text
        assert visitor.get("/join/my-token_2").status_code == 404
    assert ended.stderr.startswith("note: people.csv: kept of each person as `given`: note.\n")
    assert "WARNING" not in ended.stderr
    kept = shell.house.sql(
        "select given->>'note' from player where session_id = %s order by id", opened["session"]
    )
    assert kept == [("a, b",), ("",), ("",)]


def test_a_links_file_is_its_owners_alone_whatever_was_left_behind_there(shell: Shell) -> None:
    listed = shell.people("token,label,type\n,,red\n")
    (shell.folder / "links.csv.part").write_text("left behind\n")
    (shell.folder / "links.csv.part").chmod(0o644)
    ended = shell.type("open", RUMOUR, "--players", listed, "--links", "links.csv")
    assert ended.returncode == 0
    assert re.search(
        r"^WARNING: These links begin with http://127\.0\.0\.1:\d+: they open on", ended.stderr, re.M
    )
    links = shell.folder / "links.csv"
    assert links.stat().st_mode & 0o777 == 0o600 and "/join/" in links.read_text()


def test_the_same_people_in_a_second_session_are_led_to_the_newest_with_a_note(
    shell: Shell, server: Server
) -> None:
    listed = shell.people("token,label,type\n7f3kqzt2-twice-a9,,red\nmw84hxcv-twice-b2,,blue\n")
    first = shell.type("open", RUMOUR, "--players", listed, "--name", "Monday", "--json")
    assert "Monday" not in first.stderr
    second = shell.type("open", RUMOUR, "--players", listed, "--name", "Tuesday", "--json")
    assert second.returncode == 0
    assert re.search(
        r"^note: 2 of these tokens are also in the open session “Monday”", second.stderr, re.MULTILINE
    )
    with httpx.Client(base_url=server.base) as visitor:
        joined = visitor.post("/join/7f3kqzt2-twice-a9", data={"age": "30", "news": "Never"})
        assert joined.status_code == 303, joined.text
    newest = json.loads(second.stdout)["session"]
    waiting = shell.house.sql(
        "select session_id from player where status <> 'invited' and session_id = any(%s)",
        [json.loads(opened.stdout)["session"] for opened in (first, second)],
    )
    assert waiting == [(newest,)]
    shell.type("close", newest)
    again = shell.type("open", RUMOUR, "--players", listed, "--json")
    assert (
        "Tuesday" not in again.stderr and "Monday" in again.stderr
    )  # a closed session's links lead on, without a note


def test_people_who_cannot_fill_a_room_are_let_in_with_a_note(shell: Shell) -> None:
    ended = shell.type("open", RUMOUR, "--players", shell.people("token,label,type\n,,red\n"), "--json")
    assert ended.returncode == 0 and json.loads(ended.stdout)["players"] == 1
    assert ended.stderr.startswith("note: ") and "mixed" in ended.stderr and "Traceback" not in ended.stderr


def test_tokens_that_somebody_could_guess_are_refused_unless_they_are_meant(shell: Shell) -> None:
    safe = [f"{os.urandom(12).hex()}" for _ in range(3)]
    header, before = "token,label,type\n", shell.rows()
    for tokens, how_many in (
        (["17", *safe[1:]], "a token"),
        ([f"participant-in-our-study-{n:04}" for n in range(50)], "50 tokens"),  # long, and counted up
        ([f"4471{n:03}@uni" for n in range(3)], "3 tokens"),
    ):
        tokens = [token.replace("@", "_") for token in tokens]
        listed = shell.people(header + "".join(f"{token},,red\n" for token in tokens))
        refused = shell.type("open", RUMOUR, "--players", listed)
        assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and refused.stdout == ""
        assert f"has {how_many} that somebody could guess, “{tokens[0]}”" in refused.stderr
        assert "--short-tokens" in refused.stderr and shell.rows() == before
    listed = shell.people(header + "".join(f"{token},,red\n" for token in safe) + ",,blue\n")
    assert shell.type("open", RUMOUR, "--players", listed).returncode == 0
    short = shell.people(header + "17,,red\n18,,blue\n")
    assert shell.type("open", RUMOUR, "--players", short, "--short-tokens").returncode == 0


def test_a_session_that_starts_by_itself_has_a_time_that_is_to_come_and_says_when(shell: Shell) -> None:
    opens = ("open", RUMOUR, "--players", shell.people("token,label,type\n,A,red\n,B,blue\n"))
    wrong = (
        (["--starts", "2099-12-01T10:00"], "says no offset"),
        (["--starts", "2099-12-01T10:00", "--zone", "Europe/Atlantis"], "is no time zone"),
        (["--zone", "Europe/Berlin"], "Give --starts, too"),
    )
    typed = shell.type_all([([*map(str, opens), *options], {}) for options, _ in wrong])
    for (_, sentence), ended in zip(wrong, typed, strict=True):
        assert sentence in is_refused(ended)
    ended = shell.type(*opens, "--starts", "2099-12-01T10:00", "--zone", "Europe/Berlin", "--name", "At ten")
    assert "by itself at 2099-12-01 10:00 Europe/Berlin (2099-12-01 09:00 UTC)" in ended.stdout, ended.stderr
    [(session,)] = shell.house.sql(
        "select id from session where name = 'At ten' order by opened_at desc limit 1"
    )
    start = ["start", session]
    moved, off, now, zone, both = shell.type_all(
        [
            ([*start, "--at", "2099-12-01T11:30+01:00", "--json"], {}),
            ([*start, "--not-by-itself"], {}),
            ([*start, "--zone", "Europe/Berlin"], {}),
            ([*start, "--at", "11:30"], {}),
            ([*start, "--at", "11:30", "--not-by-itself"], {}),
        ]
    )
    assert json.loads(moved.stdout) == {"session": session, "start_at": "2099-12-01T11:30:00+01:00"}
    assert "by itself" in off.stdout, off.stderr
    assert "Give --at, too" in is_refused(now)
    assert "says no offset" in is_refused(zone)
    assert "not allowed with" in is_refused(both)
    assert shell.house.sql("select status::text from session where id = %s", session) == [("open",)]


def test_one_link_for_everybody_is_opened_with_or_without_a_list(shell: Shell) -> None:
    base, people = (
        {"NETWORKLAB_URL": "https://lab.example"},
        str(shell.people("token,label,type\n,,red\n,,blue\n")),
    )
    alone, both, said, neither, places, extra, links = shell.type_all(
        [
            (["open", str(RUMOUR), "--door", "--json"], base),
            (["open", str(RUMOUR), "--door", "--json", "--players", people], base),
            (["open", str(RUMOUR), "--door", "--places", "120", "--extra", "20%"], base),
            (["open", str(RUMOUR)], base),
            (["open", str(RUMOUR), "--players", people, "--places", "3"], base),
            (["open", str(RUMOUR), "--door", "--extra", "5%"], base),
            (["open", str(RUMOUR), "--door", "--links", "links.csv"], base),
        ]
    )
    found = json.loads(alone.stdout)
    assert found == {
        "session": found["session"],
        "players": 0,
        "door": f"https://lab.example/s/{found['session']}",
    }
    assert json.loads(both.stdout)["players"] == 2
    assert (
        "120 of those who come by it are to come to the end; 20% more than are lacking come in" in said.stdout
    )
    assert "?PROLIFIC_PID={{%PROLIFIC_PID%}}" in said.stdout
    for ended, sentence in (
        (neither, "Nobody could come in. Give --players with a list, --door"),
        (places, "--places and --extra are of the link for everybody. Give --door, too."),
        (extra, "--extra is a share of the places. Give --places, too."),
        (links, "--links writes the links of a list. Give --players, too"),
    ):
        assert sentence in is_refused(ended)
