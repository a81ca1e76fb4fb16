"""Stories of what is personal: it goes from every table and every file, and everything counts as before."""

from __future__ import annotations

import asyncio
import csv
import json
import zipfile
from uuid import uuid4

import psycopg
import pytest

from app.database import clock
from app.database.connections import Connection
from app.export import export
from app.export.verify import verify
from app.players import drafts, notes, signs_of_life
from app.players.presence import Presence
from app.replay.check import check
from app.rooms import records
from app.rooms.receipts import as_kept
from app.rooms.records import Answer, form_id
from app.sessions import actions
from app.sessions.erasing import erase, sweep
from app.sessions.sessions import SessionError
from tests.house.alone import a_session_alone_and_together
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.house import House, Opened
from tests.house.lively import Lively
from tests.house.market import says, talking
from tests.house.telling import OF_ONE, everything_in, found_in, somebody_tells_much

ORPHANS = "select form from late_claim where form not in (select form from record)"


@pytest.fixture
def lively(house: House) -> tuple[Lively, dict[str, int]]:
    return somebody_tells_much(house)


def holds(lively: Lively, *kept: str) -> list[str]:
    """`verify`, with these receipts, and `replay --check`; what it notes besides."""
    house = lively.house
    receipts = [found for found in map(as_kept, kept) if found]
    verdict = asyncio.run(verify(house.database, lively.session_id, lively.study, None, receipts))
    assert verdict.ok, str(verdict)
    checked = house.read(lambda conn: check(conn, lively.session_id))
    assert [str(one) for one in checked.differences] == []
    return list(verdict.notes)


def close(lively: Lively) -> None:
    lively.house.do(lambda conn: actions.close(conn, lively.session_id, "ada"))


def exported(lively: Lively, name: str) -> dict[str, str]:
    path = lively.house.folder / f"{name}.zip"
    asyncio.run(export.write_zip(lively.house.database, lively.session_id, lively.study, path))
    with zipfile.ZipFile(path) as zipped:
        return {file: zipped.read(file).decode() for file in zipped.namelist()}


def table(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files[name].splitlines(keepends=True)))


def test_one_person_goes_from_every_table_and_export_and_all_others_stay(
    lively: tuple[Lively, dict[str, int]],
) -> None:
    (session, who), words = lively, [OF_ONE[key] for key in OF_ONE if not key.startswith("label")]
    house, number, end = session.house, who["P4"], session.tokens["P4"][-4:]
    ends = "select token_end from player where id = %s"
    receipt = session.answers(number, 1, belief="62", why="my aunt again")
    [(hash_, forms)] = house.sql(
        """select encode(p.token_hash, 'hex'),
            array(select form::text from record where player_id = p.id and value <> '')
        from player p where id = %s""",
        number,
    )
    [(digests,)] = house.sql(
        """select array_agg(data->>'sha256') from event where player_id = %s and data ? 'sha256'""", number
    )
    secrets = [*words, hash_, *forms, *digests]
    assert house.sql(ends, number) == [(end,)]
    assert {word for _, word in found_in(everything_in(house), words)} == set(words)
    close(session)
    before, old = everything_in(house), exported(session, "before")
    others = {
        name: rows(old, name, str(number), False) for name in ("history.csv", "messages.csv", "notes.csv")
    }

    said = house.do(lambda conn: erase(conn, session.session_id, "ada", "asked by mail", label="P4"))
    assert said.startswith(
        "Erased of P4: 1 label and link, 1 entry form, 4 answers, 1 message, 2 notes, 3 traces"
    )
    assert house.read(sweep)
    after = everything_in(house)
    assert found_in(after, secrets) == []
    assert house.sql(ends, number) == [("",)]
    assert found_in({"label": json.dumps(after)}, ['"P4"', "(P4", ",P4,"]) == []

    files = exported(session, "after")
    assert found_in(files, words) == []
    assert {name: rows(files, name, str(number), False) for name in others} == others
    [one] = [row for row in table(files, "players.csv") if row["player"] == str(number)]
    [was] = [row for row in table(old, "players.csv") if row["player"] == str(number)]
    gone = dict(label=f"erased {number}", age="", outcome="", given_wave="")
    assert was.pop("given_PANEL") == OF_ONE["given"], "and nobody else has one"
    assert one == was | gone
    history = rows(files, "history.csv", str(number))
    assert [row["record"] for row in history] == [
        row["record"] for row in rows(old, "history.csv", str(number))
    ]
    assert {(row["field"], row["erased"]) for row in history if row["value"]} == {("belief", "false")}
    assert [row["erased"] for row in rows(files, "messages.csv", str(number))] == ["true"]
    assert [row["by"] for row in table(files, "erasures.csv")] == ["ada"]
    assert table(files, "erasures.csv")[0]["why"] == "asked by mail"

    [note] = holds(session, str(receipt))
    assert note.startswith(": record") and note.endswith("by ada (asked by mail), and not lost")
    assert "P4" not in before["erasure"] and before["erasure"] == ""
    again = house.do(
        lambda conn: erase(conn, session.session_id, "ada", "asked by mail", label=f"erased {number}")
    )
    assert again == f"Nothing personal of erased {number} is left; nothing changed."
    assert house.sql("select count(*), count(swept_at) from erasure") == [(1, 1)]


def rows(files: dict[str, str], name: str, player: str, of: bool = True) -> list[dict[str, str]]:
    return [row for row in table(files, name) if (row["player"] == player) == of]


def test_a_whole_session_goes_when_it_is_closed_with_as_many_answers_as_one_wants(
    lively: tuple[Lively, dict[str, int]],
) -> None:
    session, _ = lively
    house, labels = session.house, [*session.tokens]
    with pytest.raises(
        SessionError, match="is running: what is personal of everybody can go when it is closed"
    ):
        house.do(lambda conn: erase(conn, session.session_id, "ada", "old"))
    close(session)
    said = {
        text
        for (text,) in house.sql(
            "select value from record where length(value) > 2 union select body from message where length(body) > 2"
            " union select body from note where length(body) > 2"
        )
    }
    counts = (
        "select (select count(*) from record), (select count(*) from message), (select count(*) from note)"
    )
    numbers = house.sql(counts)
    assert len(said) > 20 and {word for _, word in found_in(everything_in(house), ["P5", *OF_ONE.values()])}

    kept = [word for (word,) in house.sql("select value from record where field = 'belief' order by id")]
    house.do(lambda conn: erase(conn, session.session_id, "ada", "old", answers="none"))
    holds(session)
    answers = "select value from record where field = %s order by id"
    assert [word for (word,) in house.sql(answers, "belief")] == kept
    assert OF_ONE["answer"] in [word for (word,) in house.sql(answers, "why")]
    house.do(lambda conn: erase(conn, session.session_id, "ada", "older", answers="all"))
    holds(session)
    assert house.read(sweep)
    texts = {name: text for name, text in everything_in(house).items() if name != "study_file"}
    assert found_in(texts, said) == []
    assert house.sql("select label from player where label = any(%s)", labels) == []
    assert {word for (word,) in house.sql("select value from record")} == {""}
    assert house.sql(counts) == numbers
    files = exported(session, "after")
    assert [row["answers"] for row in table(files, "erasures.csv")] == ["none", "all"]
    written = {name: text for name, text in files.items() if name[:5] not in ("study", "codeb")}
    assert found_in(written, said) == []
    assert [row["label"] for row in table(files, "players.csv")] == [
        f"erased {number}" for (number,) in house.sql("select id from player order by id")
    ]
    assert house.contradictions(Opened(session.session_id, {})) == []


def test_who_is_in_or_may_come_or_whose_room_plays_is_not_erased(
    lively: tuple[Lively, dict[str, int]],
) -> None:
    session, _ = lively
    house = session.house
    [(left,)] = house.sql("select label from player where status = 'left'")
    for label, why in {
        "P4": "P4 is in the session (playing)",
        "P9": "P9 is in the session (waiting)",
        "P10": "P10 has not come yet, and still may",
        left: f"The room of {left} still plays",
        "Nobody": "is called “Nobody”",
    }.items():
        with pytest.raises(SessionError) as refused:
            house.do(lambda conn, label=label: erase(conn, session.session_id, "ada", "", label=label))  # type: ignore[misc]
        assert why in str(refused.value)
    assert house.sql("select 1 from erasure") == []
    holds(session)


def test_receipts_that_did_not_hold_are_not_forgotten_with_what_they_were_of(
    lively: tuple[Lively, dict[str, int]],
) -> None:
    session, who = lively
    close(session)
    session.house.sql("update record set value = 'better' where player_id = %s and field = 'why'", who["P4"])
    session.house.do(lambda conn: erase(conn, session.session_id, "ada", "asked", label="P4"))
    verdict = asyncio.run(verify(session.house.database, session.session_id, session.study))
    [check_] = [one for one in verdict.checks if not one.ok]
    [(erasure,)] = session.house.sql("select id from erasure")
    assert check_.rows == (f"erasure {erasure}: 3 receipts were not what was stored when it began",)


def test_an_export_from_before_holds_and_is_said_to_have_what_was_erased_since(
    lively: tuple[Lively, dict[str, int]],
) -> None:
    session, _ = lively
    house, folder = session.house, session.house.folder / "before"
    close(session)
    asyncio.run(export.write_folder(house.database, session.session_id, session.study, folder))
    house.do(lambda conn: erase(conn, session.session_id, "ada", "asked", label="P4"))
    verdict = asyncio.run(verify(house.database, session.session_id, session.study, folder))
    assert verdict.ok, str(verdict)
    assert list(verdict.notes) == [
        f"{folder} still has 4 texts and answers that were erased since: delete it."
    ]


def test_what_is_on_its_way_meanwhile_finds_nobody(lively: tuple[Lively, dict[str, int]]) -> None:
    """A page that is still open tells of itself each second, and its browser still has the cookie."""
    session, who = lively
    house, number = session.house, who["P4"]
    close(session)
    house.do(lambda conn: erase(conn, session.session_id, "ada", "asked", label="P4"))

    async def come_late(conn: Connection) -> None:
        pages, now = Presence(), clock.now()
        pages.came(number, session.session_id)
        pages.opened(number, session.session_id)
        await pages.write(conn, "here")
        await signs_of_life.put(conn, {number: now})
        await drafts.keep(conn, number, "help", "k", {"body": ["after all that"]})
        await notes.ask(conn, session.session_id, number, "after all that", "done", "form-12")
        said = (("why", "after all that"),)
        answer = Answer(number, 1, "talk", 1, said, form_id(number, "key", said))
        assert await records.store(conn, [answer]) == [None]

    house.do(come_late)
    assert found_in(everything_in(house), ["after all that"]) == []
    traces = (
        "select player_id from presence union select player_id from visit union select player_id from sign"
    )
    assert house.sql(traces) == []
    # Begun before, and written after: the sweep waits for it, and takes it along.
    house.sql("insert into sign values (%s, now())", number)
    house.sql(
        "insert into late_claim (form, session_id, player_id, tried_at) values (%s, %s, %s, now() - interval '9 s')",
        str(uuid4()),
        session.session_id,
        number,
    )
    assert house.read(sweep)
    assert house.sql(traces) == []
    assert house.sql(ORPHANS) == []


def test_rows_as_they_were_are_swept_away_when_nobody_reads_them_any_more(
    lively: tuple[Lively, dict[str, int]],
) -> None:
    session, _ = lively
    house = session.house
    close(session)
    with psycopg.connect(house.database) as reader:
        reader.execute("set transaction isolation level repeatable read")
        assert reader.execute("select 1 from player where label = 'P4'").fetchall()
        house.do(lambda conn: erase(conn, session.session_id, "ada", "asked", label="P4"))
        assert not house.read(sweep)
        assert reader.execute("select 1 from player where label = 'P4'").fetchall()
    assert house.read(sweep)
    assert house.sql("select swept_at > at from erasure") == [(True,)]


def test_what_somebody_said_alone_goes_too_and_who_is_at_solo_steps_is_in(house: House) -> None:
    alone, who = a_session_alone_and_together(house)
    words = ["=a Robot", "Hello, Kind one", "the other was Kind"]
    alone.house.sql(
        """insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
        select session_id, id, position, 'bye', 1, 1, 'why', 'You met: Hello, Kind one', 'hook why' from room
        where name = 'after-' || %s""",
        who["R2"],  # who comes after that room still, and was told of it
    )
    for label, status in (("R8", "before"), ("R2", "after")):
        with pytest.raises(SessionError, match=rf"{label} is in the session \({status}\)"):
            house.do(lambda conn, label=label: erase(conn, alone.session_id, "ada", "asked", label=label))  # type: ignore[misc]
    assert {word for _, word in found_in(everything_in(house), words)} == {*words}
    said = house.do(lambda conn: erase(conn, alone.session_id, "ada", "asked", label="R1"))
    assert said.startswith("Erased of R1: 1 label and link, 1 entry form, 3 answers, 1 message")
    assert house.read(sweep)
    assert found_in(everything_in(house), words) == []
    left = "select step, value from record where player_id = %s and value <> '' order by id"
    assert [step for step, _ in house.sql(left, who["R1"])] == "consent rules quiz quiz talk about".split()
    house.do(
        lambda conn: erase(conn, alone.session_id, "ada", "asked", label=f"erased {who['R1']}", answers="all")
    )
    assert house.sql(left, who["R1"]) == []
    verdict = asyncio.run(verify(house.database, alone.session_id, alone.study))
    assert verdict.ok, str(verdict)
    assert [str(one) for one in house.read(lambda conn: check(conn, alone.session_id)).differences] == []


def test_what_somebody_said_with_a_move_goes_from_all_that_it_got_into(house: House) -> None:
    study = talking()
    session = house.open_study(study, {"x": 2})
    come(house, session, *session.tokens)
    seat(house, session)
    conduct(house)
    of = {label: number for number, label in house.sql("select id, label from player order by id")}
    for label, words, loud in (
        *(("X1", "my aunt Ludmilla", 2), ("X2", "a lot of cake", 3)),
        *(("X1", "LUDMILLA", 9), ("X2", "more cake", 1)),
    ):
        says(house, study, of[label], words, loud)
    lively = Lively(house, session.id, session.tokens, study)
    close(lively)
    assert holds(lively) == []
    before, told = exported(lively, "before"), "select count(*) from event where session_id = %s"
    [(count,)] = house.sql(told, session.id)
    assert table(before, "moves.csv")[0]["words"] == "my aunt Ludmilla"
    assert table(before, "moves.csv")[2]["sentence"] == "Not so loud: LUDMILLA!"
    said = house.do(lambda conn: erase(conn, session.id, "ada", "asked", label="X1"))
    assert said.startswith("Erased of X1: 1 label and link, 2 answers")
    assert house.read(sweep)
    assert found_in(everything_in(house), ["Ludmilla", "LUDMILLA"]) == []
    assert holds(lively) == []
    assert house.sql(told, session.id) == [(count + 1,)], "the erasure alone is told of"
    rows = table(exported(lively, "after"), "moves.csv")
    assert [(row["words"], row["loud"], row["sentence"]) for row in rows] == [
        ("", "", ""), ("a lot of cake", "3", ""), ("", "", "(erased)"), ("more cake", "1", ""),
    ]  # fmt: skip
    assert [row["accepted"] for row in rows] == ["true", "true", "false", "true"]
    house.do(lambda conn: erase(conn, session.id, "ada", "all of it", answers="all"))
    assert found_in(everything_in(house), ["cake"]) == [] and holds(lively) == []
