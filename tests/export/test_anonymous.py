"""Stories of exports by which nobody can be known: what is in no file, what is the same in all, what still holds."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import zipfile
from pathlib import Path
from typing import get_type_hints

import pytest

from app.database.events import DECLARED
from app.export import codebook
from app.export.anonymous import DATA, DATA_LEFT_OUT, KEPT, LEFT_OUT, MOVED, MOVED_IN_WORDS, Mask
from app.export.export import write_zip
from app.export.verify import verify
from app.players.people import Person
from app.rooms.receipts import Kept
from app.sessions.actions import close
from app.study.stored import read_study
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.lively import STUDY, Lively, a_lively_session, an_eventful_session
from tests.house.market import says, talking
from tests.house.shell import Shell, is_refused
from tests.house.studies import changed

TIME = re.compile(r"20\d\d-\d\d-\d\d")
IDS = re.compile(r"[a-z][a-z0-9]{13}")


def packed(lively: Lively, mask: Mask | None, name: str = "anonymous") -> Path:
    path = lively.house.folder / f"{name}.zip"
    asyncio.run(write_zip(lively.house.database, lively.session_id, lively.study, path, mask))
    return path


def unpacked(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name).decode() for name in zipped.namelist()}


def table(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files[name].splitlines(keepends=True), strict=True))


def a_private_session(house: House) -> tuple[Lively, dict[str, int]]:
    """Everybody gives an address, which is private, and writes and asks something."""
    toml = changed(
        STUDY, "fields = [", 'fields = [\n    {name = "mail", ask = "Mail", kind = "text", private = true},'
    )
    people = [
        Person(
            f"token-of-number-{n}", f"Label of {n}", "red" if n % 2 else "blue", {"panel": f"panelist{n}@"}
        )
        for n in range(9)
    ]
    opened = house.open(toml, people)
    lively = Lively(house, opened.id, opened.tokens, house.do(lambda conn: read_study(conn, opened.id)))
    who = {
        label: lively.comes(label, mail=f"someone{n}@example.org", age=str(20 + n), outcome=f"I expect {n}")
        for n, label in enumerate(lively.tokens)
    }
    lively.seat()
    for label, number in [*who.items()][:8]:
        lively.answers(number, 1, belief="7", why=f"Words of {label[9:]}")
    return lively, who


def test_every_column_of_every_file_and_every_detail_of_an_event_is_kept_or_left_out_on_purpose() -> None:
    columns = {(file, column) for file, found in codebook.COLUMNS.items() for column in found}
    kept = {(file, column) for file, found in KEPT.items() for column in found if file != "codebook.csv"}
    left_out = {(file, column) for file, column in columns if column in LEFT_OUT} - kept
    assert kept - columns == set()
    assert columns - kept - left_out == set()
    hints = {name: {*get_type_hints(declared.data)} for name, declared in DECLARED.items()}
    assert hints.pop("move_made") == {*MOVED, *MOVED_IN_WORDS}
    details = {key for found in hints.values() for key in found} - {"results"}
    assert details - {*DATA, *DATA_LEFT_OUT} == set()
    assert not DATA_LEFT_OUT & {*DATA}


def test_nobody_can_be_known_by_any_file_and_everybody_is_the_same_in_all(house: House) -> None:
    lively, _ = a_private_session(house)
    path = packed(lively, Mask())
    files = unpacked(path)
    known = [*lively.tokens, *lively.tokens.values(), *(f"someone{n}@" for n in range(9)), "example.org"]
    known += [f"panelist{n}@" for n in range(9)]
    plain = unpacked(packed(lively, None, "plain"))
    assert {name for name, text in plain.items() for one in known if one in text} >= {"players.csv"}
    assert [(name, one) for name, text in files.items() for one in known if one in text] == []

    players = table(files, "players.csv")
    ids = [row["player"] for row in players]
    assert len({*ids}) == len(players) == 9 and all(map(IDS.fullmatch, ids)) and ids == sorted(ids)
    assert "mail" not in players[0] and {row["outcome"] for row in players} == {
        f"I expect {n}" for n in range(9)
    }
    assert "given_panel" in table(unpacked(path.with_name("plain.zip")), "players.csv")[0]
    assert not {"mail", "given_panel"} & {
        *players[0],
        *(row["column"] for row in table(files, "codebook.csv")),
    }
    assert {row["label"] for row in players} == {row["code"] for row in players} == {""}
    # Who said what is still known, of whoever they are.
    age = {row["player"]: int(row["age"]) - 20 for row in players}
    for row in table(files, "history.csv"):
        if row["field"] == "why":
            assert row["value"] == f"Words of {age[row['player']]}"
    for name in ("history.csv", "records_wide.csv", "events.csv"):
        found = {row["player"] for row in table(files, name)} - {""}
        assert found and found <= {*ids}, name
    records = {row["record"] for row in table(files, "history.csv")}
    named = [
        json.loads(row["data"])["records"]
        for row in table(files, "events.csv")
        if row["event"] == "player_answered"
    ]
    assert {one for numbers in named for one in numbers} == records
    assert all(map(IDS.fullmatch, records))
    other = {row["player"] for row in table(unpacked(packed(lively, Mask(), "other")), "players.csv")}
    assert not other & {*ids}

    verdict = asyncio.run(verify(house.database, lively.session_id, lively.study, path))
    assert verdict.ok, str(verdict)
    assert "files are what the manifest says" in str(verdict)
    looked_up = asyncio.run(
        verify(house.database, lively.session_id, lively.study, path, [Kept(1, "", (1,), "5f" * 32)])
    )
    assert not looked_up.ok and "no receipt can be looked up" in str(looked_up)


@pytest.mark.parametrize("story", [a_lively_session, an_eventful_session])
def test_of_whatever_happened_an_anonymous_export_holds_and_names_neither_who_nor_when(
    house: House, story: object
) -> None:
    made = story(house)  # type: ignore[operator]
    lively: Lively = made[0] if isinstance(made, tuple) else made
    house.do(lambda conn: close(conn, lively.session_id, "ada"))
    bodies = [body for (body,) in house.sql("select body from message where length(body) > 3")]
    whys = [
        value for (value,) in house.sql("select value from record where field = 'why' and length(value) > 5")
    ]
    path = packed(lively, Mask(relative_times=True, without_text=True))
    files = unpacked(path)
    written = {
        name: text for name, text in files.items() if not name.startswith(("study/", "codebook", "analysis."))
    }
    for name, text in written.items():
        assert not TIME.search(text), (name, TIME.findall(text)[:3])
        for one in [
            *bodies,
            *whys,
            ",ada,",
            '""ada""',
            "=help()",
            *(f'"{label}"' for label in lively.tokens),
        ]:
            assert one not in text, (name, one)
    assert len(table(files, "messages.csv")) == house.sql("select count(*) from message")[0][0]
    started = [row for row in table(files, "events.csv") if row["event"] == "session_started"]
    assert json.loads(started[0]["data"]) == {"by": "researcher", "since": 0.0, "waits_from": 0.0}
    verdict = asyncio.run(verify(house.database, lively.session_id, lively.study, path))
    assert verdict.ok, str(verdict)


def test_the_key_says_who_is_who_and_is_its_owners_alone(house: House, tmp_path: Path) -> None:
    lively, who = a_private_session(house)
    shell = Shell(house, tmp_path)
    out, key = tmp_path / "out", tmp_path / "key.csv"
    assert "add --anonymous" in is_refused(shell.type("export", lively.session_id, "--to", out, "--key", key))
    done = shell.type("export", lively.session_id, "--to", out, "--anonymous", "--key", key)
    assert done.returncode == 0, done.stderr
    assert key.stat().st_mode & 0o777 == 0o600
    with key.open(encoding="utf-8", newline="") as file:
        keys = {row["id"]: row for row in csv.DictReader(file)}
    for row in table({"p": (out / "players.csv").read_text(encoding="utf-8")}, "p"):
        label = keys[row["player"]]["label"]
        assert (str(who[label]), row["age"]) == (keys[row["player"]]["player"], str(20 + int(label[9:])))
    again = is_refused(
        shell.type("export", lively.session_id, "--to", tmp_path / "x", "--anonymous", "--key", key)
    )
    assert "is there already" in again
    assert not (tmp_path / "x").exists() and os.listdir(tmp_path).count("key.csv") == 1


def test_what_people_said_with_moves_stays_without_their_names_or_goes_with_all_words(house: House) -> None:
    study = talking()
    session = house.open_study(study, {"x": 2})
    come(house, session, *session.tokens)
    seat(house, session)
    conduct(house)
    first, second = (number for (number,) in house.sql("select id from player order by slot"))
    for player, words, loud in ((first, "a secret", 1), (second, "SECRETS", 9)):
        says(house, study, player, words, loud)
    lively = Lively(house, session.id, session.tokens, study)
    kept = unpacked(packed(lively, Mask()))
    rows = table(kept, "moves.csv")
    assert [(row["words"], row["loud"], row["accepted"]) for row in rows] == [
        ("a secret", "1", "true"),
        ("SECRETS", "9", "false"),
    ]
    assert rows[1]["sentence"] == "Not so loud: SECRETS!"
    assert {row["player"] for row in rows} <= {row["player"] for row in table(kept, "players.csv")}
    assert [row["record"] for row in rows] == [row["record"] for row in table(kept, "history.csv")]
    told = [json.loads(row["data"]) for row in table(kept, "events.csv") if row["event"] == "move_made"]
    assert [one["record"] for one in told] == [row["record"] for row in rows]
    assert told[0]["values"] == {"loud": "1", "words": "a secret"} and told[0]["nth"] == 1
    files = unpacked(packed(lively, Mask(without_text=True), "wordless"))
    assert [
        name for name, text in files.items() if "secret" in text.lower() and not name.startswith("study")
    ] == []
    assert [row["loud"] for row in table(files, "moves.csv")] == ["1", "9"]
