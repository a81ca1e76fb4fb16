"""Stories of what was late and what was lost: a machine that is too slow excuses the one, and nothing the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.rehearsal.carried_over import present
from app.rehearsal.diary import Diary, Exchange, Lost, Wrong
from app.rehearsal.gauges import Gauges
from app.rehearsal.page import PageSeen
from app.rehearsal.play import Played
from app.rehearsal.verdict import Verdict, judge
from tests.bench.country import held as held_up
from tests.bench.figure import WrongAnswer

LINE = '<li id="m7"><span dir="auto">Hello</span></li>'
TALK = (
    f'<hx-partial hx-target="#page"><div id="step"></div><ul class="talk" id="talk">{LINE}</ul></hx-partial>'
)
AGAIN = f'<hx-partial hx-target="#talk">{LINE}</hx-partial>'


def stood_still(seconds: float) -> Callable[[Diary], None]:
    """A page whose deadline was so long ago when it went on."""

    def happened(diary: Diary) -> None:
        page = PageSeen(diary, patience=5.0)
        page.due = time.monotonic() - seconds
        page.disconnects()

    return happened


def said_twice(diary: Diary) -> None:
    page = PageSeen(diary, patience=5.0)
    page.show(TALK)
    page.show(AGAIN)


def verdict_with(held: Played, *happened: Callable[[Diary], None]) -> Verdict:
    """Of a session that was played, one of whose people saw these things besides."""
    one, *others = held.diaries
    again = replace(one, wrongs=[], seen={})
    for what in happened:
        what(again)
    return asyncio.run(judge(replace(held, diaries=[replace(again, seen=one.seen), *others])))


def test_what_was_late_is_told_with_how_often_and_the_worst_of_all_sessions(held: Played) -> None:
    kept = verdict_with(held)
    figure, broke = held_up([kept, kept])
    assert figure.holds and broke == ""
    late = verdict_with(held, stood_still(30.0), stood_still(42.0))
    figure, broke = held_up([late, verdict_with(held, stood_still(9.0)), kept])
    assert not figure.holds and figure.median == len(kept.promises) - 1
    assert "It was late 3× in 2 of 3 sessions" in broke and "stood still for 42 s" in broke


def test_what_was_lost_is_no_lateness_whatever_promise_it_breaks(held: Played) -> None:
    lost = verdict_with(held, said_twice, stood_still(30.0))
    broken = {promise.number: promise.late for promise in lost.promises if not promise.ok}
    assert broken[5] == 0.0 and broken[4] > 29.0
    with pytest.raises(WrongAnswer, match="message 7 stood on the page twice"):
        held_up([lost])
    # Lost beside late, of the same promise.
    never = Wrong(4, "somebody came and was never let in")
    both = asyncio.run(judge(replace(held, wrongs=[Wrong(4, "late", 99.0), never])))
    [promise] = [one for one in both.promises if not one.ok]
    assert not promise.late and promise.wrongs[0] == never.sentence
    with pytest.raises(WrongAnswer, match="never let in"):
        held_up([both])


def test_a_hundred_times_late_does_not_hide_what_was_lost() -> None:
    diary = Diary("one")
    for _ in range(150):
        stood_still(30.0)(diary)
    said_twice(diary)
    assert [wrong.promise for wrong in diary.wrongs].count(4) == 100
    assert diary.wrongs[-1].promise == 5 and not diary.wrongs[-1].late


def test_a_broken_run_tells_what_broke_and_the_log(held: Played) -> None:
    with pytest.raises(WrongAnswer, match="the server said so"):
        held_up([verdict_with(held, said_twice)], "the server said so")
    with pytest.raises(WrongAnswer, match="no session"):
        held_up([])
    # A promise that nobody has looked at has not held.
    unseen = asyncio.run(judge(replace(held, gauges=Gauges(""))))
    with pytest.raises(WrongAnswer):
        held_up([unseen])


def test_who_was_there_meanwhile_is_whoever_can_have_noticed() -> None:
    asks, waits, sits, before, never = (Diary(label) for label in "abcde")
    asks.asks = [Exchange("records", 99.0, 4.0, 1)]
    waits.lost = [Lost(90.0, 101.0)]
    sits.seated, sits.here_until = 50.0, 150.0
    before.seated, before.here_until, before.asks = 50.0, 99.0, [Exchange("page", 98.0, 0.5, 1)]
    assert present([asks, waits, sits, before, never], 100.0, 119.0) == 3
    assert present([before, never], 100.0, 119.0) == 0
