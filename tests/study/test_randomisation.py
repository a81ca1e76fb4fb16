"""Whether what is drawn is balanced, independent and the same again: over 2,000 simulated sessions, seeds 0 to 1,999.

The functions under test are the ones that seat people. The statistics are Pearson's chi-square for independent pairs
and, where a block or a room is a permutation, Anderson's (Biometrics 15, 1959, 582-590): with n permutations of t
things, (t-1)/t times Pearson's statistic of the table of things by places has (t-1)² degrees of freedom. Critical
values are those for 0.001 in the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cache

import pytest

from app.rooms.opening import room_seed, seat_order
from app.rooms.seating import Placement
from app.study.model.study import RoomKind
from app.study.model.treatments import Draws, Treatment

SESSIONS = 2000
ROOMS, SEATS = 12, 2
CRITICAL = {1: 10.828, 2: 13.816, 4: 18.467, 9: 27.877, 25: 52.620}  # degrees of freedom → value
PUNISHMENT = Treatment("punishment", ("yes", "no"))
SIZE = Treatment("size", ("small", "medium", "large"))
BY_KIND = Treatment("feedback", ("on", "off"), within="kind")
COIN = Treatment("coin", ("heads", "tails"), method="complete", by="player")
SIGNAL = Treatment("signal", ("high", "low"), by="player", block=4)
ROLE = Treatment("role", ("sender", "receiver"), by="player", within="room")
OF_TYPE = Treatment("badge", ("star", "none"), by="player", within="type")
DESIGN = (PUNISHMENT, SIZE, BY_KIND, COIN, SIGNAL, ROLE, OF_TYPE)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One session: each room's kind and treatment, and each player's type and treatment, in the order of time."""

    rooms: tuple[tuple[str, dict[str, str]], ...]
    players: tuple[tuple[str, dict[str, str]], ...]


@cache
def sessions() -> tuple[Drawn, ...]:
    return tuple(map(simulated, range(SESSIONS)))


def simulated(seed: int) -> Drawn:
    """Twelve rooms of two kinds by turns. The types of those who sit down come in a pattern of their own."""
    draws, made = Draws(DESIGN, seed), Counter[str]()
    rooms, players = [], []
    for nth in range(ROOMS):
        kind = ("pair", "plain")[nth % 3 == 2]
        made[kind] += 1
        rooms.append((kind, draws.room(kind, made[kind])))
        for slot in range(1, SEATS + 1):
            type_ = ("red", "blue")[(nth * SEATS + slot) % 3 == 0]
            players.append((type_, draws.player(type_, f"{kind}-{made[kind]}", slot)))
    return Drawn(tuple(rooms), tuple(players))


def chi_square(pairs: Iterable[tuple[Hashable, Hashable]]) -> tuple[float, int]:
    """Pearson's statistic of independence, and its degrees of freedom."""
    cells = Counter(pairs)
    rows, columns = Counter[Hashable](), Counter[Hashable]()
    for (row, column), count in cells.items():
        rows[row] += count
        columns[column] += count
    expected = {
        (row, column): rows[row] * columns[column] / cells.total() for row in rows for column in columns
    }
    statistic = sum((cells[cell] - often) ** 2 / often for cell, often in expected.items())
    return statistic, (len(rows) - 1) * (len(columns) - 1)


def imbalance(levels: Iterable[str], names: tuple[str, str]) -> int:
    """The largest difference between how often both levels have come, at any moment."""
    steps = (1 if level == names[0] else -1 for level in levels)
    return max(map(abs, itertools.accumulate(steps)))


@pytest.mark.parametrize(
    ("what", "pairs"),
    [
        (
            "a coin and whether the player came at an odd place",
            lambda one: [(nth % 2, got["coin"]) for nth, (_, got) in enumerate(one.players)],
        ),
        ("a coin and the player's type", lambda one: [(type_, got["coin"]) for type_, got in one.players]),
        (
            "a coin and the coin before it",
            lambda one: [
                (before["coin"], got["coin"])
                for (_, before), (_, got) in itertools.pairwise(one.players[::2])
            ][::2],
        ),
        # Of what is blocked, one pair a session: what is in a block is not independent.
        (
            "a room's level and its kind's",
            lambda one: [(one.rooms[0][1]["punishment"], one.rooms[0][1]["feedback"])],
        ),
        (
            "a room's levels and the first player's",
            lambda one: [(one.rooms[0][1]["size"], one.players[0][1]["signal"])],
        ),
        ("two factors of players", lambda one: [(one.players[5][1]["signal"], one.players[5][1]["role"])]),
        (
            "one block and the next",
            lambda one: [(tuple(one.rooms[at][1][name] for name in ("punishment", "size")) for at in (0, 6))],
        ),
        (
            "one room's roles and the next one's",
            lambda one: [(one.players[at][1]["role"] for at in (0, SEATS))],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_should_have_nothing_to_do_with_each_other_has_not(
    what: str, pairs: Callable[[Drawn], Iterable[Iterable[Hashable]]]
) -> None:
    seen = [tuple(pair) for one in sessions() for pair in pairs(one)]

    statistic, freedom = chi_square((one, other) for one, other in seen)

    assert statistic < CRITICAL[freedom], f"{what}: {statistic:.2f} with {freedom} degrees of freedom"


def test_a_level_does_not_depend_on_the_seed_before() -> None:
    """Sessions may be opened with seeds in a row."""
    firsts = [(one.rooms[0][1]["punishment"], one.rooms[0][1]["size"]) for one in sessions()]

    statistic, freedom = chi_square(zip(firsts[::2], firsts[1::2], strict=True))

    assert freedom == 25 and statistic < CRITICAL[25]


def test_each_combination_comes_equally_often_at_each_place_of_a_block() -> None:
    places = (
        (nth, tuple(got[n] for n in ("punishment", "size")))
        for one in sessions()
        for nth, (_, got) in enumerate(one.rooms[:6])
    )

    statistic, freedom = chi_square(places)

    assert freedom == 25 and statistic * 5 / 6 < CRITICAL[25]


def test_every_block_is_exactly_balanced_and_the_whole_never_far_from_it() -> None:
    for one in sessions():
        crossed = [(got["punishment"], got["size"]) for _, got in one.rooms]
        for block in (crossed[:6], crossed[6:]):
            assert set(Counter(block).values()) == {1}
        assert imbalance((punishment for punishment, _ in crossed), ("yes", "no")) <= 3
        for kind in ("pair", "plain"):
            within = [got["feedback"] for name, got in one.rooms if name == kind]
            assert imbalance(within, ("on", "off")) == 1
        signals = [got["signal"] for _, got in one.players]
        assert imbalance(signals, ("high", "low")) <= 2
        assert all(Counter(signals[at : at + 4]) == {"high": 2, "low": 2} for at in range(0, len(signals), 4))
        roles = [got["role"] for _, got in one.players]
        assert all(Counter(roles[at : at + SEATS])["sender"] == 1 for at in range(0, len(roles), SEATS))
        for type_ in ("red", "blue"):
            badges = [got["badge"] for name, got in one.players if name == type_]
            assert imbalance(badges, ("star", "none")) == 1


def test_coins_are_fair_and_not_balanced() -> None:
    coins = [got["coin"] for one in sessions() for _, got in one.players]
    heads, expected = Counter(coins)["heads"], len(coins) / 2

    assert 2 * (heads - expected) ** 2 / expected < CRITICAL[1]
    assert any(
        imbalance((got["coin"] for _, got in one.players), ("heads", "tails")) > 8 for one in sessions()
    )


def test_weights_are_kept_in_each_block_and_by_coins() -> None:
    blocked = Treatment("dose", ("low", "high"), weights=(2, 1), block=6)
    coin = Treatment("dose", ("low", "high"), weights=(2, 1), method="complete")

    for seed in range(200):
        levels = [Draws([blocked], seed, nth).room("plain", 1)["dose"] for nth in range(12)]
        assert Counter(levels[:6]) == Counter(levels[6:]) == {"low": 4, "high": 2}
    highs = sum(Draws([coin], seed).room("plain", 1)["dose"] == "high" for seed in range(SESSIONS))
    expected = SESSIONS / 3
    assert (highs - expected) ** 2 / (expected * 2 / 3) < CRITICAL[1]


def test_everybody_is_equally_likely_to_get_each_slot() -> None:
    people = range(4)
    kind = RoomKind("plain", {"any": len(people)})
    slots = []
    for seed in range(SESSIONS):
        placement = Placement(kind, 1 + seed % 5, tuple((person, "any") for person in people), "")
        order = seat_order(placement, room_seed(seed, placement))
        slots += [(person, slot) for slot, (person, _) in enumerate(order)]

    statistic, freedom = chi_square(slots)

    assert freedom == 9 and statistic * 3 / 4 < CRITICAL[9]


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    assert simulated(7) == sessions()[7]
    assert len({str(one) for one in sessions()}) == SESSIONS


def test_who_goes_on_drawing_draws_what_one_who_never_stopped_would() -> None:
    """As another process does that opens the next rooms."""
    whole, kinds = Draws(DESIGN, 11), Counter[str]()
    for nth in range(9):
        rooms, players = whole.rooms, dict(whole.players)
        kinds["pair"] += 1
        room = f"pair-{kinds['pair']}"
        anew = Draws(DESIGN, 11, rooms, players)
        assert anew.room("pair", kinds["pair"]) == whole.room("pair", kinds["pair"])
        for slot in range(1, SEATS + 1):
            type_ = "red" if nth % 2 else "blue"
            assert anew.player(type_, room, slot) == whole.player(type_, room, slot)
