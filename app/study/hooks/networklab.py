"""What hooks get and give: frozen values with plain types, and no way to the database.

A study's hooks.py says `from networklab import Room`: in the process that hooks run in, this module has that name. It
needs nothing but the standard library. More than 350 lines: authors of studies read all its words in one place.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, Union

Value = Union[int, Decimal, str, bool, tuple[Any, ...], Mapping[Any, Any]]  # noqa: UP007 (read at run time, too)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What somebody was and said in the session that this one goes on from. False: in none that is known.

    `entry` has what they answered in its entry form; `answers`, for each of its fields and results, all values with
    step and round, the last one last. `earned` is the sum of their scores, `pay` all that they were paid there, in its
    currency; None: it says nothing of pay.
    """

    session: str = ""
    outcome: str = ""
    type: str = ""
    kind: str = ""
    treatment: Mapping[str, str] = field(default_factory=dict)
    entry: Mapping[str, Value] = field(default_factory=dict)
    answers: Mapping[str, tuple[tuple[str, int, Any], ...]] = field(default_factory=dict)
    earned: Decimal = Decimal(0)
    pay: Decimal | None = None
    before: Earlier | None = None

    def __bool__(self) -> bool:
        return bool(self.session)

    def __getitem__(self, name: str) -> Any:
        """The final value of a field or result of that name, or what was answered at its door."""
        found = self.said(name)
        return self.entry[name] if found is None else found

    @property
    def earlier(self) -> Earlier:
        """The same of the session before that one."""
        return self.before or NOT_KNOWN

    def said(self, name: str, round: int | None = None, step: str | None = None) -> Any:
        """Their final value of the field or result `name`, or that of one round or step; None: they said nothing."""
        return next(reversed(self._said(name, round, step)), None)

    def rounds(self, name: str, step: str | None = None) -> dict[int, Any]:
        """Round → their value, of those in which they said something."""
        wanted = (one for one in self.answers.get(name, ()) if step in (None, one[0]))
        return {round: value for _, round, value in wanted}

    def _said(self, name: str, round: int | None, step: str | None) -> list[Any]:
        return [
            value
            for where, when, value in self.answers.get(name, ())
            if step in (None, where) and round in (None, when)
        ]


_nothing: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] = {}, {}, {}
NOT_KNOWN = Earlier("", "", "", "", *_nothing)


@dataclass(frozen=True, slots=True)
class Seat:
    """One slot of a room, counted from 1, and who sits there. `plays`: they have not left. `bot`: a bot plays there.

    `entry` has what they answered in the entry form, by field; `given` what came with their link, or stood in further
    columns of the list of people, as text; `earlier` what they said in the session that this one goes on from.
    """

    slot: int
    alias: str
    type: str
    plays: bool = True
    entry: Mapping[str, Value] = field(default_factory=dict)
    treatment: Mapping[str, str] = field(default_factory=dict)
    bot: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    earlier: Earlier = NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Tie:
    """Whoever sits in `from_slot` sees whoever sits in `to_slot`. An undirected tie is two of these."""

    from_slot: int
    to_slot: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, or one value that the study computed, by its slot and name (a field's, or the hook's own)."""

    step: str
    round: int
    slot: int
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Move:
    """Something that `slot` did while a step was open: `values` has what was asked with it, by field.

    A value is as those of answers; a field that was left empty is not in it. `at` is in seconds from when the step
    opened, without the time that the session was paused. `clock` is what the step's clock showed then, an int where it
    shows no others; None where it has none.
    """

    slot: int
    name: str
    values: Mapping[str, Value] = field(default_factory=dict)
    at: float = 0.0
    clock: int | Decimal | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """The answer to a move that counts. `state` is what the study keeps from now on, for the room at this step: plain
    values (None, True, whole numbers, Decimals, texts, lists, and dicts of texts or whole numbers), at most 64 KB; None
    leaves it as it is. `results` has new values, {result: {slot: value}}. With `end` the step is over.
    """

    state: Any = None
    results: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)
    end: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """The answer to a move that does not count: `sentence` tells its player why, and nothing has happened."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Question:
    """A field that a bot is to answer; docs/study.md says what each kind takes. `others`: the slots that it is about.

    `more` has the keys that its kind alone has, such as rows and total. Limits of a date are days from year 1 on, as
    `date.toordinal` counts them, those of a time minutes since midnight.
    """

    name: str
    kind: str
    min: Decimal | None = None
    max: Decimal | None = None
    options: tuple[str, ...] = ()
    required: bool = True
    others: tuple[int, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A move that a bot's page offers to it, with what is asked with it."""

    name: str
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What `slot` wrote, as a bot or `on_message` may read it: in which `channel`, where its step has several, and `to`
    whom alone. Slot 0: the study's own `on_message` did."""

    slot: int
    body: str
    channel: str = ""
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """What a bot writes, in a talk of its step: `channel` names one where there are several, `to` is whom a direct one
    is with. What nobody may write there is not sent. What `on_message` answers is written in its channel, for all who
    read there, or for the slot `to` alone."""

    body: str
    channel: str = ""
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A bot, or `on_message`, does nothing now, and is asked again in so many seconds, whatever happens until then."""

    seconds: int | Decimal | float


@dataclass(frozen=True, slots=True)
class Room:
    """A room at a moment: the end of the step `step` in its round `round` (from 1, of `rounds`), or, for `when`,
    `show` and `bot`, the moment before it opens, or, for `on_move`, that of a move.

    `all_said` has all that was answered in time and computed so far, in the order of the plan. A value is an int
    (integer, scale, slider), a Decimal (number), True or False (yes_no, tick), a tuple of texts (choices, ranking),
    for each what was said of it by slot, or a text. `earned` is the sum of what each slot has earned by `score`.

    Of a step with moves `state` is what the study keeps, None at first; lists in it come back as tuples. `moves` has
    those that were accepted, in their order. `on_move` gets no `moves`, and of `all_said` what belongs to this step and
    round, so that what it is given does not grow with the game: what it needs to know, it keeps in the state.
    `constants` has what [constants] of study.toml says: ints, Decimals, texts, True or False, tuples and mappings.

    A step's own `bot` gets what stands on the page of its slot, and nothing else: `said` has what it shows and what the
    bot said itself, `seats` those whom it names, `moves` the last twenty, `messages` what the slot may read, `offers`
    the moves that it may make, and `refused` the sentence with which its last one was. It is `left` seconds from its
    end, and it has had `turn` turns there before this one.

    `on_message` gets the room as it is now, with what has been answered so far; `messages` has what stands in its
    channel, its own lines included, and `left` and `turn` are as of a bot.

    `at` is in seconds from when the step opened, without pauses, to that moment: that of the move, or that at which the
    step was over; 0 before it opens. `clock` is what the step's clock showed then, as of a move.
    """

    name: str
    kind: str
    number: int
    seed: int
    step: str
    round: int
    rounds: int
    seats: tuple[Seat, ...]
    ties: tuple[Tie, ...] = ()
    all_said: tuple[Said, ...] = ()
    treatment: Mapping[str, str] = field(default_factory=dict)
    earned: Mapping[int, Decimal] = field(default_factory=dict)
    state: Any = None
    moves: tuple[Move, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    offers: tuple[Offer, ...] = ()
    refused: str = ""
    at: float = 0.0
    left: float = 0.0
    turn: int = 0
    clock: int | Decimal | None = None

    @property
    def slots(self) -> tuple[int, ...]:
        return tuple(seat.slot for seat in self.seats)

    def seat(self, slot: int) -> Seat:
        return next(seat for seat in self.seats if seat.slot == slot)

    def neighbours(self, slot: int) -> tuple[int, ...]:
        """The slots that `slot` sees."""
        return tuple(_seen_in(self.ties).get(slot, ()))

    def said(self, name: str, round: int | None = None, step: str | None = None) -> dict[int, Any]:
        """Slot → what was answered to the field `name`, or computed under that name, in this round or in `round`.

        Who did not answer is not in it. Where several steps have the name, the last of them counts, or `step`.
        """
        wanted = self.round if round is None else round
        if type(came := _ALL_SAID.__get__(self)) is _Unread:
            return came.said(name, wanted, step)
        return {
            one.slot: one.value
            for one in self.all_said
            if one.name == name and one.round == wanted and step in (None, one.step)
        }

    def dice(self, purpose: str = "") -> random.Random:
        """Chance that gives the same again in the same room, step and round: a hook may use no other."""
        return random.Random(f"{self.seed}/{self.step}/{self.round}/{purpose}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the lobby: `waited` is in seconds. `entry`, `given` and `earlier` as of a seat."""

    player: int
    type: str
    waited: float
    entry: Mapping[str, Value] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    earlier: Earlier = NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Lobby:
    """Who waits, the longest first, and how many rooms of each kind there are. `seats` has each kind's, by type, and
    `constants` what [constants] of study.toml says."""

    waiting: tuple[Waiting, ...]
    rooms: Mapping[str, int]
    seats: Mapping[str, Mapping[str, int]]
    seed: int
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """A room to open: its kind, the numbers of its players, and why, for the log."""

    kind: str
    players: tuple[int, ...]
    reason: str = ""


PUBLIC = (
    *(Earlier, Seat, Tie, Said, Move, Accept, Refuse, Room, Waiting, Lobby, Group),
    *(Question, Offer, Message, Say, Wait),
)
_tied: tuple[Sequence[Tie], Mapping[int, Sequence[int]]] = (), {}


def _seen_in(ties: Sequence[Tie]) -> Mapping[int, Sequence[int]]:
    """Slot → those whom it sees. Kept of the last network: a hook asks for one slot after the other."""
    global _tied
    if _tied[0] is not ties:
        seen = dict[int, list[int]]()
        for tie in ties:
            seen.setdefault(tie.from_slot, []).append(tie.to_slot)
        _tied = ties, seen
    return _tied[1]


def forget() -> None:
    """Nothing here is of the last turn any more: all else that it was given were values of its own."""
    global _tied
    _tied = (), {}
    for one in _nothing:
        one.clear()


_TYPES = {one.__name__: one for one in PUBLIC}
_FIELDS = {one: tuple(field.name for field in fields(one)) for one in _TYPES.values()}
_DEFAULTS = {
    one: tuple(
        field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(one)
    )
    for one in _TYPES.values()
}
_said_parts = operator.attrgetter("step", "round", "slot", "name", "value")
PLAIN = frozenset((str, int, bool, type(None)))  # as they are


class Packed:
    """A value as `pack` makes it, which nobody has to know before it is on the other side: what a study keeps, as it
    goes to a hook in `Room.state` and comes back in `Accept.state`."""

    __slots__ = ("packed",)

    def __init__(self, packed: Any) -> None:
        self.packed = packed

    def __repr__(self) -> str:
        return repr(unpack(self.packed))


class Packer:
    """Packs what is asked of one room, one value after the other."""

    def __init__(self) -> None:
        self.room: Room | None = None
        self.said: tuple[Said, ...] = ()
        self.packed_said = _PackedSaid()

    def pack(self, value: Any) -> Any:
        """For whoever got all that was packed before: of a room that went there, what has changed."""
        if type(value) is not Room:
            return pack(value)
        before, self.room = self.room, value
        if before is None:
            return self.whole(value)
        # What a hook has done to the state that it had is not what is kept.
        anew = () if value.state is None else ("state",)
        changed = {
            name: pack(now)
            for name in _FIELDS[Room]
            if name != "all_said"
            and ((now := getattr(value, name)) is not getattr(before, name) or name in anew)
        }
        same = _how_many_same(before.all_said, value.all_said)
        return {"again": changed, "same": same, "said": pack(value.all_said[same:])}

    def whole(self, value: Any) -> Any:
        """For whoever got nothing. Of what was said in a room, only what came since is packed anew."""
        if type(value) is not Room:
            return pack(value)
        parts = _given(Room, value)
        return {"is": "Room", "with": [*map(self._part, _FIELDS[Room][: len(parts)], parts)]}

    def _part(self, name: str, part: Any) -> Any:
        if name != "all_said" or not part:
            return _pack_part(name, part)
        same = _how_many_same(self.said, part)
        if same < len(self.said):
            same, self.packed_said = 0, _PackedSaid()
        self.said = part
        return {"said": self.packed_said.and_also(part[same:])}


class _PackedSaid:
    """Hundreds of them: each step and name once, and of each which of these, its round, its slot and its value."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], int] = {}
        self.lines: list[Any] = []

    def and_also(self, all_said: Iterable[Said]) -> Any:
        names = self.names
        self.lines += [
            (
                names.setdefault((step, name), len(names)),
                *(nth, slot),
                said
                if type(said) in PLAIN
                else {"decimal": str(said)}
                if type(said) is Decimal
                else pack(said),
            )
            for step, nth, slot, name, said in map(_said_parts, all_said)
        ]
        return [list(names), self.lines]


class _Unread:
    """What was said, as it came: a hook asks for little of it, and all the rest is made where one looks at it."""

    __slots__ = ("lines", "names")

    def __init__(self, packed: list[Any]) -> None:
        self.names, self.lines = packed

    def said(self, name: str, round: int, step: str | None) -> dict[int, Any]:
        of = {nth for nth, (asked, known) in enumerate(self.names) if known == name and step in (None, asked)}
        return {
            slot: value if type(value) in PLAIN else unpack(value)
            for nth, in_round, slot, value in self.lines
            if nth in of and in_round == round
        }

    def read(self) -> tuple[Said, ...]:
        return _unpack_said([self.names, self.lines])


# Of its hundreds of answers a hook may ask for the last ones alone: they stay as they came until somebody looks.
_ALL_SAID = vars(Room)["all_said"]


def _read_all(room: Room) -> tuple[Said, ...]:
    found = _ALL_SAID.__get__(room)
    if type(found) is _Unread:
        found = found.read()
        _ALL_SAID.__set__(room, found)
    return found  # type: ignore[no-any-return]


Room.all_said = property(_read_all, _ALL_SAID.__set__)  # type: ignore[assignment, misc]


class Unpacker:
    """The other end."""

    def __init__(self) -> None:
        self.room: Room | None = None

    def unpack(self, packed: Any) -> Any:
        if self.room is not None and isinstance(packed, dict) and "again" in packed:
            changed = {name: unpack(one) for name, one in packed["again"].items()}
            all_said = (*self.room.all_said[: packed["same"]], *unpack(packed["said"]))
            self.room = replace(self.room, **changed, all_said=all_said)
            return self.room
        value = unpack(packed)
        if type(value) is Room:
            self.room = value
        return value


# Of rooms that were asked about lately, by what it is, who sits there and who sees whom: they stay from call to call.
_packed_parts: dict[int, tuple[Any, Any]] = {}
MOST_PARTS, LARGEST_PART = 500, 200  # and how many stand in one


def _pack_part(name: str, part: Any) -> Any:
    if name not in ("seats", "ties") or not part or len(part) > LARGEST_PART:
        return pack(part)
    known = _packed_parts.get(id(part))
    if known is None or known[0] is not part:
        if len(_packed_parts) >= MOST_PARTS:
            _packed_parts.clear()
        known = _packed_parts[id(part)] = part, pack(part)
    return known[1]


def pack(value: Any) -> Any:
    """As JSON can have it. Raises TypeError for what is none of the above."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is dict:
        return _packed_map(value)
    if kind is Packed:
        return value.packed
    if kind in _FIELDS:
        return {"is": kind.__name__, "with": _each_packed(_given(kind, value))}
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, (list, tuple)):
        kinds = set(map(type, value))
        if kinds == {Said}:
            return {"said": _PackedSaid().and_also(value)}
        if kinds == {Tie}:  # of ten who all see each other there are ninety
            return {"ties": [_packed(one) for one in value]}
        return _each_packed(value)
    if isinstance(value, (set, frozenset)):
        return {"set": _each_packed(value)}
    if isinstance(value, (dict, Mapping)):
        return _packed_map(value)
    raise TypeError(f"a {kind.__name__} is nothing that a hook can return")


def _packed_map(values: Mapping[Any, Any]) -> Any:
    return {
        "map": [
            [key if type(key) in PLAIN else pack(key), one if type(one) in PLAIN else pack(one)]
            for key, one in values.items()
        ]
    }


def _each_packed(values: Iterable[Any]) -> list[Any]:
    """Most are plain, and asking for each whether it is takes less than a call."""
    return [one if type(one) in PLAIN else pack(one) for one in values]


def unpack(packed: Any) -> Any:
    """The value again; lists have become tuples. Raises ValueError or TypeError for what `pack` never made."""
    if isinstance(packed, list):
        return tuple([one if type(one) in PLAIN else unpack(one) for one in packed])
    if not isinstance(packed, dict):
        return packed
    if "is" in packed:
        kind, parts = _TYPES[packed["is"]], packed["with"]
        if kind is Accept and parts and parts[0] is not None:
            return Accept(Packed(parts[0]), *map(unpack, parts[1:]))  # it is kept as it is
        if kind is Room:
            return Room(*map(_unpack_part, parts))
        return kind(*[one if type(one) in PLAIN else unpack(one) for one in parts])
    [(kind, inner)] = packed.items()
    if kind == "said":
        return _unpack_said(inner)
    if kind == "ties":
        return _unpack_ties(inner)
    if kind == "map":
        return {
            key if type(key) in PLAIN else unpack(key): one if type(one) in PLAIN else unpack(one)
            for key, one in inner
        }
    if kind == "set":
        return frozenset(map(unpack, inner))
    return {"int": int, "decimal": Decimal, "float": float}[kind](inner)


_ties: tuple[list[Any], tuple[Tie, ...]] = [], ()


def _unpack_ties(packed: list[Any]) -> tuple[Tie, ...]:
    """The same as the last time where they are the same: nothing can change a tie."""
    global _ties
    if packed != _ties[0]:
        _ties = packed, tuple([Tie(*one) if len(one) == 2 else Tie(*map(unpack, one)) for one in packed])
    return _ties[1]


def _given(kind: Any, value: Any) -> list[Any]:
    """Its parts without the last ones that are as they would be anyway: most seats have but the first three."""
    parts, defaults = [getattr(value, name) for name in _FIELDS[kind]], _DEFAULTS[kind]
    while parts and (
        (part := parts[-1]) is (default := defaults[len(parts) - 1])
        or (type(part) is type(default) and part == default)
    ):
        parts.pop()
    return parts


def _packed(tie: Tie) -> list[Any]:
    if type(tie.from_slot) is type(tie.to_slot) is int and type(tie.weight) is float and tie.weight == 1:
        return [tie.from_slot, tie.to_slot]
    return [pack(tie.from_slot), pack(tie.to_slot), pack(tie.weight)]


def _unpack_part(part: Any) -> Any:
    return _Unread(part["said"]) if type(part) is dict and "said" in part else unpack(part)


def _unpack_said(packed: list[Any]) -> tuple[Said, ...]:
    names, lines = packed
    return tuple(
        [
            Said(names[of][0], nth, slot, names[of][1], one if type(one) in PLAIN else unpack(one))
            for of, nth, slot, one in lines
        ]
    )


def _how_many_same(before: tuple[Said, ...], now: tuple[Said, ...]) -> int:
    """At the beginning of both."""
    pairs = enumerate(zip(before, now, strict=False))
    return next((nth for nth, (one, other) in pairs if one is not other), min(len(before), len(now)))
