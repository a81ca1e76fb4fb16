"""What a study is made of, once its file has been read and found right.

More than 350 lines: whoever asks what a study is, as a whole, reads it here.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.study.languages.catalogues import DEFAULT
from app.study.model.blocks import beginnings, blocks, is_over
from app.study.model.door import Door
from app.study.model.entrance import FULL, READ_IN, SCREENED_OUT, Entrance, Quota, ScreenOut
from app.study.model.fields import Field, Form, first
from app.study.model.networks import Network, Tie
from app.study.model.outcomes import Finish
from app.study.model.pay import Pay
from app.study.model.privacy import Privacy
from app.study.model.steps import AFTER, BEFORE, PLAYING, Dropout, Roles, Step
from app.study.model.treatments import Treatment
from app.study.model.words import WordList
from app.study.own_files import OwnPages

ANY = "any"  # the seat that takes every type
MOST_SEATS = 1000  # in one room


@dataclass(frozen=True, slots=True)
class RoomKind:
    """A kind of room. Kinds are tried in the order of the file.

    `seats` has the number of seats for each type, in the order of the file; "any" takes every type.
    At most `count` such rooms open; None is no limit. It opens to someone who has waited `after` seconds. Once one of
    them has waited `bots_after` seconds, and `people` are here at least, bots take the seats that lack people.
    """

    name: str
    seats: Mapping[str, int]
    count: int | None = None
    after: float = 0.0
    bots_after: float | None = None
    people: int = 1

    @property
    def size(self) -> int:
        return sum(self.seats.values())

    @property
    def fills_after(self) -> float | None:
        """Seconds of waiting from which on bots take the seats that lack people; None: they never do."""
        return None if self.bots_after is None else max(self.after, self.bots_after)

    def takes(self, type_: str) -> bool:
        return type_ in self.seats or ANY in self.seats

    @property
    def types(self) -> tuple[str, ...]:
        """What each seat asks for."""
        return tuple(type_ for type_, seats in self.seats.items() for _ in range(seats))


@dataclass(frozen=True, slots=True)
class Lobby:
    """After `max_wait` seconds without a seat, `then` happens: "leave" is a code of its own, and paid.

    They count from the start of the session, or from coming if that is later. It happens, too, where a session has not
    started after `max_early` seconds, from coming or from when it was to start by itself.
    """

    max_wait: float = 600.0
    then: str = "leave"
    pay_per_minute: Decimal = Decimal(0)
    seat_hook: str = ""  # the function of hooks.py that seats; none: the rooms in the order of the file
    max_early: float = 3600.0
    present: float | None = None  # only who gave a sign within so many seconds is seated; None: everybody
    ready: float | None = None  # seconds for saying that one is there, to sit down; None: nobody is asked

    def longest(self, started: bool) -> float:
        """Seconds that anybody waits at most, now that the session has `started`, or until it does."""
        return self.max_wait if started else self.max_early


@dataclass(frozen=True, slots=True)
class Standby:
    """At most `places` people for whom no room opens any more wait `until` seconds longer, to take a place."""

    places: int
    until: float = 300.0


@dataclass(frozen=True, slots=True)
class Position:
    """One place in a room's plan: `index` counts all of them from 0, `round` those of this step from 1."""

    index: int
    step: Step
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What study.toml says, section by section.

    `types` are those that players may have; empty means that every type is welcome. `language` is that of our pages'
    texts, and `texts` has what stands in place of some, by their English. `constants` has what the study says once, for
    its own file, its pages and its hooks.
    """

    title: str
    types: tuple[str, ...]
    entry: tuple[Field, ...]
    rooms: tuple[RoomKind, ...]
    lobby: Lobby
    networks: tuple[Network, ...]
    steps: tuple[Step, ...]
    dropout: Dropout
    finish: Finish
    pay: Pay = field(default_factory=Pay)
    language: str = DEFAULT
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    treatments: tuple[Treatment, ...] = ()
    entrance: Entrance = field(default_factory=Entrance)
    screens: tuple[ScreenOut, ...] = ()
    quotas: tuple[Quota, ...] = ()
    roles: Roles | None = None
    standby: Standby | None = None
    privacy: Privacy = field(default_factory=Privacy)
    door: Door = field(default_factory=Door)
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    words: WordList | None = None
    pages: OwnPages = field(default_factory=OwnPages)
    constants: Mapping[str, object] = field(default_factory=dict)
    languages: tuple[str, ...] = ()  # besides `language`

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """In the order in which somebody goes through them: alone before the lobby, in a room, alone after it."""
        return (*self.before, *self.steps, *self.after)

    @property
    def ends_at_door(self) -> frozenset[str]:
        """The outcomes with which somebody may leave before they are in the lobby."""
        found = {FULL} if self.quotas else set()
        found |= {SCREENED_OUT} if self.screens else set()
        found |= {self.entrance.then} if self.checked else set()
        found |= {outcome for step in self.before for outcome in (step.fails, step.decline)}
        return frozenset((found | {self.entrance.decline}) - {""})

    @property
    def checked(self) -> tuple[Field, ...]:
        """The questions at the door that have a right answer."""
        return tuple(field for field in self.entry if field.correct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(Sections):
    """A study as it runs.

    `files` are the study's files by name, own files as pointers (own_files.py); `sha256` is their fingerprint.
    `entry_page` is the sha256, in hex, of the page that stands above the entry form; "" without one.

    `plan` is what everybody goes through, in order: the solo steps before the lobby, the steps of the room, the solo
    steps after it. Steps that follow each other with the same `repeat` repeat together: `ask` and `talk` with
    repeat = 3 give ask 1, talk 1, ask 2, talk 2, ask 3, talk 3. `rounds` has the index at which each round of these
    three begins in a room, with its number counted through the room's steps; steps that don't repeat are no round.

    `spoken` has it as it is read in each of its languages, its own included, where there are several.
    """

    files: Mapping[str, bytes] = field(repr=False)
    sha256: str
    plan: tuple[Position, ...] = field(init=False, repr=False, compare=False)
    rounds: Mapping[int, int] = field(init=False, repr=False, compare=False)
    entry_page: str = field(init=False, repr=False, compare=False)
    spoken: Mapping[str, Study] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plan", _plan(self.all_steps))
        begins = beginnings(self.steps)
        starts = (position.index for position in self.plan if position.step.name in begins)
        object.__setattr__(self, "rounds", {index: nth for nth, index in enumerate(starts, 1)})
        above = self.files.get(self.entrance.file)
        object.__setattr__(self, "entry_page", "" if above is None else hashlib.sha256(above).hexdigest())

    def said_in(self, language: str) -> Study:
        """The same as somebody reads it who chose this language; as it is where it has none such."""
        return self.spoken.get(language, self)

    @property
    def as_written(self) -> Study:
        """As study.toml has it: what hooks are told of."""
        return next(iter(self.spoken.values()), self)

    def read_in(self, form: Form) -> Study:
        """As it was read by who sent this form."""
        return self.said_in(first(form, READ_IN)) if self.spoken else self

    def network_of(self, kind: str) -> Network:
        """The first that is for rooms of this kind."""
        return next(one for one in self.networks if kind in one.rooms or not one.rooms)

    def planned_ties(
        self, kind: str, seed: int, types: Sequence[str], since: int, index: int
    ) -> tuple[Tie, ...] | None:
        """What a room of this kind gets as it goes to `index`; None: what it has had from `since` on stays.

        `types` is what its seats ask for.
        """
        network = self.network_of(kind)
        # Several, where a round's steps were skipped.
        begun = [nth for at, nth in self.rounds.items() if since < at <= index]
        if not any(network.changes(nth) for nth in begun):
            return None
        return network.ties(len(types), seed, types, kind, begun[-1])

    def pages_at(self, index: int) -> tuple[Position, ...]:
        """Where a room is that is at this index of the plan: at one position, or at several at one's own pace."""
        here = self.plan[index]
        if not here.step.own_pace:
            return (here,)
        return tuple(itertools.takewhile(lambda one: one.step.own_pace, self.plan[index:]))

    def following(self, index: int, outcome: str = "complete") -> int | None:
        """The index to which somebody goes on; None after the last step before the lobby, in the room, after it.

        `outcome`: how it ended for somebody who is after the room.
        """
        during, after = self.plan[index].step.during, index + len(self.pages_at(index))
        return self.first(during, outcome, after)

    def first(
        self, during: str, outcome: str = "complete", since: int = 0, treatment: Mapping[str, str] = {}
    ) -> int | None:
        """The index of the first of those steps, from `since` on, for somebody who ended so; None: there is none."""
        rest = (self.plan[at] for at in range(since, len(self.plan)))
        those = (one for one in rest if one.step.during == during and one.step.follows(outcome))
        return next((one.index for one in those if one.step.is_for(treatment)), None)

    def in_room(self, index: int | None, seed: int) -> int | None:
        """Where a room with this seed goes that would go to this index: behind its rounds, where chance ends them."""
        if index is None or self.plan[index].step.continues is None:
            return index
        together = next(found for _, found in blocks(self.steps) if self.plan[index].step in found)
        here = self.plan[index]
        if here.step is not together[0] or not is_over(here.step, here.round, seed, here.step.name):
            return index
        behind = (one.index for one in self.plan[index:] if one.step not in together)
        return self.first(PLAYING, since=next(behind, len(self.plan)))

    @property
    def opens_at(self) -> int:
        """The index of a room's first step."""
        return sum(step.repeat for step in self.before)

    def part_of(self, index: int) -> range:
        """The indices of all pages that are gone through like this one: before the lobby, in a room, or after it."""
        those = [one.index for one in self.plan if one.step.during == self.plan[index].step.during]
        return range(those[0], those[-1] + 1)

    def goes_on(self, outcome: str) -> bool:
        """Whether somebody who ended so still has solo steps to go through."""
        return self.first(AFTER, outcome) is not None

    @property
    def begins(self) -> str:
        """The status of whoever has just come in."""
        if self.first(BEFORE) is not None:
            return BEFORE
        return "waiting" if self.rooms else AFTER

    @property
    def draws_at_door(self) -> bool:
        return any(one.by == "arrival" for one in self.treatments)

    @property
    def draws_within_types(self) -> bool:
        return any(one.by == "arrival" and one.within == "type" for one in self.treatments)

    def decides_first(self, index: int) -> bool:
        """Whether something is to be decided before the step there opens as the first."""
        first, chooses = self.plan[index].step, any(page.step.chooses for page in self.pages_at(index))
        return bool(chooses or first.opening_hooks or self.deals_at(index))

    def deals_at(self, index: int) -> bool:
        """Whether roles are dealt as this position opens."""
        if self.roles is None or self.plan[index].step.is_solo:
            return False
        return index == self.opens_at or index in self.rounds

    def begins_round(self, step: str, round: int) -> bool:
        return any((self.plan[at].step.name, self.plan[at].round) == (step, round) for at in self.rounds)

    def step_named(self, name: str) -> Step:
        return next(step for step in self.all_steps if step.name == name)

    def decides(self, during: str = PLAYING) -> bool:
        """Whether more happens between two such steps than that the next one opens."""
        if any(step.decides for step in self.all_steps if step.during == during):
            return True
        by_hook = any(network.rewire_by for network in self.networks)
        return during == PLAYING and (by_hook or self.roles is not None or self.has_bots)

    @property
    def scores(self) -> bool:
        """Whether players earn something by what they do."""
        return any(step.score_hook for step in self.all_steps)

    @property
    def pays(self) -> bool:
        """Whether it says anything of pay."""
        return bool(self.pay.base or self.pay.outcomes or self.lobby.pay_per_minute or self.scores)

    @property
    def has_moves(self) -> bool:
        return any(step.moves for step in self.steps)

    @property
    def has_bots(self) -> bool:
        """Whether bots may play: for people who leave, or in seats that nobody took."""
        rules = (self.dropout, *(step.dropout for step in self.steps))
        fill = any(room.bots_after is not None for room in self.rooms)
        return fill or any("bot" in rule.then for rule in rules)

    @property
    def fills_places(self) -> bool:
        """Whether at some step who waits takes the place of somebody who has left."""
        return any("standby" in step.dropout.then for step in self.steps)

    @property
    def mediates(self) -> bool:
        """Whether a function of it answers what is written somewhere."""
        return any(channel.on_message for step in self.steps for channel in step.channels)

    @property
    def listens(self) -> bool:
        """Whether it matters at some step when somebody has last given a sign."""
        return any(step.dropout.silent for step in self.steps)

    @property
    def hears(self) -> bool:
        """Whether it matters anywhere when somebody has last given a sign."""
        return (
            self.listens or self.lobby.present is not None or any(not step.timed for step in self.all_steps)
        )

    @property
    def largest_room(self) -> int:
        return max((room.size for room in self.rooms), default=0)

    @property
    def records_per_player(self) -> int:
        """How many records one player makes in the whole plan, not counting newer versions."""
        return sum(len(position.step.fields) for position in self.plan)


def _plan(steps: tuple[Step, ...]) -> tuple[Position, ...]:
    turns = (
        (step, round_number)
        for repeat, together in blocks(steps)
        for round_number in range(1, repeat + 1)
        for step in together
    )
    return tuple(Position(index, step, round_number) for index, (step, round_number) in enumerate(turns))
