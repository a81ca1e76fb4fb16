"""Stories of the one declaration of events: what is written, folded, listed, said and documented is held against it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import psycopg
from jinja2 import nodes

from app.config import PROJECT
from app.database.connections import Connection
from app.database.events import DECLARED, EventName
from app.players import notes
from app.players.people import Person
from app.replay import fold as replay_fold
from app.rooms import parts, stopped_rooms, ties
from app.sessions import actions, erasing, inviting
from app.study.hooks.pool import Failure
from app.study.languages.texts import texts_in
from app.study.model.networks import Tie
from app.web.live import folding, room_feed, session_feed
from app.web.monitor.histories import SIGNS, Beside, Happened, Record
from app.web.templates import environment_of
from tests.house.alone import SURVEY, Alone, a_session_alone_and_together, open_alone
from tests.house.declared import WRITTEN, plausible, undeclared
from tests.house.house import House
from tests.house.lively import Lively, a_lively_session, an_eventful_session, room_of

MOMENT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
SAID_IN = "admin/_event_words.html"
ASKED = re.compile(r"\b[el]\.name (?:=|<>|(?:not )?in) \(?('\w+'(?:, *'\w+')*)")
TICKED = re.compile(r"`(\w+)`")
CARRIED = {key for declared in DECLARED.values() for key in get_type_hints(declared.data)}
ORACLES = {"verify", "recounts", "check"}
IN_OTHER_STUDIES = {"channel", "treatment", "last_step", "last_round", "asked", "was_empty", "began", "clock"}


def test_the_names_and_what_they_stand_for_are_the_same_events() -> None:
    assert tuple(DECLARED) == get_args(EventName)


def test_all_that_can_happen_is_written_as_it_is_declared(house: House) -> None:
    eventful = an_eventful_session(house)
    lively, who = a_lively_session(house)
    house.do(lambda conn: all_the_rest(conn, lively, [*who.values()]))
    alone, survey = a_session_alone_and_together(house)[0], open_alone(house, 1, SURVEY)
    survey.through(survey.comes("R1"), {"mood": "5"}, {"clicked": "yes"})
    written = [line for one in (eventful, lively, alone, survey) for line in close_and_read(house, one)]
    assert undeclared(written) == []
    told = {(name, log) for name, log, _, _ in written}
    assert told == {(name, log) for name, declared in DECLARED.items() for log in declared.logs}
    carried = {key for _, _, _, data in written for key in data}
    assert carried | IN_OTHER_STUDIES == CARRIED


async def all_the_rest(conn: Connection, lively: Lively, people: list[int]) -> None:
    """What neither of the two sessions has had: hooks that fail, another network, results, a standby, other hooks."""
    session_id, study, first, waits = lively.session_id, lively.study, people[0], people[8]
    room = await room_of(conn, first)
    own, why = (
        dict(session=session_id, room=room.id, first=first),
        Failure("decide", "It failed.", 7).as_json(),
    )
    await ties.rewire(conn, [ties.Wiring(room.id, study.plan[1], [Tie(1, 2, 0.5)], "hook wire")])
    assert await notes.write_to_room(conn, room.id, room.name, "ada", "Nearly there.", "a form") > 1
    for query in (
        """insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
        values (%(session)s, %(room)s, 0, 'talk', 1, 1, 'share', '5', 'hook results')""",
        """insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
        values (%(session)s, %(first)s, %(room)s, 'talk', 1, 'bid', '{"price":"5"}', 1, false, gen_random_uuid())""",
        """insert into move (record_id, session_id, room_id, position, player_id, slot, since)
        select max(id), %(session)s, %(room)s, 0, %(first)s, 1, 2.5 from record""",
        """update move set nth = 1, accepted = true, sentence = '', ends = true, handled_at = now(),
        state = '7', results = '{"share": {"1": "5"}}'""",
        """insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
        values (%(session)s, %(first)s, %(room)s, 'talk', 1, 'bid', '{"price":"6"}', 2, false, gen_random_uuid())""",
        """insert into move (record_id, session_id, room_id, position, player_id, slot, since)
        select max(id), %(session)s, %(room)s, 0, %(first)s, 1, 2.5 from record""",
        """update move set nth = 2, accepted = false, sentence = 'No.', ends = false, handled_at = now()
        where nth is null""",
        "update lobby set stopped = %(why)s where session_id = %(session)s",
        "update player set standby_until = now() where id = %(waits)s",
        "update session set study_sha256 = repeat('0', 64) where id = %(session)s",
        "update session set start_at = now() where id = %(session)s",
        "update session set start_at = null, waits_from = now() where id = %(session)s",
        """insert into gathering (session_id, kind, number, reason, deadline)
        values (%(session)s, 'mixed', 9, 'enough came', now())""",
        "insert into asked select %(waits)s, max(id), 'any' from gathering",
        "update asked set ready_at = now() where player_id = %(waits)s",
        "delete from asked",
        "insert into asked select %(waits)s, max(id), 'any', now() from gathering",
        """update player set in_line_since = now(), in_line_until = now() + interval '1 min'
        where session_id = %(session)s and status = 'invited'""",
        """update player set status = 'waiting', signed_in_at = now(), waiting_since = now()
        where session_id = %(session)s and status = 'invited'""",
        "insert into door (session_id) values (%(session)s)",
        "update door set places = 120, extra = 0.2 where session_id = %(session)s",
        "insert into came_again (session_id, player_id) values (%(session)s, %(waits)s)",
        """insert into payout (session_id, study_id, currency, people, amount, by)
        values (%(session)s, 'theirs', 'GBP', 2, 3.26, 'ada')""",
        "update payout set state = 'refused' where session_id = %(session)s",
        """insert into review (session_id, player_id, submission_id, what, code, state, by)
        values (%(session)s, %(waits)s, 'theirs', 'approve', '', 'done', 'ada')""",
        "update player set door_id = 'x1', by_door = 1 where id = %(waits)s",
        "update player set queued_at = clock_timestamp() where id = %(waits)s",
        "delete from asked",
    ):
        await conn.execute(query, own | dict(why=why, waits=waits))
    await actions.free_id(conn, session_id, waits, "ada")
    await stopped_rooms.stop(conn, room.id, Failure("decide", "It failed."))
    await actions.extend(conn, session_id, room.id, room.position, 0, 30, "ada")
    await stopped_rooms.retry_seating(conn, session_id)
    await stopped_rooms.retry(conn, session_id)
    await parts.end(conn, [room.id], "complete", study)
    await erasing.erase(conn, session_id, "ada", "asked for", player_id=first)
    await inviting.add_people(conn, session_id, [Person("", "late", "red")], "ada", "form-12")


def close_and_read(house: House, lively: Lively | Alone) -> list[tuple[Any, ...]]:
    async def work(conn: Connection) -> list[tuple[Any, ...]]:
        await actions.close(conn, lively.session_id, "ada")
        return await (await conn.execute(WRITTEN, dict(session=lively.session_id))).fetchall()

    return house.do(work)


def test_each_event_is_folded_or_said_to_be_passed_over() -> None:
    """Each fold has a function of the event's name, which is given what is declared of it."""
    methods = vars(replay_fold._Folding)
    replayed: dict[Any, Any] = {
        name: method for name, method in methods.items() if name[0] != "_" and "data" in _hints(method)
    }
    assert sorted([*replayed, *replay_fold.PASSED_OVER]) == sorted(DECLARED)
    assert sorted([*folding.CHANGES, *folding.PASSED_OVER]) == sorted(told_in("room"))
    for name, change in [*replayed.items(), *folding.CHANGES.items()]:
        assert change.__name__ == name
        assert _hints(change)["data"] == DECLARED[name].data, f"{change.__qualname__} takes other data"


def test_each_event_of_a_session_is_one_that_some_pages_look_at() -> None:
    feed = session_feed
    looked_at = [*feed.MOVES, *feed.WORDS, *feed.EVERYBODY, *feed.LINED_UP, *feed.COUNTED, *feed.PASSED_OVER]
    assert sorted(looked_at) == sorted(told_in("session"))
    for name in (*feed.MOVES, *feed.WORDS, *room_feed.NUDGES, *SIGNS):
        assert DECLARED[name].about is not False, f"nobody is known whom {name} is about"


def test_queries_ask_for_events_that_there_are() -> None:
    """Those of the oracles are left alone: they are to believe nothing but the logs."""
    files = [path for path in PROJECT.glob("sql/*/**/*.sql") if "migrations" not in path.parts]
    texts = [path.read_text(encoding="utf-8") for path in files if path.stem not in ORACLES]
    asked = [name for text in texts for names in ASKED.findall(text) for name in re.findall(r"\w+", names)]
    assert len(asked) > 20 and set(asked) <= DECLARED.keys()
    read = {key for text in texts for key in re.findall(r"\b[el]\.data->>?'(\w+)'", text)}
    assert read and read <= CARRIED


def test_the_document_says_of_each_event_where_of_whom_and_what() -> None:
    """A row may tell of several events; what only some of them carry is in it, too."""
    sections = (PROJECT / "docs" / "events.md").read_text(encoding="utf-8").split("\n## ")
    found = []
    for log, section in zip(("session", "room"), sections[1:], strict=True):
        for line in re.findall(r"^\| `.*", section, re.MULTILINE):
            names, about, data = (cell.strip() for cell in line.split("|")[1:-1])
            events = dict.fromkeys(TICKED.findall(names))
            found += [(name, log) for name in events]
            assert {bool(about)} == {DECLARED[name].about is not False for name in events}, names
            if not (log == "session" and data.startswith("as in the room's log")):
                assert _expanded(TICKED.findall(data)) == _expanded(events), names
    assert sorted(found) == sorted((name, log) for log in ("session", "room") for name in told_in(log))


def test_each_event_has_words_for_whoever_reads_of_it() -> None:
    """On the pages of players and rooms, in the past, and on the dashboard."""
    page: Any = environment_of(texts_in()).get_template(SAID_IN).module
    said = {7: Record(7, "talk", 1, "belief", "50", 2, False, MOMENT)}
    for name, declared in DECLARED.items():
        for data in plausible(declared.data):
            words = {"body": "Hello", "to": None} if name == "message_sent" else {}
            one = Happened(MOMENT, name, 7, words | data)
            for line in (
                page.happened(one, said, who="P7"),
                page.happened(one, room="mixed-1", to="/then", later=True),
                page.words(one, who="P7", brief=True),
                page.words(one, brief=True),
            ):
                assert re.search(r"\w", re.sub(r"<[^>]*>|P7|mixed-1|15:09:26", "", line)), name


def test_one_template_says_events_in_words_and_knows_each() -> None:
    environment, beside = environment_of(texts_in()), set(get_args(Beside))
    for path in PROJECT.glob("templates/**/*.html"):
        tree = environment.parse(path.read_text(encoding="utf-8"))
        if path.name == SAID_IN.rpartition("/")[2]:
            chain = max(tree.find_all(nodes.If), key=lambda one: len(one.elif_))
            known = [name for one in (chain, *chain.elif_) for name in _words_in(one.test)]
            assert sorted(known) == sorted([*DECLARED, *beside])
        else:
            known = [word for word in _words_in(tree) if word in {*DECLARED, *beside}]
            assert known == [], f"{path.name} tells events apart"


def told_in(log: str) -> list[EventName]:
    return [name for name, declared in DECLARED.items() if log in declared.logs]


def _hints(found: object) -> dict[str, Any]:
    return get_type_hints(found) if callable(found) else {}


def _expanded(keys: Iterable[Any]) -> set[str]:
    """What the events among these carry, and the others."""
    return {
        key for one in keys for key in (get_type_hints(DECLARED[one].data) if one in DECLARED else (one,))
    }


def _words_in(node: nodes.Node) -> list[str]:
    found = [node] if isinstance(node, nodes.Const) else node.find_all(nodes.Const)
    return [one.value for one in found if isinstance(one.value, str)]


def test_what_is_told_of_somebody_is_told_without_reading_the_logs_of_all_others(house: House) -> None:
    """Whoever is at pages alone has a log of their own: where 700 are, each thing that happens is of one of them."""
    alone = open_alone(house, 2)
    ann = alone.comes("R1")
    others = (
        "insert into log (session_id, room_id) select %s, 1000000 + nth from generate_series(1, 3000) as nth"
    )
    read = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'log'"
    happens = (
        "update player set status = 'waiting', waiting_since = now(), arrival_logged = true where id = %s",
        "update player set status = 'left', outcome = 'withdrawn', code = 'OUT', finished_at = now() where id = %s",
        "update room set deadline = deadline + interval '1 s' where player_id = %s",
        "update room set status = 'ended', outcome = 'complete', ended_at = now() where player_id = %s",
    )
    with psycopg.connect(house.database, autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")  # they need no rooms
        conn.execute(others, [alone.session_id])
        conn.execute("set session_replication_role = origin")
        conn.execute("analyze log")
        for what in happens:
            with conn.transaction():
                conn.execute(what.encode(), [ann])
                [(rows,)] = conn.execute(read).fetchall()
            assert rows < 50, (what, rows)
