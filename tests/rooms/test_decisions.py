"""What a study decides between two steps: filled in, computed, shown to some, and what becomes of a hook that fails."""

from __future__ import annotations

from typing import Any

import pytest

from app.sessions.mending import mend
from app.sessions.sessions import SessionError
from app.study.reading import parse
from app.study.syntax.mistakes import StudyError
from tests.house.guests import Guest, hidden_fields, seated
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.waits import until

GAME = """
title = "Game"
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "5m"
[network]
kind = "complete"
[[step]]
page = "talk"
name = "send"
repeat = 2
limit = "60s"
when = "first_only"
fields = [{name = "sent", ask = "How much do you send?", kind = "integer", min = 0, max = 10}]
on_end = "triple"
score = "cost"
results = [{name = "tripled", ask = "What came", kind = "integer"}]
[[step]]
page = "talk"
name = "back"
repeat = 2
limit = "60s"
when = "second_only"
fields = [{name = "returned", ask = "How much do you return?", kind = "integer", min = 0, max = 30}]
show = [{field = "tripled", of = "me", round = "all"}, {hook = "hint", ask = "A hint"}]
on_timeout = "default:3"
"""
HOOKS = """
def first_only(room):
    return {1}

def second_only(room):
    return {2} if room.said("tripled") else False

def triple(room):
    return {"tripled": {2: 3 * amount for amount in room.said("sent").values()}}

def cost(room):
    return {slot: 10 - amount for slot, amount in room.said("sent").items()}

def hint(room):
    return {2: f"round {room.round} of {room.rounds}"}
"""


def files(toml: str = GAME, hooks: str = HOOKS) -> dict[str, bytes]:
    return as_files(toml, hooks)


async def pair(house: House, server: Server, session: Opened) -> tuple[Guest, Guest]:
    """Both players, by slot."""
    guests = [house.guest(server, session, label) for label in session.tokens]
    for guest in guests:
        await guest.sign_in()
    rows = house.sql(
        "select label from player where session_id = %s and slot is not null order by slot", session.id
    )
    by_label = {guest.label: guest for guest in guests}
    first, second = (by_label[label] for (label,) in rows)
    return first, second


def at(house: House, session: Opened) -> tuple[Any, ...]:
    [found] = house.sql(
        "select step, round, asked, status::text, opening, stopped->>'sentence' from room where session_id = %s",
        session.id,
    )
    return found


def results(house: House, session: Opened) -> list[tuple[Any, ...]]:
    return house.sql(
        "select step, round, slot, name, value, made_by from result where session_id = %s order by position, slot",
        session.id,
    )


def test_a_trust_game_shows_each_step_to_one_and_computes_between(shared: House, server: Server) -> None:
    hooks = HOOKS.replace("3 * amount", 'int(room.seat(2).given["factor"]) * amount')
    house, session = shared, shared.open_files(files(hooks=hooks), {"any": 2})
    house.sql("update player set given = %s where session_id = %s", '{"factor": "3"}', session.id)

    async def story() -> None:
        first, second = await pair(house, server, session)
        assert "How much do you send?" in await seated(first)
        async with second.watching() as stream:
            assert "This part is for others in your group." in stream.text
            await first.answer({"sent": "4"})
            await stream.until(lambda text: "How much do you return?" in text, "the second's turn")
            page = await second.page()
            assert "What came" in page and ">12<" in page, "what was computed as the step before ended"
            assert "round 1 of 2" in page, "what was computed as this one opened"
            assert "This part is for others" in await first.page()
            await second.answer({"returned": "6"})
            await stream.until(
                lambda text: text.count("This part is for others in your group.") > 1, "round 2"
            )
        assert at(house, session)[:3] == ("send", 2, [1])

    house.tell(story())
    assert results(house, session) == [
        ("send", 1, 2, "tripled", "12", "hook triple"),
        ("back", 1, 2, "hint", "round 1 of 2", "hook hint"),
    ]
    assert house.sql("select position, amount, reason from earning where session_id = %s", session.id) == [
        (0, 6, "hook cost")
    ]


def test_a_step_that_is_for_nobody_is_skipped_and_who_says_nothing_gets_the_default(
    shared: House, server: Server
) -> None:
    house = shared
    session = house.open_files(files(GAME.replace("60s", "1s")), {"any": 2})

    async def story() -> None:
        first, _ = await pair(house, server, session)
        await seated(first)
        await until(
            lambda: at(house, session)[0:2] == ("send", 2), "nothing was sent, so nothing can be returned"
        )
        await first.answer({"sent": "2"})
        await until(lambda: at(house, session)[3] == "ended", "the end")

    house.tell(story())
    assert ("back", 2, 2, "returned", "3", "default") in results(house, session)
    assert not [line for line in results(house, session) if line[0] == "back" and line[1] == 1]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("    while True: pass", "it did not end within 1 s"),
        ("    eaten = [0] * 10**9", "it needed more than 256 MB of memory"),
        ("    open('/etc/hostname')", "PermissionError: a hook can't open a file (/etc/hostname)"),
        ("    print('x' * 10_000_000, 1 / 0)", "ZeroDivisionError: division by zero"),
        ("    return 1 / 0", "ZeroDivisionError: division by zero"),
        ("    return {'tripled': {3: 1}}", "3 is no slot of this room: it has 1, 2"),
        ("    return {'tripled': {2: 1.5}}", "`tripled` must be a number, int or Decimal, and is 1.5"),
        ("    return {'other': {}}", "it computes `other`, but the step's `results` name tripled"),
        ("    return 'nonsense'", "it must return {name: {slot: value}}, and returned 'nonsense'"),
    ],
)
def test_a_hook_that_fails_stops_its_room_alone(
    shared: House, server: Server, broken: str, sentence: str
) -> None:
    house = shared
    hooks = HOOKS.replace(
        "def triple(room):\n", f"def triple(room):\n    if room.number == 1:\n    {broken}\n"
    )
    session = house.open_files(files(hooks=hooks), {"any": 4})

    async def story() -> None:
        guests = [house.guest(server, session, label) for label in session.tokens]
        for guest in guests:
            await guest.sign_in()
        seats = house.sql("select label, slot from player where session_id = %s", session.id)
        firsts = {label for label, slot in seats if slot == 1}
        for guest in guests:
            if guest.label in firsts:
                await seated(guest)
                await guest.answer({"sent": "1"})

        def rooms() -> list[tuple[Any, ...]]:
            return house.sql(
                "select stopped->>'sentence', step from room where session_id = %s order by number",
                session.id,
            )

        await until(lambda: rooms()[0][0] and rooms()[1][1] == "back", "one room stopped and one gone on")
        assert sentence in rooms()[0][0]
        pages = [await guest.page() for guest in guests]
        assert sum("Your group can’t go on just yet." in page for page in pages) == 2

    house.tell(story())
    assert not [line for line in results(house, session) if line[3] == "other"], "nothing of it was stored"


def test_hooks_are_mended_in_a_paused_session_and_the_room_goes_on_as_if_nothing_had_been(
    shared: House, server: Server
) -> None:
    house = shared
    broken = HOOKS.replace("3 * amount", "3 / 0")
    session = house.open_files(files(hooks=broken), {"any": 2})
    ada = house.researcher(server)
    room_id = 0

    async def until_stopped() -> tuple[int, Guest, Guest]:
        first, second = await pair(house, server, session)
        await seated(first)
        await first.answer({"sent": "4"})
        await until(lambda: at(house, session)[5], "the room stopped")
        [(room_id,)] = house.sql("select id from room where session_id = %s", session.id)
        return room_id, first, second

    async def look() -> None:
        nonlocal room_id
        room_id, *_ = await until_stopped()
        page = (await ada.get(f"/admin/sessions/{session.id}/rooms/{room_id}")).text
        assert "hooks.py:9" in page and "ZeroDivisionError: division by zero" in page
        assert "Said(step=&#39;send&#39;, round=1, slot=1, name=&#39;sent&#39;, value=4)" in page, (
            "what it was given"
        )
        dashboard = f"/admin/sessions/{session.id}"

        async def warns() -> bool:
            return "rooms stopped" in (await ada.get(dashboard)).text

        await until(warns, "a light on the dashboard")
        form = hidden_fields(page, f"/admin/sessions/{session.id}/rooms/{room_id}/retry")
        await ada.post(f"/admin/sessions/{session.id}/rooms/{room_id}/retry", form)
        await until(lambda: len(log(house, session, "room_stopped")) == 2, "it failed again")
        again = await ada.post(f"/admin/sessions/{session.id}/rooms/{room_id}/retry", form)
        assert "has been tried again already" in again.text, "the second click"

    house.tell(look())
    mended = parse(files())
    with pytest.raises(SessionError, match=r"is running\. Pause it first"):
        house.do(lambda conn: mend(conn, session.id, mended, "ada"))
    house.act("pause", session)
    other = parse(files(GAME.replace("60s", "50s")))
    with pytest.raises(SessionError, match=r"study\.toml is not as in the session\. Only hooks\.py"):
        house.do(lambda conn: mend(conn, session.id, other, "ada"))
    # As if a later version refused the study itself, which is none of the mend's; what is wrong in the hooks is.
    older = "update study_file set body = body || %s where session_id = %s and path = 'study.toml'"
    house.sql(older, b"\n[later]\n", session.id)
    later = GAME + "\n[later]\n"
    lacking = parse(files(later, HOOKS.replace("def triple", "def double")), opened=True)
    with pytest.raises(StudyError, match="has no function `triple`") as refused:
        house.do(lambda conn: mend(conn, session.id, lacking, "ada"))
    assert "later" not in str(refused.value)
    mended = parse(files(later), opened=True)
    assert "1 room tries again" in house.do(lambda conn: mend(conn, session.id, mended, "ada"))
    house.act("resume", session)

    async def goes_on() -> None:
        await until(lambda: at(house, session)[:2] == ("back", 1), "the next step")

    house.tell(goes_on())
    assert ("send", 1, 2, "tripled", "12", "hook triple") in results(house, session)
    assert house.sql("select path, by from mended where session_id = %s", session.id) == [("hooks.py", "ada")]
    assert [line[0] for line in log(house, session, "study_mended")] == ["ada"]


def test_nonsense_is_shown_with_its_line_and_the_values_that_led_to_it(shared: House, server: Server) -> None:
    house = shared
    session = house.open_files(files(hooks=HOOKS.replace("3 * amount", "-3.5 * amount")), {"any": 2})
    ada = house.researcher(server)

    async def story() -> None:
        first, _ = await pair(house, server, session)
        await seated(first)
        await first.answer({"sent": "4"})
        await until(lambda: at(house, session)[5], "the room stopped")
        [(room_id,)] = house.sql("select id from room where session_id = %s", session.id)
        page = (await ada.get(f"/admin/sessions/{session.id}/rooms/{room_id}")).text
        assert "<b>hooks.py:9</b>, in <code>triple</code>: `tripled` must be a number, int or Decimal" in page
        given = page[page.index("The values it was given") :]
        assert "Said(step=&#39;send&#39;, round=1, slot=1, name=&#39;sent&#39;, value=4)" in given

    house.tell(story())


PACES = """
title = "Paces"
[[room]]
name = "three"
seats = {any = 3}
[[step]]
page = "talk"
name = "read"
limit = "20s"
wait_for = "none"
fields = [{name = "understood", ask = "Did you understand?", kind = "yes_no"}]
[[step]]
page = "talk"
name = "quiz"
limit = "20s"
wait_for = "none"
fields = [{name = "sum", ask = "What is two and two?", kind = "integer"}]
[[step]]
page = "talk"
name = "vote"
limit = "60s"
wait_for = 0.6
fields = [{name = "vote", ask = "Yes or no?", kind = "yes_no"}]
[[step]]
page = "talk"
name = "last"
limit = "60s"
fields = [{name = "comment", ask = "A comment", kind = "text"}]
"""


def test_pages_at_ones_own_pace_and_a_step_that_waits_for_enough(shared: House, server: Server) -> None:
    house = shared
    session = house.open_files(as_files(PACES), {"any": 3})

    async def story() -> None:
        guests = [house.guest(server, session, label) for label in session.tokens]
        for guest in guests:
            await guest.sign_in()
        quick, slow, slower = guests
        assert "Did you understand?" in await seated(quick)
        async with quick.watching() as stream:
            early = await slow.form()
            await quick.answer({"understood": "yes"})
            await stream.until(lambda text: "What is two and two?" in text, "the next page, alone")
        assert "Did you understand?" in await slow.page(), "at their own pace"
        await quick.answer({"sum": "4"})
        assert "What is two and two?" in await quick.page(), (
            "it waits for the others on the last of these pages"
        )
        for guest in (slow, slower):
            await guest.answer({"understood": "no"})
            assert at(house, session)[0] == "read"
            await guest.answer({"sum": "5"})
        await until(lambda: at(house, session)[0] == "vote", "all are through")
        late = await slow.answer({"understood": "yes"}, early)
        assert "It is stored and marked as late." in late.text
        await quick.answer({"vote": "yes"})
        await slow.answer({"vote": "yes"})
        await until(lambda: at(house, session)[0] == "last", "two of three are enough")

    house.tell(story())
    said = house.sql("select step, value, late from record where session_id = %s order by id", session.id)
    assert said.count(("quiz", "5", False)) == 2 and ("read", "yes", True) in said


def log(house: House, session: Opened, name: str) -> list[tuple[Any, ...]]:
    return house.sql(
        "select data->>'by' from event where session_id = %s and name = %s order by at", session.id, name
    )


BY_AGE = """
title = "By age"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer"}]
[[room]]
name = "pair"
seats = {any = 2}
[[room]]
name = "mixed"
seats = {red = 1, blue = 1}
[lobby]
max_wait = "5m"
seat = "neighbours_in_age"
[[step]]
page = "talk"
limit = "60s"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer"}]
"""
NEXT_IN_AGE = """
from networklab import Group

def neighbours_in_age(lobby):
    if len(lobby.waiting) < 4:
        return []
    by_age = [one.player for one in sorted(lobby.waiting, key=lambda one: one.entry["age"])]
    wave = lobby.waiting[0].given["wave"]
    return [Group("pair", by_age[:2], f"the youngest of wave {wave}"), ("pair", by_age[2:4])]
"""


def test_a_hook_seats_by_what_was_said_at_the_door_and_one_that_fails_stops_the_seating_alone(
    shared: House, server: Server
) -> None:
    house = shared
    broken = NEXT_IN_AGE.replace("by_age[:2]", "by_age[:3]")
    session = house.open_files(files(BY_AGE, broken), {"red": 2, "blue": 2})
    house.sql("update player set given = %s where session_id = %s", '{"wave": "2"}', session.id)
    ages = {label: str(age) for label, age in zip(session.tokens, (50, 20, 51, 21), strict=True)}
    ada = house.researcher(server)

    def stopped() -> str | None:
        [(why,)] = house.sql("select stopped->>'sentence' from lobby where session_id = %s", session.id)
        return str(why) if why else None

    async def story() -> None:
        guests = [house.guest(server, session, label) for label in session.tokens]
        for guest in guests:
            await guest.sign_in({"age": ages[guest.label]})
        await until(stopped, "the seating stopped")
        assert "has 2 seats, and 3 people are in the group" in (stopped() or "")
        address = f"/admin/sessions/{session.id}"

        async def told() -> str:
            page = (await ada.get(address)).text
            return page if "A hook has stopped the seating" in page else ""

        page = await until(told, "a word to the researcher")
        assert "hooks.py:4, neighbours_in_age: " in page
        assert "Lobby(waiting=(Waiting(player=" in page, "what it was given"
        form = hidden_fields(page, f"{address}/retry-seating")
        assert "tries again" in (await ada.post(f"{address}/retry-seating", form)).text
        await until(lambda: len(log(house, session, "seating_stopped")) == 2, "it failed again")

    house.tell(story())
    house.act("pause", session)
    house.do(lambda conn: mend(conn, session.id, parse(files(BY_AGE, NEXT_IN_AGE)), "ada"))
    house.act("resume", session)

    async def seats() -> None:
        await until(lambda: house.sql("select id from room where session_id = %s", session.id), "rooms")

    house.tell(seats())
    found = house.sql(
        "select r.name, r.reason, array_agg((p.entry->>'age')::int order by p.entry->>'age') as ages from room r"
        " join player p on p.room_id = r.id where r.session_id = %s group by r.name, r.reason order by r.name",
        session.id,
    )
    assert found == [
        ("pair-1", "the youngest of wave 2", [20, 21]),
        ("pair-2", "`neighbours_in_age` chose 2 people; `pair` #2", [50, 51]),
    ]
    assert not house.contradictions(session)
