"""What is left of somebody who was erased, column by column: each has a reason, and a new one is found here."""

from __future__ import annotations

import psycopg
from psycopg.sql import SQL, Identifier

from app.config import PROJECT
from app.players import languages
from app.sessions import actions
from app.sessions.erasing import erase
from tests.house.house import House
from tests.house.lively import Lively
from tests.house.telling import everything_in, found_in, somebody_tells_much

WHERE = "room_id position step round slot"
# Of tables that name players: what stands there of them afterwards as before.
STAYS = {
    "player": "id session_id type quotas screens entry_page treatment drawn code by_door"
    # the label, link, entry form and traces of the link are gone
    " status outcome followed_by replaced arrival_logged room_id slot"  # how it went, and where
    " signed_in_at waiting_since queued_at standby_until seated_at nudged_at finished_at"  # … and when
    " queued_from waited_until in_line_since in_line_until"
    " language"  # of their pages: many have the same
    " seed"  # by chance, of the order in which questions stood: of no use to find out who it was
    " door_digest",  # there only while the session is open, so that they are known again at its door
    "record": "id session_id player_id room_id step round field version late at",
    "move": "record_id session_id room_id position player_id slot since nth accepted ends handled_at"
    " clock"  # as of when it was stored
    " sentence state results"  # what a hook says of it, and keeps of all in the room
    " turn step round name value at",  # of a bot's, empty in somebody's: what they said stands in their record
    "late_claim": "session_id player_id tried_at at",
    "message": f"id session_id player_id to_slot channel readers at turn {WHERE}",
    "note": "id session_id player_id account at",
    "door_attempt": "id session_id player_id nth most wrong at",
    "earning": "id session_id player_id room_id position amount reason at",
    # a solo part: why it opened is in our words
    "room": "id session_id kind number name status reason seed treatment during player_id"
    " position step round last_step last_round pages asked opening stopped wait_share ends_when_answered"
    " deadline opened_at ended_at outcome began",
    "event": "log_id seq session_id name player_id at",
    "language_choice": "player_id at language",
    "came_again": "id session_id player_id at",
    "yielding": "player_id session_id until",
    "asked": "player_id gathering_id seat ready_at",  # goes as the room opens or comes to nothing
    "submission": "",
    "review": "id session_id player_id what code state tries by at sent_at try_at",
    "bonus": "payout_id player_id amount state listed_before listed",
    "paid_elsewhere": "id player_id amount counts by at",
    "earlier": "",
    "presence": "",
    "visit": "",
    "sign": "",
    "draft": "",
}
# Table that names players → how their own page tells of it ("What is stored about you").
OF_ANSWERS, OF_RECRUITERS = (
    "answers from your group",
    "What the site that invited you says of how you take part",
)
TOLD = {
    "player": "The name or number by which the researchers invited you",
    **dict.fromkeys(
        ("event", "came_again", "yielding", "asked", "room"), "When you came in, were given a place"
    ),
    **dict.fromkeys(("record", "move", "late_claim"), OF_ANSWERS),
    "message": "message to your group",
    "note": "note between you and the researchers",
    "door_attempt": "that you tried the questions with a right answer",
    "earning": "What you earned, and what for.",
    "language_choice": "In which language you read your pages.",
    **dict.fromkeys(("submission", "review", "bonus", "paid_elsewhere"), OF_RECRUITERS),
    "earlier": "What you answered and earned in the part of the study before this one.",
    "presence": "When your page was open",
    "visit": "When your link was first opened.",
    "sign": "When you last did something on your page.",
    "draft": "What you type and have not sent is kept for you alone",
}
TOMBSTONE = "erasure"  # names the player, by number, for good
# Of tables that name no player: why nothing of one can stand there, or what takes care of it.
NAMES_NOBODY = {
    "session log": "counts, times and places; a hook's reason for a room goes, and why it stopped is gone by then",
    "lobby gathering result": "a hook's words, which go: looked for in test_erasing.py, and below",
    "slot tie network opened_step bot_turn": "seats, by number",
    "pulse process acknowledged door door_count": "counts of everybody together",
    "study_file mended broken_page own_file own_piece own_content": "the study, as its author wrote it",
    "kept_study kept_version kept_file": "studies as they were uploaded, and by which researcher",
    "seal": "counts of people by type, and the study's files and rules as digests",
    "recruiting payout": "counts and sums; what a recruiter said of somebody goes",
    "account login half_login recovery_code api_token session_right study_right": "researchers",
    "security_event": "what researchers did, to the player of a number, too: who read and took what was there",
    "attempt door_source": "digests of where tries, or new people, came from, gone after an hour",
    "secret migration cluster transfer": "the server's own, and where sessions went",
}
WHY = "both come from Ptuj"


def test_a_player_is_told_of_each_table_that_has_something_of_them() -> None:
    assert TOLD.keys() == STAYS.keys()
    page = (PROJECT / "templates" / "player" / "privacy.html").read_text(encoding="utf-8")
    assert [table for table, words in TOLD.items() if words not in page] == []


def rows_of(house: House, number: int) -> dict[str, dict[str, list[str]]]:
    """Table → column → what stands in it of this player, sorted, of each table that names players."""
    named = house.sql(
        """select c.table_name, case when c.table_name = 'player' then 'id' else 'player_id' end
        from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
            and (c.column_name = 'player_id' or c.table_name = 'player' and c.column_name = 'id')"""
    )
    found = {}
    with psycopg.connect(house.database, autocommit=True) as conn:
        for table, key in named:
            query = SQL("select * from {} where {} = %s").format(Identifier(table), Identifier(key))
            cursor = conn.execute(query, [number])
            lines = [line for line in cursor if "data_erased" not in line]
            names = [column.name for column in cursor.description or ()]
            found[table] = {name: sorted(str(line[n]) for line in lines) for n, name in enumerate(names)}
    return found


def comes_together(lively: Lively, number: int) -> None:
    """As if a room did with them in it, and a hook had said why."""
    lively.house.sql(
        """with called as (
            insert into gathering (session_id, kind, number, reason, deadline)
            values (%s, 'plain', 1, %s, now() + interval '1 hour') returning id
        ) insert into asked (player_id, gathering_id, seat) select %s, id, 'any' from called""",
        lively.session_id,
        WHY,
        number,
    )


def is_with_a_recruiter(lively: Lively, number: int) -> None:
    """Who has approved and paid them."""
    own = [lively.session_id, number]
    lively.house.sql("insert into submission values (%s, %s, 'theirs', 'approved', 'C1')", *own[::-1])
    lively.house.sql(
        """insert into review (session_id, player_id, submission_id, what, code, state, said, by, sent_at)
        values (%s, %s, 'theirs', 'approve', '', 'done', 'heard', 'ada', now())""",
        *own,
    )
    lively.house.sql(
        """with paid as (
            insert into payout (session_id, study_id, currency, people, amount, by) values (%s, 's', 'GBP', 1, 2, 'ada')
            returning id
        ) insert into bonus select id, %s, 'theirs', 2, 'paid', 'once', 0, 2 from paid""",
        *own,
    )
    lively.house.sql(
        "insert into paid_elsewhere (player_id, amount, counts, by) values (%s, 1, true, 'ada')", number
    )


def test_each_column_that_is_left_of_somebody_has_a_reason(house: House) -> None:
    lively, who = somebody_tells_much(house)
    number = who["P4"]
    house.do(lambda conn: actions.close(conn, lively.session_id, "ada"))
    house.sql("update player set erase_wanted_at = now() where id = %s", number)
    house.sql("insert into draft values (%s, 'help', 'k', '{}')", number)
    house.sql(
        """insert into door_attempt (session_id, player_id, nth, most, answers, wrong)
        values (%s, %s, 1, 2, '{"q1": "2"}', '{q1}')""",
        lively.session_id,
        number,
    )
    comes_together(lively, number)
    house.sql(
        """insert into move (record_id, session_id, room_id, position, player_id, slot, since)
        select min(id), %s, room_id, 0, player_id, 1, 2.5 from record where player_id = %s group by 3, 5""",
        lively.session_id,
        number,
    )
    house.sql("update player set door_id = 'x1', by_door = 4 where id = %s", number)
    house.sql(
        "insert into earlier (player_id, session_id, said) values (%s, %s, '{}')", number, lively.session_id
    )
    house.sql(
        """insert into room (session_id, kind, number, reason, seed, step, round, ends_when_answered, deadline, status,
            ended_at, outcome, during, player_id)
        values (%s, 'solo', 1, 'alone', 1, 'about', 1, true, now(), 'ended', now(), 'complete', 'after', %s)""",
        lively.session_id,
        number,
    )
    house.sql("insert into yielding values (%s, %s, now())", number, lively.session_id)
    house.sql("insert into came_again (session_id, player_id) values (%s, %s)", lively.session_id, number)
    house.do(lambda conn: languages.choose(conn, number, "de"))
    is_with_a_recruiter(lively, number)
    before = rows_of(house, number)
    assert {table for table, columns in before.items() if not all(columns.values())} == {TOMBSTONE}

    house.do(lambda conn: erase(conn, lively.session_id, "ada", "asked", label="P4"))
    after = rows_of(house, number)
    left = {
        table: {name for name, said in columns.items() if said == before[table][name]}
        for table, columns in after.items()
        if table != TOMBSTONE
    }
    assert left == {table: set(columns.split()) for table, columns in STAYS.items()}
    assert found_in(everything_in(house), [WHY]) == []


def test_each_table_names_players_or_has_a_reason_why_nothing_of_them_is_there(house: House) -> None:
    tables = set(everything_in(house))
    reasoned = [table for tables in NAMES_NOBODY for table in tables.split()]
    assert sorted(tables) == sorted([*STAYS, TOMBSTONE, *reasoned])
