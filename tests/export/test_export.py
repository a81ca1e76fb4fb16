"""Stories of data that leaves: what the files hold, how cells are written, and exports while people play."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings, strategies

from app.database.connections import connect
from app.export import codebook, export
from app.export.csv_stream import fetched
from app.export.download import zip_chunks
from app.export.export import ExportError, Extra
from app.export.verify import verify
from app.sessions.actions import close
from app.study.reading import parse, read_folder
from tests.house.house import House
from tests.house.lively import NASTY, Lively, a_lively_session, open_lively
from tests.house.waits import until

HEADERS = {
    "players.csv": "player,label,type,status,room,slot,signed_in_at,queued_from,seated_at,waited_until,finished_at,"
    "code",
    "rooms.csv": "room,kind,status,reason",
    "networks.csv": "room,position,step,round,ties,made_by,at",
    "ties.csv": "room,round,from,to,weight",
    "records.csv": "record,player,room,step,round,field,value,version,late,at",
    "history.csv": "record,player,room,step,round,field,value,version,late,at",
    "records_wide.csv": "player,label,type,room",
    "results.csv": "room,position,step,round,slot,player,name,value,made_by,at",
    "messages.csv": "message,player,room,to,body,at",
    "notes.csv": "note,player,by,body,situation,at",
    "events.csv": "log,seq,event,player,data,at",
    "payments.csv": "participant_id,amount",
    "ledger.csv": "player,label,at,room,step,round,reason,amount",
    "codebook.csv": "file,column",
}
AMOUNTS = ("rounding", "amount", "earned")  # below zero or not, by how long somebody happened to wait
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def exported(lively: Lively, name: str = "out") -> Path:
    folder = lively.house.folder / name
    asyncio.run(export.write_folder(lively.house.database, lively.session_id, lively.study, folder))
    return folder


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_each_file_has_its_header_and_a_line_for_each_row(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder = exported(lively)
    for name, header in HEADERS.items():
        content = (folder / name).read_bytes().decode()
        assert content.split("\r\n", 1)[0].startswith(header), name
        assert content.endswith("\r\n")
    counts = {
        "players.csv": "select count(*) from player where session_id = %s",
        "rooms.csv": "select count(*) from room where session_id = %s",
        "networks.csv": "select count(*) from network where session_id = %s",
        "ties.csv": "select count(*) from tie where session_id = %s",
        "history.csv": "select count(*) from record where session_id = %s",
        "records_wide.csv": "select count(*) from player where session_id = %s",
        "messages.csv": "select count(*) from message where session_id = %s",
        "notes.csv": "select count(*) from note where session_id = %s",
        "events.csv": "select count(*) from event where session_id = %s",
        "payments.csv": "select count(*) from player where session_id = %s and code is not null",
    }
    for name, query in counts.items():
        rows = table(folder, name)
        assert len(rows) == house.sql(query, lively.session_id)[0][0] > 0, name
        assert all(None not in row and None not in row.values() for row in rows), name
        assert {row["session"] for row in rows} == {lively.session_id}, name
        assert name == "rounds.csv" or [*rows[0]][-1] == "session"
    header = (folder / "players.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == HEADERS["players.csv"] + ",age,outcome,given_wave,outcome_of_player,session"


def test_what_people_wrote_comes_out_as_they_wrote_it(house: House) -> None:
    lively, who = a_lively_session(house)
    folder = exported(lively)
    first = str(who["=SUM(A1)"])
    told = [
        codebook.unescape(row["value"])
        for row in table(folder, "history.csv")
        if row["player"] == first and row["field"] == "why"
    ]
    assert told == list(NASTY)
    stored = {str(number): value for number, value in house.sql("select id, value from record")}
    assert {row["record"]: codebook.unescape(row["value"]) for row in table(folder, "history.csv")} == stored
    bodies = {str(number): body for number, body in house.sql("select id, body from message")}
    assert {row["message"]: codebook.unescape(row["body"]) for row in table(folder, "messages.csv")} == bodies
    players = table(folder, "players.csv")
    assert [codebook.unescape(row["label"]) for row in players] == list(lively.tokens)
    assert [codebook.unescape(row["outcome"]) for row in players] == [*NASTY[:9], ""]
    assert [codebook.unescape(row["given_wave"]) for row in players] == [
        "",
        *(NASTY[-n] for n in range(1, 10)),
    ]


def test_no_spreadsheet_takes_a_text_for_a_formula_and_numbers_stay_numbers(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder = exported(lively)
    # The escape is written twice, in SQL and in Python: they must agree on every text.
    for row, stored in zip(
        table(folder, "history.csv"), house.sql("select value from record order by id"), strict=True
    ):
        assert row["value"] == codebook.escape(stored[0])
    number = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
    cells = [
        cell
        for name in HEADERS
        for row in table(folder, name)
        for column, cell in row.items()
        if cell[:1] in tuple("=+-@") and column not in AMOUNTS
    ]
    assert {"-5", "+5", "-.5e-3"} == set(cells)
    assert all(number.fullmatch(cell) for cell in cells)
    assert "apostrophe" in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["escaping"]


@settings(deadline=None)
@given(strategies.text("'=+-@5.e a"))
def test_a_cell_gives_its_text_back(text: str) -> None:
    assert codebook.unescape(codebook.escape(text)) == text


def test_lines_end_with_cr_lf_and_lines_within_a_cell_with_lf(house: House) -> None:
    lively, _ = a_lively_session(house)
    content = (exported(lively) / "history.csv").read_bytes()
    rows = house.sql("select count(*) from record")[0][0]
    assert content.count(b"\r\n") == rows + 1
    assert b'"two\nlines"' in content
    assert b'"""quoted"""' in content
    times = [cell for row in table(exported(lively, "again"), "history.csv") for cell in [row["at"]]]
    assert all(TIME.fullmatch(time) for time in times)


def test_the_last_answer_in_time_counts_and_a_late_one_only_where_there_is_no_other(house: House) -> None:
    lively, who = a_lively_session(house)
    folder = exported(lively)
    second = str(who['Ana, the "first"'])
    counts = {
        (row["round"], row["field"]): (row["value"], row["version"], row["late"])
        for row in table(folder, "records.csv")
        if row["player"] == second
    }
    assert counts == {
        ("1", "belief"): ("1", "1", "false"),
        ("1", "why"): ("well before the bell", "1", "false"),
        ("2", "belief"): ("3", "2", "true"),
        ("2", "why"): ("once more", "2", "true"),
    }
    # The premise: a later version did come.
    assert ("4", "2", "true") in [
        (row["value"], row["version"], row["late"])
        for row in table(folder, "history.csv")
        if (row["player"], row["round"]) == (second, "1")
    ]
    cells = [(row["player"], row["round"], row["field"]) for row in table(folder, "records.csv")]
    assert len(cells) == len(set(cells))


def test_the_wide_file_has_a_column_for_each_question_in_the_order_of_the_plan(house: House) -> None:
    lively, who = a_lively_session(house)
    folder = exported(lively)
    rows = {row["player"]: row for row in table(folder, "records_wide.csv")}
    columns = list(next(iter(rows.values())))[4:-1]
    assert columns == [f"talk_{round}_{field}" for round in (1, 2, 3) for field in ("belief", "why")]
    said = {
        (row["player"], f"{row['step']}_{row['round']}_{row['field']}"): row["value"]
        for row in table(folder, "records.csv")
    }
    for player, row in rows.items():
        assert {column: row[column] for column in columns} == {
            column: said.get((player, column), "") for column in columns
        }
    assert rows[str(who["=SUM(A1)"])]["label"] == "'=SUM(A1)"


def test_every_tie_is_told_from_both_sides_and_every_event_in_the_order_of_its_log(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder = exported(lively)
    ties = {(row["room"], row["round"], row["from"], row["to"]) for row in table(folder, "ties.csv")}
    assert len(ties) == 16
    assert {(room, round, to, origin) for room, round, origin, to in ties} == ties
    logs: dict[str, list[int]] = {}
    for row in table(folder, "events.csv"):
        json.loads(row["data"])
        logs.setdefault(row["log"], []).append(int(row["seq"]))
    assert set(logs) == {"session", "mixed-1", "mixed-2"}
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in logs.values())


def test_a_receipt_can_be_computed_again_from_the_files(house: House) -> None:
    lively, who = a_lively_session(house)
    receipt = lively.answers(who["P4"], 2, belief="-7", why="=1+1\n'@x")
    folder = exported(lively)
    rows = {int(row["record"]): row for row in table(folder, "history.csv")}
    text = "".join(
        f"{number}\t{rows[number]['field']}\t{codebook.unescape(rows[number]['value'])}\n"
        for number in receipt.records
    )
    assert hashlib.sha256(text.encode()).hexdigest() == receipt.digest


def test_the_codebook_explains_every_column_of_every_file(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder = exported(lively)
    explained = {(row["file"], row["column"]) for row in table(folder, "codebook.csv")}
    for name in HEADERS.keys() - {"codebook.csv"}:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            assert {(name, column) for column in next(csv.reader(file))} == {
                (file_, column) for file_, column in explained if file_ == name
            }
    (asked,) = {row["asked"] for row in table(folder, "codebook.csv") if row["column"] == "talk_2_belief"}
    assert asked == 'How sure are you, from "0" to 100?'


def test_columns_stay_apart_where_names_of_steps_and_questions_run_together() -> None:
    steps = """
[[step]]
page = "talk"
repeat = 2
limit = "60s"
fields = [{name = "x_2_y", ask = "?", kind = "text"}]
[[step]]
page = "talk_1_x"
repeat = 2
limit = "60s"
fields = [{name = "y", ask = "?", kind = "text"}]
"""
    toml = f'title = "T"\n[[room]]\nname = "r"\nseats = {{any = 2}}\n{steps}'
    page = b'{% extends "player/_step_opened.html" %}'
    study = parse({"study.toml": toml.encode(), "pages/talk.html": page, "pages/talk_1_x.html": page})
    columns = list(codebook.wide_columns(study).values())
    assert len(set(columns)) == len(columns) == 4


def test_the_manifest_says_what_is_in_the_files_and_the_study_is_as_it_ran(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder = exported(lively)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == names - {"manifest.json"}
    for name, stated in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (stated["bytes"], stated["sha256"])
        if name.endswith(".csv") and "/" not in name:
            assert len(table(folder, name)) == stated["rows"]
    assert manifest["stored"] == manifest["acknowledged"]
    assert manifest["stored"]["records"] == len(table(folder, "history.csv"))
    assert manifest["session"]["id"] == lively.session_id
    assert manifest["study"]["sha256"] == lively.study.sha256
    assert read_folder(folder / "study") == dict(lively.study.files)


def test_folder_zip_and_download_hold_the_same(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder, packed = exported(lively), house.folder / "out.zip"
    asyncio.run(export.write_zip(house.database, lively.session_id, lively.study, packed))

    async def download() -> bytes:
        chunks = zip_chunks(house.database, lively.session_id, lively.study)
        return b"".join([chunk async for chunk in chunks])

    for archive in (zipfile.ZipFile(packed), zipfile.ZipFile(io.BytesIO(asyncio.run(download())))):
        with archive:
            assert archive.testzip() is None
            names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
            assert sorted(archive.namelist()) == sorted(names)
            assert archive.namelist()[-1] == "manifest.json"
            for name in set(names) - {"manifest.json"}:
                assert archive.read(name) == (folder / name).read_bytes()


def test_a_session_to_which_nobody_came_has_headers_and_no_rows(house: House) -> None:
    lively = open_lively(house)
    folder = exported(lively)
    for name in HEADERS:
        rows = table(folder, name)
        assert (folder / name).read_bytes().startswith(HEADERS[name].encode())
        if name in ("rooms.csv", "ties.csv", "records.csv", "history.csv", "messages.csv"):
            assert rows == []
    assert {row["status"] for row in table(folder, "players.csv")} == {"invited"}


def test_a_closed_session_says_how_it_ended_for_each(house: House) -> None:
    lively, _ = a_lively_session(house)
    house.do(lambda conn: close(conn, lively.session_id, "story"))
    folder = exported(lively)
    ends = {(row["status"], row["code"], row["outcome_of_player"]) for row in table(folder, "players.csv")}
    assert ends == {
        ("finished", "C5", "closed"),
        ("left", "C4", "withdrawn"),
        ("left", "C2", "lobby"),
        ("invited", "", ""),
    }
    assert {(row["status"], row["outcome"]) for row in table(folder, "rooms.csv")} == {("ended", "closed")}


def test_one_session_does_not_leak_into_the_export_of_another(house: House) -> None:
    lively, who = a_lively_session(house)
    other = open_lively(house)
    other_who = [other.comes(label, age="20") for label in other.tokens]
    other.seat()
    other.answers(other_who[0], 1, why="somebody else's")
    folder = exported(lively)
    assert {row["player"] for row in table(folder, "history.csv")} <= {str(player) for player in who.values()}
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"somebody else" not in everything
    assert b"somebody else" in (exported(other, "other") / "history.csv").read_bytes()


def test_an_export_is_of_one_moment_while_records_are_stored(house: House) -> None:
    lively = open_lively(house)
    who = [lively.comes(label, age="30") for label in lively.tokens]
    lively.seat()
    playing = who[:8]

    async def play(player: int, done: asyncio.Event) -> None:
        conn = await connect(house.database, "player")
        while not done.is_set():
            async with conn.transaction():
                await lively.answer(conn, player, 1, why="x" * 200)
        await conn.close()

    def stored() -> int:
        return int(house.sql("select count(*) from record")[0][0])

    async def story() -> list[Path]:
        done = asyncio.Event()
        tasks = [asyncio.create_task(play(player, done)) for player in playing]
        folders = [house.folder / f"live{number}" for number in range(6)]
        for folder in folders:
            before = stored()
            await export.write_folder(house.database, lively.session_id, lively.study, folder)
            await until(partial(grown, before), "more records")
        done.set()
        await asyncio.gather(*tasks)
        return folders

    def grown(before: int) -> bool:
        return stored() > before

    folders = asyncio.run(story())
    sizes = []
    for folder in folders:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        history = {int(row["record"]) for row in table(folder, "history.csv")}
        events = table(folder, "events.csv")
        acknowledged = [
            number
            for row in events
            if row["event"] == "player_answered"
            for number in json.loads(row["data"])["records"]
        ]
        assert sorted(acknowledged) == sorted(history)
        assert len(history) == manifest["stored"]["records"] == manifest["acknowledged"]["records"]
        final = {(row["player"], row["field"]): int(row["version"]) for row in table(folder, "records.csv")}
        newest: dict[tuple[str, str], int] = {}
        for row in table(folder, "history.csv"):
            key = row["player"], row["field"]
            newest[key] = max(newest.get(key, 0), int(row["version"]))
        assert final == newest
        sizes.append(len(history))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_what_is_there_already_is_left_alone(house: House) -> None:
    lively = open_lively(house)
    folder = house.folder / "mine"
    folder.mkdir()
    exported(lively, "mine")  # an empty folder will do
    with pytest.raises(ExportError, match="has something in it"):
        exported(lively, "mine")
    packed = house.folder / "mine.zip"
    packed.write_text("precious")
    with pytest.raises(ExportError, match="is there already"):
        asyncio.run(export.write_zip(house.database, lively.session_id, lively.study, packed))
    assert packed.read_text() == "precious"
    with pytest.raises(ExportError, match="can't be written"):
        exported(lively, "mine.zip/under/a/file")


def test_an_export_that_fails_leaves_nothing_behind(house: House) -> None:
    lively = open_lively(house)
    before = sorted(house.folder.iterdir())
    with pytest.raises(ExportError, match="There is no session"):
        asyncio.run(export.write_folder(house.database, "nowhere", lively.study, house.folder / "out"))
    with pytest.raises(ExportError, match="There is no session"):
        asyncio.run(export.write_zip(house.database, "nowhere", lively.study, house.folder / "out.zip"))
    assert sorted(house.folder.iterdir()) == before


def test_a_slow_download_holds_no_transaction_open_and_a_dropped_one_nothing(house: House) -> None:
    lively, _ = a_lively_session(house)

    def nobody_exports() -> bool:
        return not house.sql(
            "select 1 from pg_stat_activity"
            " where application_name = 'networklab export' and datname = current_database()"
        )

    def start() -> AsyncGenerator[bytes]:
        return cast(AsyncGenerator[bytes], zip_chunks(house.database, lively.session_id, lively.study))

    async def story() -> None:
        async with aclosing(start()) as slow:
            received = [await anext(slow)]
            await until(nobody_exports, "the end of the transaction, with nothing more read")
            received += [chunk async for chunk in slow]
        assert zipfile.ZipFile(io.BytesIO(b"".join(received))).testzip() is None

        async with aclosing(start()) as dropped:
            await anext(dropped)
        await until(nobody_exports, "the end of an export that nobody wants any more")

        conn = await connect(house.database, "story")
        async with conn.transaction():
            await conn.execute("lock table event in access exclusive mode")
            async with aclosing(start()) as kept_waiting:
                first = asyncio.create_task(anext(kept_waiting))
                await until(lambda: not nobody_exports(), "an export that waits")
                first.cancel()
                with suppress(asyncio.CancelledError):
                    await first
            await until(nobody_exports, "the end of one that waited when it was given up")
        await conn.close()

        with pytest.raises(ExportError):
            [chunk async for chunk in zip_chunks(house.database, "nowhere", lively.study)]

    asyncio.run(story())


def test_rows_that_are_given_up_midway_send_nothing_more(house: House) -> None:
    def they_come() -> bool:
        return bool(house.sql("select 1 from pg_stat_activity where wait_event = 'PgSleep'"))

    async def story() -> None:
        conn = await connect(house.database, "story")
        await conn.execute("begin")
        slow = b"select pg_sleep(60), %(session_id)s"  # what is given up while it runs
        waits = asyncio.create_task(anext(fetched(conn, slow, "any", list)))
        await until(they_come, "rows that take their time")
        waits.cancel()
        with suppress(asyncio.CancelledError):
            await waits
        assert conn.closed, "the cancel request may come late, and would stop what follows"

    asyncio.run(story())


def test_for_excel_each_table_begins_with_the_mark_and_is_else_the_same(house: House) -> None:
    lively, _ = a_lively_session(house)
    folder, marked = exported(lively), house.folder / "excel.zip"
    mark, extra = b"\xef\xbb\xbf", Extra(mark=True)
    asyncio.run(export.write_zip(house.database, lively.session_id, lively.study, marked, extra=extra))
    with zipfile.ZipFile(marked) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        tables = [name for name, stated in manifest["files"].items() if "rows" in stated]
        assert {*tables} == {path.name for path in folder.glob("*.csv")} and "EF BB BF" in manifest["format"]
        for name in manifest["files"]:
            plain = (folder / name).read_bytes()
            assert packed.read(name) == (mark + plain if name in tables else plain), name
        assert "Wait a moment" in packed.read("notes.csv").decode("utf-8-sig")
    verdict = asyncio.run(verify(house.database, lively.session_id, lively.study, marked))
    assert verdict.ok, str(verdict)
