"""Stories of the plan that seats people: who sits down, who stands by, who goes home, and when to look again.

No database: a plan is made from who waits and what there is. That it is carried out, test_lobby.py tells.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.what_if import Turn, would_have_been
from app.rooms.seating import (
    BUSY_LOOK,
    HOOK_LOOK,
    STANDBY_LOOK,
    LobbyView,
    Placement,
    Underway,
    Vacancy,
    Waiting,
    oldest_first,
    plan,
)
from app.study.model.study import Standby, Study
from app.study.reading import parse
from tests.house.studies import PAGE, TALK, changed

TRIO = """
title = "Full house"
[[room]]
name = "trio"
seats = {any = 3}
count = 1
[lobby]
max_wait = "10m"
[standby]
places = 2
[dropout]
then = ["standby", "smaller"]
[[step]]
page = "talk"
limit = "5m"
fields = [{name = "belief", ask = "How sure?", kind = "integer"}]
"""


def study(toml: str = TALK, hooks: bytes = b"") -> Study:
    files = {"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()}
    return parse(files | ({"hooks.py": hooks} if hooks else {}))


TALKING = study()  # two red with two blue; any four who have waited 30 s; nobody waits longer than 5 minutes
STANDING_BY = study(TRIO)  # one room of any three, in which who stands by takes over; two places on standby
BY_HOOK = study(
    changed(TALK, "[lobby]", '[lobby]\nseat = "together"'),
    b"def together(lobby):\n    return []\n",
)


def waiting(**waited: float) -> list[Waiting]:
    """R1=20: a red, number 1, who has waited 20 seconds. The type is the first letter."""
    types = {"R": "red", "B": "blue", "A": "any"}
    people = [Waiting(int(name[1:]), types[name[0]], secs) for name, secs in waited.items()]
    return oldest_first(people)


def standing(people: Sequence[Waiting], **secs: float) -> list[Waiting]:
    """The same people, of whom some stand by: A4=60, number 4 does for 60 seconds still."""
    until = {int(name[1:]): left for name, left in secs.items()}
    return [replace(one, stands_by=until.get(one.player_id)) for one in people]


def who(placements: Sequence[Placement]) -> list[tuple[str, list[int]]]:
    return [
        (f"{one.kind.name}-{one.number}", sorted(player for player, _ in one.seats)) for one in placements
    ]


# Rooms of their own.


def test_the_oldest_sit_down_the_reason_says_who_and_the_rest_are_looked_at_as_the_fallback_opens() -> None:
    found = plan(TALKING, LobbyView(waiting(R1=5, R2=12, R3=8, B4=3, B5=1), {"mixed": 4}))

    assert who(found.opens) == [("mixed-5", [2, 3, 4, 5])]
    assert found.opens[0].reason == "4 people were waiting (2 red, 2 blue), the longest 0:12; `mixed` #5"
    assert found.seated == 4
    assert (found.overdue, found.stand_by, found.look) == ([], [], 25)


def test_whose_time_is_up_goes_home_unless_a_room_takes_them_at_that_very_look() -> None:
    late = waiting(R1=300, R2=400, R3=299)
    found = plan(TALKING, LobbyView(late, {}))
    assert (found.overdue, found.opens, found.look) == ([2, 1], [], 1)

    with_one_more = plan(TALKING, LobbyView(oldest_first([*late, *waiting(B4=31)]), {}))
    assert who(with_one_more.opens) == [("plain-1", [1, 2, 3, 4])]
    assert (with_one_more.overdue, with_one_more.look) == ([], None)

    never = replace(TALKING, rooms=tuple(replace(kind, after=900) for kind in TALKING.rooms))
    assert plan(never, LobbyView(waiting(R1=300), {})).look is None, "whoever is gone waits for no room"


def test_before_the_start_nobody_sits_down_and_who_came_far_too_early_goes_home() -> None:
    people = waiting(R1=3700, R2=400, B3=400, R4=60, B5=60)
    found = plan(TALKING, LobbyView(people, {}, running=False))
    assert (found.opens, found.overdue, found.look) == ([], [1], 3200)
    assert plan(TALKING, LobbyView(people, {})).seated == 4, "they only wait for the start"
    hour = replace(TALKING, lobby=replace(TALKING.lobby, max_early=300))
    assert plan(hour, LobbyView(people, {}, running=False)).overdue == [1, 2, 3]
    # A start is known, and is in an hour: nobody has waited in vain for it yet.
    before = waiting(R1=-3600, R2=-3600)
    assert plan(hour, LobbyView(before, {}, running=False)).look == 3900


def test_those_who_came_before_the_start_sit_down_in_the_order_in_which_they_came() -> None:
    people = [
        replace(one, queued=one.player_id * 10.0) for one in waiting(R1=0, R2=0, R3=0, B4=0, B5=0, B6=0)
    ]
    assert who(plan(TALKING, LobbyView(oldest_first(people), {})).opens) == [("mixed-1", [2, 3, 5, 6])]


def test_rooms_that_take_people_at_once_don_t_wait_for_the_fallback() -> None:
    view = LobbyView(waiting(R1=1, R2=1, R3=1, B4=1), {})
    assert plan(TALKING, view).opens == []
    assert who(plan(TALKING, replace(view, at_once="plain")).opens) == [("plain-1", [1, 2, 3, 4])]


def test_a_hook_s_choice_is_taken_as_it_is_and_who_can_t_ask_it_leaves_that_to_others_at_once() -> None:
    people = waiting(R1=5, R2=5, B3=5, B4=5, R5=5)
    [kind, _] = BY_HOOK.rooms
    chosen = [Placement(kind, 1, ((1, "red"), (2, "red"), (3, "blue"), (4, "blue")), "by hand")]

    asked = plan(BY_HOOK, LobbyView(people, {}, chosen=chosen))
    assert (asked.opens, asked.look) == (chosen, HOOK_LOOK)
    nobody = plan(BY_HOOK, LobbyView(people, {}))
    assert (nobody.opens, nobody.look) == ([], 0)
    assert plan(BY_HOOK, LobbyView([], {})).look is None
    # A researcher who seats people now does not ask it either.
    assert plan(BY_HOOK, LobbyView(people, {}, at_once="mixed")).seated == 4


# Rooms that go on.


def test_those_for_whom_no_room_opens_any_more_are_named_and_nothing_is_said_of_rooms_not_looked_at() -> None:
    people = waiting(A1=40, A2=30, A3=20, A4=10)
    found = plan(STANDING_BY, LobbyView(people, {}))
    # The last room opens, so of this very plan the fourth is left.
    assert who(found.opens) == [("trio-1", [1, 2, 3])]
    assert [one.player_id for one in found.hopeless] == [4]
    assert (found.takes, found.stand_by, found.relieved, found.look) == ([], [], [], 590)
    assert plan(TALKING, LobbyView(waiting(R1=5), {})).hopeless == [], "a room may still open for them"
    assert plan(STANDING_BY, LobbyView(people, {}, running=False)).hopeless == []


def test_as_many_stand_by_as_there_are_places_and_only_whom_some_room_could_need() -> None:
    view = LobbyView(waiting(R1=40, B2=30, R3=20), {"trio": 1}, underway=Underway(types={"any"}))
    found = plan(STANDING_BY, view)
    assert (found.stand_by, found.relieved, found.look) == ([1, 2], [], STANDBY_LOOK)

    later = replace(view, waiting=standing(view.waiting, R1=200))
    assert plan(STANDING_BY, later).stand_by == [2], "one of the two places is taken"
    nowhere = plan(STANDING_BY, replace(view, underway=Underway(types=())))
    assert (nowhere.stand_by, nowhere.look) == ([], 560)


@pytest.mark.parametrize(("left", "types", "relieved"), [(60, "any", []), (0, "any", [1]), (60, "red", [1])])
def test_who_stands_by_is_relieved_when_nobody_needs_them_or_their_time_is_up_and_never_overdue(
    left: float, types: str, relieved: list[int]
) -> None:
    people = standing(waiting(A1=5000), A1=left)
    found = plan(STANDING_BY, LobbyView(people, {"trio": 1}, underway=Underway(types={types})))
    assert (found.relieved, found.overdue, found.stand_by) == (relieved, [], [])
    assert found.look == (None if relieved else STANDBY_LOOK)


def test_who_stands_by_takes_a_slot_before_those_who_only_wait_and_only_one_that_asks_for_their_type() -> (
    None
):
    people = standing(waiting(R1=90, R2=50, B3=10, B4=5), B3=100)
    empty = [Vacancy(70, "any"), Vacancy(71, "red"), Vacancy(72, "green"), Vacancy(73, "red")]
    view = LobbyView(people, {"trio": 1}, underway=Underway(empty, types={"any"}))

    found = plan(STANDING_BY, view)

    assert [(vacancy.player_id, player) for vacancy, player in found.takes] == [(70, 3), (71, 1), (73, 2)]
    assert (found.seated, found.stand_by, found.relieved) == (3, [4], [])
    # Whoever goes on in a slot is not overdue, however long they have waited.
    long = replace(view, waiting=waiting(A1=700, A2=650))
    taken = plan(STANDING_BY, replace(long, underway=Underway([Vacancy(70, "any")], types={"any"})))
    assert (taken.seated, taken.overdue, taken.look) == (1, [2], None)


def test_a_busy_room_is_looked_at_again_soon_by_whom_it_may_need() -> None:
    people = waiting(A1=5)
    view = LobbyView(people, {"trio": 1}, underway=Underway(busy=True, types={"any"}))
    assert plan(STANDING_BY, view).look == BUSY_LOOK
    # Where nobody stands by, who only waits takes a slot that becomes free.
    alone = replace(STANDING_BY, standby=None)
    assert (plan(alone, view).look, plan(alone, view).stand_by) == (BUSY_LOOK, [])
    assert plan(alone, replace(view, underway=Underway())).look == STANDBY_LOOK


# Whatever the lobby is.

PEOPLE = st.lists(
    st.tuples(st.sampled_from(["red", "blue", "any"]), st.floats(0, 900), st.none() | st.floats(-5, 300)),
    max_size=12,
).map(
    lambda people: oldest_first(
        Waiting(nth, type_, waited, stands_by=until) for nth, (type_, waited, until) in enumerate(people)
    )
)
BESIDE = st.builds(
    Underway,
    vacancies=st.lists(
        st.builds(Vacancy, st.integers(100, 200), st.sampled_from(["red", "any"])), max_size=3
    ),
    busy=st.booleans(),
    types=st.sets(st.sampled_from(["red", "blue", "any"])),
)


@given(PEOPLE, st.integers(0, 2), BESIDE, st.integers(0, 3))
def test_one_thing_is_planned_for_each_and_who_is_left_is_looked_at_again(
    people: list[Waiting], made: int, beside: Underway, places: int
) -> None:
    own = replace(STANDING_BY, standby=Standby(places))
    view = LobbyView(people, {"trio": made})
    first, found = plan(own, view), plan(own, replace(view, underway=beside))

    assert (found.opens, found.hopeless) == (first.opens, first.hopeless), "it opens the same rooms"
    sit = [player for placement in found.opens for player, _ in placement.seats]
    done = Counter([*sit, *(player for _, player in found.takes), *found.overdue, *found.relieved])
    done.update(found.stand_by)
    assert set(done.values()) <= {1}, "two things for one person"
    assert len(found.stand_by) <= places
    left = [one for one in people if one.player_id not in done or one.player_id in found.stand_by]
    assert (found.look is None) == (not left), "somebody waits whom nobody will look at, or nobody does"
    assert found.look is None or found.look > 0
    longest = own.lobby.max_wait
    assert all(one.waited < longest or one.stands_by or one.player_id in found.stand_by for one in left)


def test_the_what_if_carries_out_the_same_plan() -> None:
    came = [(0, "red"), (3, "red"), (4, "blue"), (9, "blue"), (11, "red")]
    turns = [Turn(0, "started")]
    turns += [Turn(secs * 1_000_000, "came", nth, type_) for nth, (secs, type_) in enumerate(came, 1)]
    told = asyncio.run(would_have_been(TALKING, turns, 9_000_000_000, 1, {}))
    planned = plan(TALKING, LobbyView(waiting(R1=9, R2=6, B3=5, B4=0), {}))
    assert [room.reason for room in told.rooms] == [planned.opens[0].reason]
    assert (sorted(told.waits), told.unseated) == ([0, 5, 6, 9], 1)
