"""What happens to a room between two steps, from values to what is to be stored: no database is needed for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from app.rooms.changes import Asked, Change, Earned, Ended, Opened, Rewired, Stored
from app.rooms.hearing import Hearing
from app.rooms.steps import Course
from app.study.hooks.networklab import Question, Room, Seat, Tie, pack, unpack
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.studies import PAGE

T = TypeVar("T")
STUDY = """
title = "Give"
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "pairs"
each_round = "new"
[role]
deal = {giver = 1, taker = 1}
change = "each_round"
[dropout]
silent = "20s"
then = ["bot"]
[[step]]
page = "talk"
name = "give"
repeat = 2
limit = "60s"
fields = [
    {name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 10},
    {name = "trust", ask = "Whom do you trust?", kind = "each", options = ["Yes", "No"], of = "room"},
]
show = [{hook = "hint", ask = "A hint"}]
on_end = "share"
results = [{name = "income", ask = "Your income", kind = "integer"}]
score = "points"
[[step]]
page = "talk"
name = "rich"
limit = "60s"
when = "who_is_rich"
fields = [{name = "comment", ask = "A comment", kind = "text"}]
[[step]]
page = "talk"
name = "last"
limit = "60s"
fields = [{name = "sure", ask = "Are you sure?", kind = "yes_no"}]
on_timeout = "default:no"
"""


def share(room: Room) -> Any:
    given = room.said("given")
    return {"income": {slot: 2 * amount for slot, amount in given.items()}}


def points(room: Room) -> Any:
    return {slot: Decimal(income) for slot, income in room.said("income").items()}


def hint(room: Room) -> Any:
    return {slot: f"with {room.neighbours(slot)[0]}" for slot in room.slots}


def who_is_rich(room: Room) -> Any:
    return {slot for slot, earned in room.earned.items() if earned > 10}


HOOKS: Mapping[str, Callable[..., Any]] = dict(
    share=share, points=points, hint=hint, who_is_rich=who_is_rich, on_timeout=lambda room: {}
)
SEED = 7
FIRST_PAIRS = (Tie(1, 4), Tie(2, 3), Tie(3, 2), Tie(4, 1))


def test_a_step_ends_with_results_then_pay_and_ties_and_roles_change_before_the_next_one_is_shown() -> None:
    study = _study()
    course, asked = _course(study, 0, {"given": {1: "3", 2: "6"}})
    changes = _moved_on(course)
    round_1, round_2 = study.plan[:2]
    new_pairs = study.network_of("four").ties(4, SEED, nth=2)
    assert changes == [
        Stored(round_1, ((1, "income", "6"), (2, "income", "12")), "hook share"),
        Earned(round_1, ((1, Decimal(6)), (2, Decimal(12))), "hook points"),
        Rewired(round_2, new_pairs, "study"),
        Stored(
            round_2,
            ((1, "role", "giver"), (3, "role", "taker"), (2, "role", "giver"), (4, "role", "taker")),
            "study",
        ),
        Stored(round_2, tuple((slot, "hint", f"with {other}") for slot, other, _ in new_pairs), "hook hint"),
        Opened(round_2, None),
    ]
    seen = [(hook, room.step, room.round, len(room.all_said), dict(room.earned)) for hook, room in asked]
    earned = {1: Decimal(6), 2: Decimal(12)}
    assert seen == [("share", "give", 1, 2, {}), ("points", "give", 1, 4, {}), ("hint", "give", 2, 8, earned)]
    assert new_pairs[0][:2] == (1, 3), "other pairs than in the first round"


def test_a_step_is_skipped_that_nobody_who_plays_is_asked_and_a_bot_earns_nothing() -> None:
    study = _study()
    played = {"given": {1: "3", 2: "6"}}
    course, _ = _course(study, 1, played)
    assert _moved_on(course)[-1] == Opened(study.plan[2], (2,)), "slot 2 has 12, which is rich"
    the_second = dict(HOOKS, who_is_rich=lambda room: {2})
    for gone in ({2: dict(plays=False)}, {2: dict(plays=False, bot=True)}):
        course, asked = _course(study, 1, played, gone, the_second)
        assert _moved_on(course)[-1] == Opened(study.plan[3], None)
        assert "who_is_rich" in [hook for hook, _ in asked], "it was asked, and chose slot 2 alone"
        assert course.room.earned == {1: Decimal(6)}


def test_who_was_asked_and_said_nothing_gets_the_default_unless_they_have_left() -> None:
    study = _study()
    last = study.plan[3]
    course, _ = _course(study, 3, {"sure": {1: "yes"}}, {2: dict(plays=False)})
    assert _moved_on(course) == [Stored(last, ((3, "sure", "no"), (4, "sure", "no")), "default"), Ended()]
    course, _ = _course(study, 3, {"sure": {1: "yes"}})
    assert _moved_on(course, (1, 2))[0] == Stored(last, ((2, "sure", "no"),), "default")
    course, _ = _course(study, 3, {"sure": {}})
    assert _moved_on(course, opening=True) == [Opened(last, None)], "what has not opened does not end"


def test_what_was_said_before_is_kept_and_a_hook_fills_in_only_for_who_said_nothing() -> None:
    ended = 'on_end = "share"'
    longer = STUDY.replace("repeat = 2", "repeat = 3")
    kept, filled = (
        _study(longer.replace(ended, f'on_timeout = "{how}"\n{ended}')) for how in ("keep", "hook")
    )
    course, _ = _course(kept, 2, {"given": {1: "3"}})
    course.hear([("give", 2, 2, "given", "8"), ("give", 1, 1, "given", "9"), ("give", 1, 2, "given", "7")])
    assert _moved_on(course)[0] == Stored(kept.plan[2], ((2, "given", "8"),), "keep")
    all_of_them = dict(HOOKS, on_timeout=lambda room: {slot: {"given": 5} for slot in room.slots})
    course, asked = _course(filled, 1, {"given": {1: "3", 2: "4"}}, hooks=all_of_them)
    by_hook = Stored(filled.plan[1], ((3, "given", "5"), (4, "given", "5")), "hook on_timeout")
    assert _moved_on(course)[0] == by_hook
    assert [hook for hook, _ in asked][:2] == ["on_timeout", "share"]
    course, asked = _course(filled, 1, {"given": dict.fromkeys(range(1, 5), "3")})
    _moved_on(course)
    assert "on_timeout" not in [hook for hook, _ in asked], "nobody was silent"


def test_a_hook_that_rewires_is_given_the_room_as_the_step_before_ended() -> None:
    study = _study(STUDY.replace('each_round = "new"', 'rewire_by = "chain"'))
    others = dict(HOOKS, chain=lambda room: [(1, 2), (3, 4)])
    course, asked = _course(study, 0, {"given": {1: "3"}}, hooks=others)
    [rewired] = [one for one in _moved_on(course) if isinstance(one, Rewired)]
    assert [tie[:2] for tie in rewired.ties] == [(1, 2), (2, 1), (3, 4), (4, 3)]
    assert rewired.made_by == "hook chain"
    [given] = [room for hook, room in asked if hook == "chain"]
    assert (given.step, given.round, given.ties, given.earned) == ("give", 1, FIRST_PAIRS, {1: Decimal(6)})


def test_a_hook_without_an_answer_leaves_all_else_as_it_would_be() -> None:
    study = _study()
    silent = {name: lambda room: None for name in HOOKS}
    course, asked = _course(study, 1, {"given": {1: "3"}}, hooks=silent)
    assert _moved_on(course) == [Opened(study.plan[2], (1, 2, 3, 4))]
    assert [hook for hook, _ in asked] == ["share", "points", "who_is_rich"]


def test_a_bot_is_asked_what_the_step_asks_and_about_whom() -> None:
    study = _study(STUDY.replace('then = ["bot"]', 'then = ["bot"]\nbot = "play"'))
    more: list[Any] = []

    def play(room: Room, slot: int, questions: Sequence[Question]) -> Any:
        more.extend((slot, *questions))
        return {"given": 4, "trust": {1: "Yes"}}

    course, _ = _course(study, 0, {}, {2: dict(plays=False), 4: dict(plays=False, bot=True)}, dict(play=play))
    answers = asyncio.run(course.answers_of_bot(study.plan[0], 4))
    assert answers == {"given": {4: "4"}, "trust": {4: '{"1":"Yes"}'}}
    slot, given, trust = more
    assert (slot, given.name, given.max, given.others) == (4, "given", 10, ())
    assert (trust.name, trust.options, trust.others) == ("trust", ("Yes", "No"), (1, 3)), "slot 2 has left"
    assert course.changes == [], "it is for whoever asked to store it"
    by_chance, _ = _course(_study(), 0, {}, {4: dict(plays=False, bot=True)})
    drawn = [asyncio.run(by_chance.answers_of_bot(study.plan[0], 4)) for _ in range(2)]
    assert drawn[0] == drawn[1] and set(drawn[0] or {}) == {"given", "trust"}


# Verbs of these stories.


def _study(toml: str = STUDY) -> Study:
    hooks = "\n".join(f"def {name}(room): ..." for name in (*HOOKS, "chain"))
    play = "def play(room, slot, questions): ..."
    files = {"study.toml": toml, "pages/talk.html": PAGE, "hooks.py": f"{hooks}\n{play}"}
    return parse({name: text.encode() for name, text in files.items()})


def _course(
    study: Study,
    index: int,
    said: Mapping[str, Mapping[int, str]],
    seats: Mapping[int, Mapping[str, Any]] = {},
    hooks: Mapping[str, Callable[..., Any]] = HOOKS,
) -> tuple[Course, list[tuple[str, Room]]]:
    """A room of four, with what was said where it is; and which hooks are asked, with the room that they get.

    `seats` has what of a seat is not as ever. A hook that gives None has no answer.
    """
    asked: list[tuple[str, Room]] = []
    position = study.plan[index]

    async def ask(hook: str, read: Callable[[Any], T], room: Room, *more: Any) -> T | None:
        asked.append((hook, room))
        answer = hooks[hook](room, *more)
        return None if answer is None else read(unpack(pack(answer)))

    room = Room(
        name="four-1",
        kind="four",
        number=1,
        seed=SEED,
        step=position.step.name,
        round=position.round,
        rounds=position.step.repeat,
        seats=tuple(replace(Seat(slot, f"Player {slot}", ""), **seats.get(slot, {})) for slot in range(1, 5)),
        ties=FIRST_PAIRS,
    )
    course = Course(study, room, index, ask, Hearing(study))
    step, round_ = position.step.name, position.round
    course.hear(
        [(step, round_, slot, name, value) for name, by in said.items() for slot, value in by.items()]
    )
    return course, asked


def _moved_on(course: Course, asked: Asked = None, opening: bool = False) -> list[Change]:
    asyncio.run(course.move_on(asked, opening))
    return course.changes
