"""What if the rooms had been these: seated by hand, seated by the fold, and beside what really happened."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.__main__ import main
from app.config import PROJECT
from app.replay.what_if import Seated, Turn, would_have_been
from app.rooms.seating_hook import Brought
from app.study.hooks.pool import HookError
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.house import House
from tests.house.lively import open_lively
from tests.house.studies import PAGE, TALK, as_files

SECOND = 1_000_000
# Three reds and a blue come within half a minute; seating begins with the first.
COME = [(0, "red"), (10, "red"), (20, "blue"), (30, "red")]
TURNS = [
    Turn(0, "started"),
    *(Turn(second * SECOND, "came", nth, type_) for nth, (second, type_) in enumerate(COME, 1)),
]


def study(toml: str) -> Study:
    return parse(as_files(toml))


def rooms(seats: str, more: str = "", lobby: str = "5m") -> Study:
    head, _, tail = TALK.partition("[[room]]")
    rest = tail[tail.index("[network]") :].replace('kind = "ring"', 'kind = "complete"')
    return study(
        f'{head}[[room]]\nname = "group"\nseats = {{{seats}}}\n{more}\n[lobby]\nmax_wait = "{lobby}"\n{rest}'
    )


def seated(study: Study, turns: Sequence[Turn], until: int) -> Seated:
    brought = {1: Brought({"age": "20"}), 4: Brought({"age": "30"}, {"wave": "2"})}
    return asyncio.run(would_have_been(study, turns, until, 1, brought))


def test_pairs_sit_down_as_the_second_comes() -> None:
    found = seated(rooms("any = 2"), TURNS, 600 * SECOND)
    assert [(room.room, room.second) for room in found.rooms] == [("group-1", 10), ("group-2", 30)]
    assert sorted(found.waits) == [0, 0, 10, 10]
    assert (found.median, found.p95, found.longest) == (5, 10, 10)
    assert (found.unseated, found.waiting) == (0, 0)


def test_a_fallback_opens_when_the_last_of_them_has_waited_for_it() -> None:
    found = seated(study(TALK), TURNS, 600 * SECOND)  # the mixed one lacks a blue
    assert [(room.kind, room.second) for room in found.rooms] == [("plain", 60)]
    assert found.waits == [60, 50, 40, 30]


def test_who_never_fits_leaves_after_the_longest_wait_and_who_goes_by_themselves_is_not_counted_so() -> None:
    three = rooms("blue = 3", lobby="25s")
    gone = [*TURNS, Turn(31 * SECOND, "gone", 2)]
    found = seated(three, sorted(gone), 50 * SECOND)
    assert not found.rooms
    assert (found.unseated, found.gone, found.waiting) == (
        2,
        1,
        1,
    )  # at 25 s, 45 s; at 31 s; the last one waits
    closed = seated(three, [*TURNS, Turn(40 * SECOND, "closed")], 50 * SECOND)
    assert (closed.unseated, closed.waiting) == (4, 0)


def test_nobody_sits_down_before_the_start_and_a_new_type_counts_from_when_it_is_given() -> None:
    later = [*TURNS[1:], Turn(100 * SECOND, "started"), Turn(120 * SECOND, "retyped", 4, "blue")]
    found = seated(rooms("red = 2, blue = 2"), later, 600 * SECOND)
    assert [room.second for room in found.rooms] == [120]
    pairs = seated(rooms("any = 2", lobby="25s"), later, 600 * SECOND)
    assert pairs.waits == [0, 0, 0, 0] and pairs.unseated == 0, "waiting counts from the start"
    never = seated(rooms("any = 2"), TURNS[1:], 7200 * SECOND)
    assert (never.unseated, never.waiting) == (4, 0), "whoever has come an hour before it began has left"


def test_a_study_that_seats_by_a_hook_has_it_asked() -> None:
    """The first and the last who came, whose ages it knows, after the last of them has waited for ten seconds."""
    toml = TALK.replace("[lobby]", '[lobby]\nseat = "together"').replace('kind = "ring"', 'kind = "complete"')
    toml = toml.replace("seats = {red = 2, blue = 2}", "seats = {any = 2}")
    entry = '[entry]\nfields = [{name = "age", ask = "Your age", kind = "integer"}]\n[[room]]'
    hooks = """
def together(lobby):
    known = [one.player for one in lobby.waiting if "age" in one.entry and one.waited >= 10]
    return [("mixed", known)] if len(known) == 2 else []
"""
    files = {"study.toml": toml.replace("[[room]]", entry, 1).encode(), "pages/talk.html": PAGE.encode()}
    found = seated(parse({**files, "hooks.py": hooks.encode()}), TURNS, 70 * SECOND)
    assert [(room.kind, room.second) for room in found.rooms] == [("mixed", 40)]
    assert sorted(found.waits) == [10, 40] and found.waiting == 2
    broken = parse({**files, "hooks.py": b"def together(lobby):\n    return 1 / 0\n"})
    with pytest.raises(HookError, match=r"hooks\.py:2: `together`"):
        seated(broken, TURNS, 70 * SECOND)


def test_the_session_itself_is_seated_again_as_it_was_and_the_command_says_so(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", house.database)
    lively = open_lively(house, 9)
    for label in lively.tokens:
        lively.comes(label)
        lively.seat()

    def ask(*options: str) -> tuple[int, str]:
        code = main(["replay", lively.session_id, *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    own = tmp_path / "own.toml"
    own.write_bytes(lively.study.files["study.toml"])
    told = json.loads(ask("--seating", str(own), "--json")[1])
    assert told["was"]["kinds"] == told["would"]["kinds"] == {"mixed": 2}
    assert told["was"]["seated"] == told["would"]["seated"] == 8
    reasons = [
        [re.sub(r"\d+:\d+", "", one["reason"]) for one in told[how]["rooms"]] for how in ("was", "would")
    ]
    assert reasons[0] == reasons[1] and len(reasons[0]) == 2
    threes = own.read_text().replace("seats = {red = 2, blue = 2}\ncount = 2", "seats = {any = 3}\ncount = 9")
    own.write_text(threes.replace('kind = "ring"', 'kind = "complete"'))
    code, said = ask("--seating", str(own))
    assert (code, said.splitlines()[2].split()) == (0, ["seated", "8", "9"]) and "rooms “mixed”" in said
    for crowd in (PROJECT / "studies" / "crowd", PROJECT / "studies" / "crowd" / "study.toml"):
        code, said = ask("--seating", str(crowd))
        assert code == 0 and "Wisdom of crowds" in said, "a folder, also by its study.toml"
    assert "second 0.0: running.\n9 invited" in ask("--at", "0")[1]
    assert "1 waiting, 8 playing" in ask()[1]
    for options, sentence in (
        (["--seating", str(tmp_path / "nowhere")], "There is no such folder."),
        (["--check", "--at", "5"], "--check looks at the whole session. Leave out --at."),
        (["--at", "soon"], "“soon” is no moment; write seconds"),
    ):
        code, said = ask(*options)
        assert code == 2 and sentence in said
    assert ask("--check")[0] == 0
    house.sql("delete from event where name = 'room_opened'")
    code, said = ask("--check")
    assert (
        code == 1
        and "the log of mixed-1, events: the log says nothing of event 1, the table says 1 to 1" in said
    )
