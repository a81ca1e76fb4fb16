"""Of whom only so many may come in: exactly so many do, and whoever comes too late is thanked, told why and paid."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from app.database.connections import open_pool
from app.export.verify import verify
from app.players.pay import account_of
from app.players.players import SignedIn, find_player
from app.players.quotas import admit, quotas_of
from app.replay.check import check as replay_check
from app.rooms import lobby, opening
from app.rooms.dropouts import withdraw
from app.rooms.seating import Placement
from app.sessions.arrivals import EntryForm, Outcome, sign_in
from app.study.reading import check, parse
from app.study.stored import Studies
from app.study.syntax.mistakes import StudyError
from tests.house.desk import desk
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed

STUDY = """
title = "Panel"
[entry]
fields = [
    {name = "age", ask = "Your age", kind = "integer", min = 18, max = 99},
    {name = "gender", ask = "You are", kind = "choice", options = ["woman", "man", "other"]},
    {name = "media", ask = "You use", kind = "choices", options = ["Radio", "Paper"], required = false},
]
[[quota]]
field = "age"
min = 18
max = 29
most = 30
[[quota]]
field = "gender"
is = ["woman", "other"]
most = 50
[[quota]]
field = "media"
is = "Radio"
most = 1000
[[room]]
name = "four"
seats = {any = 4}
[pay]
base = 4.00
outcomes = {full = 0.20}
[finish]
codes = {full = "NO-PLACE"}
[[step]]
page = "talk"
limit = "60s"
"""
YOUNG_WOMAN = {"age": ["20"], "gender": ["woman"]}
OLD_WOMAN = {"age": ["70"], "gender": ["woman"]}
OLD_MAN = {"age": ["70"], "gender": ["man"]}
ONE_PLACE = changed(STUDY, "most = 30", "most = 1")


def study(toml: str = STUDY) -> dict[str, bytes]:
    return as_files(toml)


@pytest.mark.parametrize(
    ("entry", "quotas"),
    [
        ({"age": "18", "gender": "man", "media": ""}, (0,)),
        ({"age": "29", "gender": "other", "media": '["Radio","Paper"]'}, (0, 1, 2)),
        ({"age": "30", "gender": "man", "media": '["Paper"]'}, ()),
        ({}, ()),
    ],
)
def test_whoever_answers_so_counts_in_these(entry: dict[str, str], quotas: tuple[int, ...]) -> None:
    assert quotas_of(parse(study()), entry) == quotas


def test_who_finds_one_quota_full_takes_no_place_in_another() -> None:
    guests = {1: (0,), 2: (0, 1), 3: (1,), 4: (), 5: (1,)}

    assert admit(guests, {}, most=[1, 1]) == ({1, 3, 4}, set())
    assert admit(guests, {}, most=[1, 1], places=2) == ({1, 3}, {4}), "whose quota is full waits for no place"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('field = "age"', 'field = "aeg"', "The entry form does not ask `aeg`. Did you mean `age`?"),
        ("max = 29", "max = 17", "From 18 to 17 there is no number, so nobody counts in this."),
        ("min = 18\nmax = 29", "max = 17", "`age` is at least 18, so nobody counts in this."),
        ("min = 18\nmax = 29", 'is = "young"', "`age` is a number. Write min and max instead."),
        ("min = 18\nmax = 29", "", "This quota does not say which numbers it counts."),
        ("most = 30", "most = 0", "`most` is 0, so nobody who answers so comes in."),
        ("most = 30", "", "`most` is missing. Add most = 120."),
        ('["woman", "other"]', '["women"]', "`women` is no answer to `gender`, so nobody counts in this."),
        ('is = ["woman", "other"]', "min = 2", "`gender` is no number, so it has no min."),
        ('is = ["woman", "other"]', "", "This quota does not say which answer it counts."),
    ],
)
def test_a_quota_that_counts_nobody_or_lets_nobody_in_is_told_before(
    old: str, new: str, sentence: str
) -> None:
    assert check(study()) == []

    with pytest.raises(StudyError) as told:
        parse(study(changed(STUDY, old, new)))

    assert sentence in str(told.value)


def test_that_whoever_finds_it_full_is_paid_nothing_is_told() -> None:
    [note] = check(study(STUDY.replace("outcomes = {full = 0.20}\n", "")))

    assert not note.grave and note.suggestion == "Add outcomes = {full = 0.20} to [pay]."


async def come(
    house: House, session: Opened, forms: dict[str, dict[str, list[str]]], processes: int = 1
) -> list[Outcome]:
    """Everybody's form in the group commits of so many processes at once."""
    arriving = [EntryForm(session.tokens[label], form) for label, form in forms.items()]
    async with open_pool(house.database, processes + 1) as pool:
        studies = Studies(pool)

        async def process(nth: int) -> list[Outcome]:
            async with pool.connection() as conn:
                own = arriving[nth::processes]
                return [
                    one
                    for at in range(0, len(own), 7)
                    for one in await sign_in(studies, conn, own[at : at + 7])
                ]

        return [one for found in await asyncio.gather(*map(process, range(processes))) for one in found]


def contradicted(house: House, session: Opened, files: dict[str, bytes]) -> list[str]:
    """What `verify` says of quotas."""
    found = house.tell(verify(house.database, session.id, parse(files)))
    [check] = [one for one in found.checks if one.name == "no_quota_was_exceeded"]
    return list(check.rows)


def counts(house: House, session: Opened) -> Counter[tuple[Any, ...]]:
    return Counter(
        house.sql(
            """select (entry->>'age')::int < 30, entry->>'gender', status::text, outcome
            from player where session_id = %s and status <> 'invited'""",
            session.id,
        )
    )


def test_of_200_who_come_at_once_through_eight_processes_exactly_so_many_are_let_in(house: House) -> None:
    session = house.open_files(study(), {"any": 200})
    kinds = (YOUNG_WOMAN, OLD_WOMAN, OLD_MAN, YOUNG_WOMAN | {"gender": ["man"]})
    forms = {label: kinds[nth % 4] for nth, label in enumerate(session.tokens)}

    async def story() -> None:
        found = await come(house, session, forms, processes=8)
        stored = house.sql("select status::text from player where session_id = %s", session.id)
        assert Counter(one.status for one in found if isinstance(one, SignedIn)) == Counter(
            status for (status,) in stored
        )
        # A batch that is sent again, since nobody knew whether it was stored, finds everybody where they are.
        before = counts(house, session)
        await come(house, session, forms, processes=3)
        assert counts(house, session) == before

    house.tell(story())
    seen = counts(house, session)
    inside = {kind: often for kind, often in seen.items() if kind[2] == "waiting"}
    assert sum(often for (young, *_), often in inside.items() if young) == 30
    assert sum(often for (_, gender, *_), often in inside.items() if gender == "woman") == 50
    assert inside[False, "man", "waiting", None] == 50, "of them there may be any number"
    assert all(kind[3] == "full" for kind in seen if kind[2] == "left") and seen.total() == 200
    assert house.contradictions(session) == []
    assert contradicted(house, session, study()) == []
    [(label,)] = house.sql("select label from player where outcome = 'full' and entry->>'age' = '70' limit 1")
    house.sql(
        """update player set status = 'waiting', outcome = null, code = null, finished_at = null,
            signed_in_at = clock_timestamp()
        where label = %s""",
        label,
    )
    [told] = contradicted(house, session, study())
    assert f"({label}): came in as number 51 of at most 50 people whose gender is woman or other" in told
    house.sql("update player set quotas = '{2}' where label = %s", label)
    assert (
        f"({label}): counted in quota 3, but what they said counts in"
        in contradicted(house, session, study())[0]
    )


def test_who_leaves_before_sitting_down_gives_the_place_back_and_who_has_sat_keeps_it(house: House) -> None:
    session = house.open_files(study(ONE_PLACE), {"any": 6}, start=False)
    a, b, c, d, *_ = session.tokens

    async def story() -> None:
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            own = await Studies(pool).of(session.id)

            async def comes(label: str) -> str:
                [found] = await sign_in(Studies(pool), conn, [EntryForm(session.tokens[label], YOUNG_WOMAN)])
                assert isinstance(found, SignedIn)
                return found.status

            async def leaves(label: str) -> None:
                [(player_id,)] = house.sql("select id from player where label = %s", label)
                async with conn.transaction():
                    await withdraw(conn, player_id, own)

            assert [await comes(a), await comes(b)] == ["waiting", "left"]
            await leaves(a)
            assert await comes(b) == "left", "who was turned away has a code and stays out"
            assert await comes(c) == "waiting"
            async with conn.transaction():
                await lobby.lock(conn, session.id)
                [(player_id,)] = house.sql("select id from player where label = %s", c)
                placement = Placement(own.rooms[0], 1, ((player_id, "any"),), "a story")
                await opening.open_rooms(conn, session.id, 1, own, [placement])
            await leaves(c)
            assert await comes(d) == "left"

    house.tell(story())
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    assert contradicted(house, session, study(ONE_PLACE)) == [], "a place that was given back counts once"


def test_whoever_finds_it_full_reads_thanks_and_gets_a_code_and_pay(shared: House, server: Server) -> None:
    house, session = shared, shared.open_files(study(ONE_PLACE), {"any": 2})
    first, second = (house.guest(server, session, label) for label in session.tokens)
    ada = desk(house, server, session)

    async def story() -> None:
        await first.sign_in({"age": "20", "gender": "woman"})
        answer = await second.sign_in({"age": "22", "gender": "man"})
        assert (answer.status, answer.headers["location"]) == (303, "/play")
        page = await second.page()
        assert "Enough people with answers like yours are in already." in page
        assert "NO-PLACE" in page and "0.20" in page
        assert (await second.sign_in({"age": "50", "gender": "man"})).status == 303
        assert "NO-PLACE" in await second.page(), "coming again with other answers changes nothing"
        assert "You’re in." in await first.page()
        text = await ada.shows("Quotas · 1 of 3 full")
        quotas = "age 18 to 29 1 of 1 full gender woman or other 1 of 50 media Radio 0 of 1,000"
        assert quotas in text and quotas in words(await ada.page("/replay"))
        assert "age 18 to 29 0 of 1 gender" in words(await ada.page("/replay?at=0")), (
            "at the first sign of life"
        )

    house.tell(story())
    [(player_id, status, outcome)] = house.sql(
        "select id, status::text, outcome from player where session_id = %s and code = 'NO-PLACE'", session.id
    )
    assert (status, outcome) == ("left", "full")
    player = house.read(lambda conn: find_player(conn, player_id))
    assert player and player.finished_at
    account = account_of(parse(study(ONE_PLACE)), player, [], player.finished_at)
    assert [(line.reason, line.amount) for line in account.lines] == [("base", Decimal("0.20"))]
    told = house.sql("select name, data->>'outcome' from event where player_id = %s order by seq", player_id)
    assert told == [("player_signed_in", None), ("player_left", "full")]
