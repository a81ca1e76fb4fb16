"""What a bot notes while it plays: the rehearsal's own journal, which the database's word is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Exchange(NamedTuple):
    """One answered request. Times in seconds on the machine's monotonic clock."""

    kind: str  # door, sign-in, page, records or messages
    at: float
    seconds: float  # from the first try to the answer that counts, other tries and waits included
    tries: int


class Told(NamedTuple):
    """A form with its receipt."""

    receipt: str
    form: str  # its key
    values: tuple[tuple[str, str], ...]
    at: float


class Misfit(NamedTuple):
    """Something that was typed on purpose so that it does not fit."""

    label: str
    step: str
    round: int
    field: str
    typed: str


class Sent(NamedTuple):
    at: float
    answered: float | None = None  # None: it is not known whether it was stored


class Seen(NamedTuple):
    """A message on a page."""

    at: float
    body: str
    live: bool  # it came as news, not with the whole page


class Lost(NamedTuple):
    """The stream of a page that ended without anybody's doing."""

    at: float
    back: float  # when another had brought the page again


class Wrong(NamedTuple):
    """Something that a promise rules out."""

    promise: int  # DESIGN, section 4; 0: the bot itself failed
    sentence: str
    # For how many seconds something came late, where that is all that is wrong: a machine that is too slow may do so.
    # 0: it is worse than that, and no machine excuses it
    late: float = 0.0


# What keeps somebody from their page for a while.
AWAY = {"locked the phone", "read nothing for a while", "left without a word", "withdrew"}


@dataclass(slots=True)
class Diary:
    label: str
    meant: str = ""  # the outcome with which they are to be out before the lobby, by what they do and answer
    came: float | None = None
    signed_in: float | None = None
    through: float | None = None  # with what comes before the lobby
    seated: float | None = None
    done: float | None = None
    code: str | None = None
    gone: bool = False  # left without a word
    last_receipt: list[str] = field(default_factory=list)  # for all its records, as its last page shows it
    asks: list[Exchange] = field(default_factory=list)
    thought: float = 0.0  # seconds that it took its time over what it was asked
    # Position in the plan whose form stood on the page → since when, in seconds since 1970, as the room's log counts.
    shown: dict[int, float] = field(default_factory=dict)
    by_chance: int = 0  # records that were drawn …
    by_hook: int = 0  # … and those that the study's `bot` gave
    slips: dict[str, int] = field(default_factory=dict)  # why it could not, how often
    refused: int = 0  # forms that were plausible, and not taken as they were
    misfits: list[Misfit] = field(default_factory=list)  # what it typed on purpose, and was refused
    told: list[Told] = field(default_factory=list)
    sent: dict[str, Sent] = field(default_factory=dict)  # by what they say: no bot says the same twice
    seen: dict[int, Seen] = field(default_factory=dict)  # message → when it first stood on a page
    boards: dict[int, int] = field(
        default_factory=dict
    )  # position → the newest move that its page has told of
    lost: list[Lost] = field(default_factory=list)
    here_until: float = 0.0  # a page of this player showed a room, connected, until then
    statuses: dict[int, int] = field(default_factory=dict)  # answers by HTTP status
    broken: int = 0  # connections that broke, and those that this bot broke itself
    mischief: dict[str, int] = field(default_factory=dict)  # double clicks, locked phones …
    wrongs: list[Wrong] = field(default_factory=list)

    def wrong(self, promise: int, sentence: str, late: float = 0.0) -> None:
        """What was late is not to leave out what is worse: each may be noted a hundred times."""
        if sum(bool(one.late) is bool(late) for one in self.wrongs) < 100:
            self.wrongs.append(Wrong(promise, f"{self.label}: {sentence}", late))

    def slip(self, why: str) -> None:
        self.slips[why] = self.slips.get(why, 0) + 1

    @property
    def was_away(self) -> bool:
        """At times it could not see its page, or stood with a connection that broke."""
        return bool(self.broken or self.mischief.keys() & AWAY)

    def did(self, what: str) -> None:
        self.mischief[what] = self.mischief.get(what, 0) + 1
