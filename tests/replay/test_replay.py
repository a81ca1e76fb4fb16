"""Stories of a session told again from its logs: whole, at a moment, and where somebody meddled."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from app.commands.arguments import Refusal
from app.commands.replay import as_json, moment
from app.players import notes
from app.players.players import Arrival, sign_in
from app.replay.check import Checked, check
from app.replay.reading import Span, read_then
from app.replay.state import STATUSES, Then
from app.rooms import lobby, records, rooms
from app.rooms.records import Answer, form_id
from app.sessions import actions
from app.study.stored import read_study
from tests.house.album import Album
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.lively import NUDGE, a_lively_session, an_eventful_session, open_lively
from tests.house.market import says, talking

# Written as a rule would, at a moment when it has no reason to.
FILL_IN = """insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
    values (%(session_id)s, %(room_id)s, 0, 'guess', 1, 3, 'guess', '77', 'default')"""


def checked(house: House, session_id: str) -> Checked:
    """On a connection in autocommit: the check opens its own transaction."""
    return house.read(lambda conn: check(conn, session_id))


def then_at(house: House, session_id: str, at: datetime) -> Then:
    return house.read(lambda conn: read_then(conn, session_id, at))


def close(house: House, session_id: str) -> None:
    house.do(lambda conn: actions.close(conn, session_id, "ada"))


def test_a_session_folded_from_its_logs_is_what_the_tables_say(house: House) -> None:
    for session_id in (an_eventful_session(house).session_id, a_lively_session(house)[0].session_id):
        found = checked(house, session_id)
        assert [str(one) for one in found.differences] == []
        assert found.records and found.messages
        close(house, session_id)
        assert [str(one) for one in checked(house, session_id).differences] == []


def test_each_place_where_table_and_log_part_is_named_with_what_both_say(house: House) -> None:
    lively = an_eventful_session(house)
    assert checked(house, lively.session_id).ok
    for change in (
        "alter table player disable trigger player_updated",
        "update player set type = 'green' where label = 'P5'",
        "update record set value = '99' where field = 'belief' and round = 1 and not late",
        "delete from record where field = 'belief' and late",
        "delete from event where name = 'step_opened'",
        "update message set body = 'Good-bye'",
    ):
        house.sql(change)
    found = checked(house, lively.session_id)
    said = [str(one) for one in found.differences]
    assert said[0].startswith("the log of mixed-1, events: the log says nothing of event ")
    assert said[1] == "player P5, type: the log says red, the table says green"
    [(first,)] = house.sql("select min(id) from record")
    assert f"room mixed-1, answered: the log says numbers {first}, the table says numbers {first + 9}" in said
    assert any("sha256: the log says" in one for one in said)
    assert any("stored: the log says acknowledged, the table says nothing of" in one for one in said)
    assert re.match(r"message \d+, sha256: the log says ", said[-1])
    assert len(said) == 6


def test_the_fold_at_a_moment_is_what_was_so_then(house: House) -> None:
    """Between any two things that happen, what the tables say is noted; the log tells it again afterwards."""
    lively = open_lively(house, 9)
    noted: dict[datetime, tuple[object, ...]] = {}

    def note() -> None:
        [moment] = house.sql("select clock_timestamp()")
        noted[moment[0]] = _state(house, lively.session_id)

    who = []
    for label in lively.tokens:
        who.append(lively.comes(label))
        note()
    lively.seat()
    note()
    lively.answers(who[0], 1)
    note()
    house.do(lambda conn: actions.pause(conn, lively.session_id, "ada"))
    note()
    house.do(lambda conn: actions.resume(conn, lively.session_id, "ada"))
    note()
    lively.moves_to(who[0], 2)
    note()
    lively.withdraws(who[0])
    note()
    assert len(set(noted.values())) == len(noted)
    for at, state in noted.items():
        then = then_at(house, lively.session_id, at)
        waiting = [one for one in then.players.values() if one.status == "waiting"]
        rooms_then = tuple(
            (room.name, room.position, room.deadline, len(room.answered)) for room in then.rooms.values()
        )
        people = tuple((one.label, one.status, one.slot, one.waiting_since) for one in waiting)
        assert (then.status, then.stored, tuple(then.counts.values()), rooms_then, people) == state


def _state(house: House, session_id: str) -> tuple[object, ...]:
    [(status, records)] = house.sql(
        "select s.status::text, (select count(*) from record r where r.session_id = s.id) "
        "from session s where id = %s",
        session_id,
    )
    counts = dict(
        house.sql("select status::text, count(*) from player where session_id = %s group by 1", session_id)
    )
    seen = house.sql(
        "select r.name, r.position, r.deadline, count(distinct a.player_id) from room r left join record a "
        "on a.room_id = r.id and a.step = r.step and a.round = r.round and not a.late "
        "where r.session_id = %s group by r.id order by r.id",
        session_id,
    )
    people = house.sql(
        "select label, status::text, slot, waiting_since from player "
        "where session_id = %s and status = 'waiting' order by id",
        session_id,
    )
    return status, records, tuple(counts.get(one, 0) for one in STATUSES), tuple(seen), tuple(people)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("2m", 120), ("14:01:30", 90), ("2026-11-24T14:00:05Z", 5), ("", 600), ("00:10", 36_600)],
)
def test_a_moment_can_be_said_in_several_ways(text: str, seconds: float) -> None:
    first = datetime(2026, 11, 24, 14, tzinfo=UTC)
    span = Span(first, first + timedelta(minutes=10))
    assert moment(text, span) - first == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "-5", "25:00", "2026-13-01T00:00:00Z", "9" * 40, "١٢"])
def test_what_is_no_moment_is_refused_in_a_sentence(text: str) -> None:
    first = datetime(2026, 11, 24, 14, tzinfo=UTC)
    with pytest.raises(Refusal, match=r"is no moment; write seconds"):
        moment(text, Span(first, first))


def test_a_page_of_the_past_says_what_it_said_then(house: House) -> None:
    """The page of one who plays, writes, is written to and leaves, and of one who waits through a pause."""
    lively = open_lively(house, 9)
    who = [lively.comes(label) for label in lively.tokens]
    album = Album(house, lively.session_id, lively.study, (who[0], who[8]))
    album.keep()
    lively.seat()
    album.keep()
    lively.answers(who[0], 1, "12", "because")
    house.do(lambda conn: notes.ask(conn, lively.session_id, who[0], "Help!", "", "form-1"))
    album.keep()
    house.do(lambda conn: notes.tell_everybody(conn, lively.session_id, "ada", "Hello all", "form-2"))
    house.do(lambda conn: lively.say(conn, who[0], "first"))
    lively.answers(who[0], 1, "13", "another because")
    album.keep()
    house.do(lambda conn: actions.pause(conn, lively.session_id, "ada"))
    album.keep()
    house.do(lambda conn: actions.resume(conn, lively.session_id, "ada"))
    lively.moves_to(who[0], 2)
    house.do(lambda conn: lively.say(conn, who[0], "second"))
    house.do(lambda conn: conn.execute(NUDGE, dict(player_ids=[who[0]])))
    album.keep()
    lively.withdraws(who[0])
    album.keep()
    close(house, lively.session_id)
    album.keep()
    pages = album.of(who[0])
    assert "another because" in pages[3] and "another because" not in pages[5]
    assert len({*pages}) == len(pages) - 1  # the close no longer concerned them
    album.look_at_again()


def test_a_page_of_the_past_shows_what_others_had_answered_and_how_far_one_was(house: House) -> None:
    opened = house.open(OWN_PACE, {"red": 3})
    study = house.do(lambda conn: read_study(conn, opened.id))
    arrivals = [Arrival(token, {}) for token in opened.tokens.values()]
    who = [one.id for one in house.do(lambda conn: sign_in(conn, arrivals)) if one]
    house.do(lambda conn: lobby.seat(conn, opened.id, study))
    [(room,)] = house.sql("select id from room where session_id = %s", opened.id)
    album = Album(house, opened.id, study, who[:2])

    def answer(player: int, position: int, value: str) -> None:
        step, round_ = study.plan[position].step, study.plan[position].round
        said = ((step.fields[0].name, value),)
        form = form_id(player, uuid4().hex, said)
        told = Answer(player, room, step.name, round_, said, form)
        house.do(lambda conn: records.store(conn, [told]))
        album.keep()

    def go_on(position: int) -> None:
        house.do(lambda conn: rooms.advance(conn, study, [(room, study.plan[position])]))
        album.keep()

    for nth, player in enumerate(who[:2]):
        answer(player, 0, f"{nth}1")
    house.do(lambda conn: conn.execute(FILL_IN, dict(session_id=opened.id, room_id=room)))
    go_on(1)
    for nth, player in enumerate(who):
        answer(player, 1, f"{nth}2")
    go_on(2)
    answer(who[0], 2, "44")
    answer(who[0], 3, "55")
    pages = album.of(who[0])
    assert (
        ">77</td>" in pages[3] and ">12</td>" not in pages[3]
    )  # in the table, not in some number on the page
    assert "Alone?" in pages[6] and "Still alone?" in pages[7] and "Still alone?" in pages[8]
    album.look_at_again()
    assert checked(house, opened.id).ok
    silently(house, "update result set value = '78'")
    [found] = checked(house, opened.id).differences
    assert str(found) == (
        "room line-1, position 0, slot 3, result guess, value: the log says 77 by default, the table says 78 by default"
    )


OWN_PACE = """
title = "Line"
[[room]]
name = "line"
seats = {any = 3}
[[step]]
page = "talk"
name = "guess"
repeat = 2
limit = "60s"
on_timeout = "default:77"
fields = [{name = "guess", ask = "How many?", kind = "integer", min = 0, max = 100}]
show = [{field = "guess", of = "room", round = "all"}]
[[step]]
page = "talk"
name = "alone"
limit = "60s"
wait_for = "none"
fields = [{name = "one", ask = "Alone?", kind = "integer"}]
[[step]]
page = "talk"
name = "later"
limit = "60s"
wait_for = "none"
fields = [{name = "two", ask = "Still alone?", kind = "integer"}]
"""


def test_what_somebody_has_earned_by_then_can_be_said_as_json() -> None:
    at = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
    told = json.dumps(as_json("abc", Span(at, at), at, Then(earned={7: Decimal("2.50")})))
    assert json.loads(told)["earned"] == {"7": "2.50"}


def test_a_replay_shows_what_all_saw_of_moves_and_what_each_alone_at_every_moment(house: House) -> None:
    study = talking()
    session = house.open_study(study, {"x": 2})
    come(house, session, *session.tokens)
    seat(house, session)
    conduct(house)
    of = dict(house.sql("select slot, id from player order by slot"))
    album = Album(house, session.id, study, list(of.values()))
    album.keep()
    for slot, words, loud in ((1, "one", 1), (2, "two", 2), (1, "three", 9), (1, "four", 3)):
        says(house, study, of[slot], words, loud)
        album.keep()
    first, _, second, refused, last = album.of(of[2])
    assert "Be quiet" in first and "Be quiet" not in album.of(of[1])[0]
    assert "<b>two</b>" in second and "<b>four</b>" not in second and "<b>four</b>" in last
    assert "three" not in refused and ">one</p>" in second and ">four</p>" in last
    assert checked(house, session.id).ok
    album.look_at_again()
    for query, told in (
        ("update move set accepted = true, sentence = '' where not accepted", "accepted: the log says False"),
        ("update move set state = '1' where nth = 1", "state: the log says"),
        ("delete from move where nth = 4", "stored: the log says yes, the table says nothing"),
    ):
        silently(house, query)
        assert told in str(checked(house, session.id))


def silently(house: House, query: str) -> None:
    """As if somebody meddled: no trigger is told."""
    house.sql(f"set session_replication_role = replica; {query}")
