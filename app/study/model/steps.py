"""Steps: the pages of a room's plan, what is shown and asked there, and what is done about who falls silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.study.model.channels import Channel
from app.study.model.clocks import Clock
from app.study.model.fields import Field
from app.study.model.kinds.choice import CHOICE
from app.study.model.kinds.click import CLICK
from app.study.model.moves import MoveForm, is_meant

ROLE = "role"  # the result that says what somebody is in a round
SEEN = ("neighbours", "room")  # whom a question of kind each can be about without a hook
HIDDEN = "hidden"
ROOM, PAIRS = "room", "pairs"  # what a result may be of, if not of each player
BEFORE, PLAYING, AFTER = "before", "playing", "after"  # as a player's status says where they are
PATIENCE = 1800.0  # seconds without a sign after which nobody is waited for at a page that has no limit
DROPOUT_LAST = ("bot", "smaller", "end_room", "continue")  # of what [dropout] can ask for: these always work


@dataclass(frozen=True, slots=True)
class Show:
    """What others did, shown at a step: the answers to `field`, or its result of that name, of the step named `step`.

    Where `hook` is given, the value is what that function computes as this step opens, a result named after it.
    `of` is "neighbours", "room" or "me". `round` is "last" (the one before this page), "all" (each before it) or
    "now" (this one, as answers come). `look` is "table", "picture", "mean", "sum", "min", "max", "count" (how many gave
    each answer) or "bars" (the same, drawn). `ask` stands above it, in place of the question. `also` has the steps that
    ask the same of those whom `step` is not for.
    """

    field: str
    step: str
    of: str = "neighbours"
    round: str = "last"
    look: str = "table"
    hook: str = ""
    ask: str = ""
    also: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """All of which it shows the answers."""
        return (self.step, *self.also)


@dataclass(frozen=True, slots=True)
class Dropout:
    """Who gives no sign for `silent` seconds while their room waits for them is gone (None: nobody is).

    `then` is what is done, in order. "nudge" asks whether they are still there, and what follows waits `grace` seconds
    for a sign. "standby" (somebody who waits takes the slot) may find nobody, and then the next is done: "bot" (a bot
    plays on), "smaller" (the room goes on without them), "end_room", or "continue" (they stay, and each step waits for
    its deadline). For somebody who leaves by themselves the same is done, without the nudge. `bot_hook` names a
    function of hooks.py that answers for bots; without one their answers are drawn at random.
    """

    silent: float | None = None
    grace: float = 20.0
    then: tuple[str, ...] = ("continue",)
    bot_hook: str = ""

    @property
    def nudges(self) -> bool:
        return "nudge" in self.then

    @property
    def follow(self) -> tuple[str, ...]:
        """What is done about somebody who is gone."""
        return tuple(action for action in self.then if action != "nudge")

    @property
    def takes_out(self) -> bool:
        """Whether it takes anybody out of a room."""
        return any(action != "continue" for action in self.follow)


@dataclass(frozen=True, slots=True)
class Roles:
    """What players are in a round: dealt among each pair or clique, or else in the room, and stored as the result
    `role`. With `change` everybody gets each of them in turn, over the rounds."""

    names: tuple[str, ...]
    ask: str = "Your role"
    change: bool = False

    @property
    def field(self) -> Field:
        return Field(ROLE, self.ask, CHOICE, options=tuple(dict.fromkeys(self.names)))


@dataclass(frozen=True, slots=True)
class Step:
    """One page with a deadline `limit` seconds after it opened, shown `repeat` times.

    `chat` is "none", "neighbours", "room", "direct" (one chooses whom), or "channels": those in `channels`. `talk` is
    "kept" (what was said before stays on the page) or "fresh": it begins anew whenever this step opens. `ends` is
    "answered" (as soon as all have answered, and at the deadline at the latest) or "deadline". `on_timeout` says what
    is stored for who has not answered: "blank", "keep", "default:VALUE" or "hook". `save` is "button", or "change":
    each change is saved by itself.

    `wait_for` is the share of those asked whose answers end the step. 0 is none: each goes on by themselves, and
    steps that follow each other like this are gone through at one's own pace.

    `when`, `on_end` and `score_hook` name functions of hooks.py: who is shown this step, what is computed as it ends
    (the values named in `results`), and what each slot earns by it. `only` is whom it is for, by treatment and role: a
    level of each factor that it names.

    `during` is when it comes: PLAYING in a room with others, BEFORE the lobby or AFTER the room alone. A solo step
    that is not `timed` has no limit: `limit` is then how long somebody may give no sign. `decline` is the outcome of
    whoever clicks there that they do not take part. `also` has the outcomes that get to a step after the room beside
    "complete". Where a question has a right answer each of `attempts` is a round, until all is right, and who still
    has it wrong after the last is out, as `fails`. `button` is what the button says; where nothing else is asked, the
    click on it is.

    `valid` names a function of hooks.py that says what is wrong with what somebody is about to have answered.
    `leave` names a function of hooks.py that says whose part ends with this step, and as what.

    `within` is the time that pages in a row have in common at one's own pace; `limit` is then each one's part of it.

    `rounds` is what its rounds are called, or "hidden". Where it `continues`, another round follows one with this
    chance, once there were `at_least` so many, and `repeat` is the most there can be.

    Where it is `final` what was sent can't be changed; else it can until the step ends.

    `moves` is what players may do at any time while it is open, each answered at once by `on_move`, a function of
    hooks.py. A step with moves asks no `fields`, and ends at its limit, when that function says so, or `quiet` seconds
    after the last move that counts.

    `clock` is a number that changes by itself meanwhile, and that a move takes as it is then.

    `bot` names a function of hooks.py that says what a bot does while the step is open.
    """

    name: str
    page: str
    repeat: int = 1
    limit: float = 60.0
    fields: tuple[Field, ...] = ()
    chat: str = "none"
    channels: tuple[Channel, ...] = ()
    talk: str = "kept"
    typing: bool = False  # whoever is in its one talk sees who is writing
    on_timeout: str = "blank"
    ends: str = "answered"
    show: tuple[Show, ...] = ()
    save: str = "button"
    wait_for: Decimal = Decimal(1)
    results: tuple[Field, ...] = ()
    when: str = ""
    on_end: str = ""
    score_hook: str = ""
    dropout: Dropout = Dropout()
    only: Mapping[str, str] = field(default_factory=dict)
    during: str = PLAYING
    timed: bool = True
    decline: str = ""
    also: tuple[str, ...] = ()
    attempts: int = 0
    fails: str = ""
    button: str = ""
    within: float = 0.0
    valid: str = ""
    leave: str = ""
    final: bool = False
    rounds: str = ""
    continues: Decimal | None = None
    at_least: int = 1
    moves: tuple[MoveForm, ...] = ()
    on_move: str = ""
    quiet: float = 0.0
    clock: Clock | None = None
    bot: str = ""
    order: str = ""  # RANDOM: its questions stand so
    # Of its fields of kind each: whom
    asks_about: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asks_about", {one.name: one.of for one in self.fields if one.of})

    def is_for(self, treatment: Mapping[str, str]) -> bool:
        """Whether this is shown to whoever got `treatment`. A factor that is not in it keeps nobody away."""
        return is_meant(self.only, treatment)

    def excludes(self, other: Step) -> bool:
        """Whether nobody comes to both, as each is for another level of a treatment. A role is another each round."""
        levels = other.only
        return any(levels.get(name, level) != level for name, level in self.only.items() if name != ROLE)

    def move_named(self, name: str) -> MoveForm | None:
        """None: there is no such move here."""
        return next((one for one in self.moves if one.name == name), None)

    def follows(self, outcome: str) -> bool:
        """Whether this is for somebody who ended so, where it comes after the room."""
        return self.during != AFTER or outcome == "complete" or outcome in self.also

    @property
    def chooses(self) -> bool:
        """Whether it may be shown to some only, or to nobody."""
        return bool(self.when or self.only)

    @property
    def is_solo(self) -> bool:
        return self.during != PLAYING

    @property
    def checked(self) -> tuple[Field, ...]:
        """The questions that have a right answer."""
        return tuple(one for one in self.fields if one.correct)

    @property
    def asks(self) -> bool:
        """Whether there is more to do here than to read and to click."""
        return any(one.kind is not CLICK for one in self.fields)

    @property
    def limiting(self) -> tuple[str, ...]:
        """The results that limit what can be answered here, or are what can be."""
        return tuple(dict.fromkeys(name for one in self.fields for name in one.limits.values()))

    def limited(self, values: Mapping[str, str]) -> Step:
        """As it is asked where these have such stored values."""
        return (
            replace(self, fields=tuple(one.limited(values) for one in self.fields)) if self.limiting else self
        )

    def field_named(self, name: str) -> Field | None:
        """The field or result of this name."""
        return next((one for one in (*self.fields, *self.results) if one.name == name), None)

    def has(self, name: str) -> bool:
        return self.field_named(name) is not None

    def wrong_in(self, said: Mapping[str, str]) -> tuple[str, ...]:
        """The fields whose answer, as it is stored, is not right."""
        return tuple(one.name for one in self.checked if not one.is_right(said.get(one.name, "")))

    @property
    def is_live(self) -> bool:
        """Whether it shows answers as they come."""
        return any(one.round == "now" for one in self.show)

    @property
    def shuffles(self) -> bool:
        """Whether anything on its page stands in a random order."""
        return bool(self.order) or any(field.order for field in self.fields)

    @property
    def own_pace(self) -> bool:
        return self.wait_for == 0

    @property
    def may_end_early(self) -> bool:
        """Whether a room, or somebody in it, may go on before the last round that there can be."""
        return self.continues is not None or self.own_pace or self.attempts > 0

    @property
    def tells(self) -> bool:
        """Whether its page shows, or is limited by, what was said before."""
        return bool(self.show or self.limiting or any(field.of for field in self.fields))

    @property
    def talks(self) -> tuple[Channel, ...]:
        """What is talked in at this step."""
        return self.channels or (() if self.chat == "none" else (Channel(of=self.chat, typing=self.typing),))

    @property
    def tells_typing(self) -> bool:
        """Whether somebody may be seen writing at this step."""
        return any(one.typing for one in self.talks)

    def channel_named(self, name: str) -> Channel | None:
        """None: it has no such channel."""
        return next((one for one in self.talks if one.name == name), None)

    @property
    def begins_talk(self) -> bool:
        """Whether nothing that was said before stands on its page."""
        return self.chat != "none" and self.talk == "fresh"

    @property
    def fills_in(self) -> bool:
        """Whether something is stored for who has not answered."""
        return self.on_timeout != "blank" and bool(self.fields)

    @property
    def opening_hooks(self) -> tuple[str, ...]:
        others = [field.of for field in self.fields if field.of not in ("", *SEEN)]
        hooks = [*(one.hook for one in self.show), *others, *(one.listed_by for one in self.fields)]
        hooks += [hook for one in self.channels for hook in (one.hook, one.mediator)]
        return tuple(dict.fromkeys(hook for hook in hooks if hook))

    @property
    def computed(self) -> tuple[Field, ...]:
        """The results that `on_end` and `on_move` give."""
        others = (ROLE, *self.opening_hooks)
        return tuple([one for one in self.results if one.name not in others])

    @property
    def computes(self) -> bool:
        """Whether hooks are asked, as it ends, of what was answered."""
        return bool(self.on_end or self.score_hook)

    @property
    def decides(self) -> bool:
        """Whether more happens at its opening or end than that the next one opens."""
        decided = self.fills_in or self.opening_hooks or self.chooses or self.on_end or self.score_hook
        ends = self.leave or self.continues is not None or self.attempts or (self.decline and self.timed)
        return bool(decided or ends or self.moves)


def meant_in(
    place: tuple[str | int, ...], step: Step
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, str], str]]:
    """Each `only` of a step that stands at `place`: where it stands itself, whom it is for, and of what it is."""
    yield (*place, "only"), step.only, "step"
    for index, move in enumerate(step.moves):
        yield (*place, "move", index, "only"), move.only, "move"


def places_of(steps: Sequence[Step]) -> list[tuple[str | int, ...]]:
    """Where each of all steps stands in study.toml, as a path of keys."""
    counts: Counter[str] = Counter()
    found: list[tuple[str | int, ...]] = []
    for step in steps:
        table = "step" if step.during == PLAYING else step.during
        found.append((table, counts[table]))
        counts[table] += 1
    return found
