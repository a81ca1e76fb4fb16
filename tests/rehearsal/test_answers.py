"""Stories of what bots answer: by the study's own `bot` where it has one, which gets what pages show and no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import Setting, play
from app.rehearsal.verdict import Verdict, judge
from tests.house.house import House
from tests.house.studies import PAGE, as_files, changed

FAST = Setting(players=2, over=0.0, drop=0.0, flaky=0.0, speed=float("inf"))
STUDY = """
title = "Secrets"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
[lobby]
max_wait = "5s"
[network]
kind = "complete"
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
[[step]]
page = "talk"
name = "first"
limit = "20s"
fields = [{name = "secret", ask = "Your number?", kind = "integer", min = 0, max = 999}]
on_end = "hide"
results = [{name = "hidden", ask = "Nobody is shown this", kind = "integer"}]
[[step]]
page = "talk"
name = "then"
limit = "20s"
fields = [{name = "knew", ask = "The other's number?", kind = "integer", min = 0, max = 999}]
show = [{field = "secret", of = "neighbours"}]
[dropout]
then = ["bot"]
bot = "play"
"""
HOOKS = """
def hide(room):
    return {"hidden": {slot: 7 for slot in room.slots}}


def play(room, slot, questions):
    me = room.seat(slot)
    hidden = room.said("hidden", step="first")
    unseen = (room.kind, room.name, room.treatment, room.earned, me.type, me.treatment, hidden)
    if any(unseen) or "age" not in me.entry:
        return {one.name: 999 for one in questions}
    if questions[0].name == "secret":
        return {"secret": 10 * slot if room.slots == (slot,) and not room.all_said else 999}
    others = [one for one in room.all_said if one.slot != slot]
    return {"knew": others[0].value if len(others) == 1 else 500 + len(others)}
"""


def rehearsed(house: House, folder: Path, toml: str, hooks: str) -> Verdict:
    (folder / "pages").mkdir()
    (folder / "pages" / "talk.html").write_text(PAGE)
    for name, body in as_files(toml, hooks).items():
        (folder / name).write_bytes(body)

    async def story() -> Verdict:
        cast = await open_rehearsal(house.database, str(folder), FAST.players)
        plan = replace(FAST, patience=20.0)
        return await judge(await play(cast, plan, house.servers[0].base, house.database))

    return asyncio.run(story())


def said(house: House, verdict: Verdict, field: str) -> dict[int, str]:
    return dict(
        house.sql(
            "select p.slot, r.value from record r join player p on p.id = r.player_id"
            " where r.session_id = %s and r.field = %s",
            *(verdict.session_id, field),
        )
    )


@pytest.mark.parametrize(
    ("show", "knew"),
    [
        ('show = [{field = "secret", of = "neighbours"}]\n', {1: "20", 2: "10"}),
        ('show = [{field = "secret", of = "room", as = "picture"}]\n', {1: "20", 2: "10"}),
        ('show = [{field = "secret", of = "neighbours", as = "mean"}]\n', {1: "500", 2: "500"}),
        ("", {1: "500", 2: "500"}),
    ],
)
def test_a_studys_bot_answers_by_what_pages_show_and_nothing_else(
    hall: House, tmp_path: Path, show: str, knew: dict[int, str]
) -> None:
    toml = changed(STUDY, 'show = [{field = "secret", of = "neighbours"}]\n', show)
    verdict = rehearsed(hall, tmp_path, toml, HOOKS)
    assert said(hall, verdict, "secret") == {1: "10", 2: "20"}
    assert said(hall, verdict, "knew") == knew
    assert (verdict.answered.by_hook, verdict.answered.by_chance) == (4, 0)
    assert "Of the answers 4 were given by the study’s `play`, 0 by chance." in verdict.notes[0]
    assert verdict.ends.counts == {"complete": 2}


def test_where_pages_show_too_little_for_it_the_rest_is_chance_and_the_verdict_says_why(
    hall: House, tmp_path: Path
) -> None:
    line = '    if questions[0].name == "secret":\n'
    hooks = changed(
        HOOKS, line, f'    if len(room.slots) < 2:\n        raise LookupError("nobody there")\n{line}'
    )
    verdict = rehearsed(hall, tmp_path, STUDY, hooks)
    assert (verdict.answered.by_hook, verdict.answered.by_chance) == (2, 2)
    assert any("`play` failed on what a page shows, 2×: hooks.py:" in note for note in verdict.notes)
    assert any("nobody there" in note for note in verdict.notes)
    assert not verdict.stops and verdict.ends.counts == {"complete": 2}


def test_who_is_offered_nothing_says_nothing(hall: House, tmp_path: Path) -> None:
    """Each is read again as its own page asked it."""
    fields = (
        '{name = "best", ask = "?", kind = "choice", options = "shelf"},'
        ' {name = "sure", ask = "?", kind = "choices", options = "shelf", dont_know = true}'
    )
    toml = f"""
title = "Shelf"
[[room]]
name = "pair"
seats = {{any = 2}}
[[step]]
page = "talk"
limit = "20s"
fields = [{fields}]
"""
    verdict = rehearsed(hall, tmp_path, toml, 'def shelf(room):\n    return {1: ["Fig"]}\n')
    assert said(hall, verdict, "best") == {1: "Fig", 2: ""}
    assert verdict.failed == ()
