"""What the interface answers, as the OpenAPI page describes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from litestar.exceptions import ValidationException
from litestar.params import QueryParameter
from msgspec import Meta, Struct

Item = TypeVar("Item")
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="So many at the most.")]
AfterNumber = Annotated[
    int, QueryParameter(ge=0, description="Those with a higher number: `next` of the page before.")
]
PlayerStatus = Annotated[
    str,
    QueryParameter(description="`invited`, `before`, `waiting`, `playing`, `after`, `finished` or `left`."),
]
RoomStatus = Annotated[
    str, QueryParameter(description="`playing`, `ended`, or `stopped`: those that wait for `retry`.")
]
After = Annotated[str, QueryParameter(description="Those after this one: `next` of the page before.")]


class SessionState(Struct, frozen=True, kw_only=True):
    session: Annotated[str, Meta(description="Its id, as in addresses and commands.")]
    name: str
    status: Annotated[str, Meta(description="`open`, `running`, `paused` or `closed`.")]
    role: Annotated[str, Meta(description="Yours: `owner`, `colleague` or `observer`.")]
    archived: bool
    opened_at: datetime
    start_at: Annotated[datetime | None, Meta(description="When it starts by itself.")]
    started_at: datetime | None
    closed_at: datetime | None


class SessionInList(SessionState, frozen=True, kw_only=True):
    players: Annotated[int, Meta(description="Invited, or come by the link for everybody.")]
    signed_in: int
    rooms: int
    records: int


class SessionList(Struct, frozen=True, kw_only=True):
    sessions: list[SessionInList]
    next: Annotated[str | None, Meta(description="Say it as `after` for the next page; null: there is none.")]


class AskedForHelp(Struct, frozen=True, kw_only=True):
    player: int
    label: str
    body: str
    at: datetime


class SessionNow(SessionState, frozen=True, kw_only=True):
    study_sha256: str
    door: Annotated[str | None, Meta(description="The one link for everybody.")]
    places: Annotated[
        int | None, Meta(description="How many are to come to the end by it; null: any number.")
    ]
    players: Annotated[
        dict[str, int],
        Meta(
            description="By status: `invited`, `before`, `waiting`, `playing`, `after`, `finished`, `left`."
        ),
    ]
    waiting: Annotated[dict[str, int], Meta(description="In the lobby, by type.")]
    rooms: Annotated[dict[str, int], Meta(description="By status: `playing`, `ended`.")]
    outcomes: Annotated[dict[str, int], Meta(description="How it ended, of those who came in.")]
    turned_away: Annotated[dict[str, int], Meta(description="Of those at the door.")]
    connected: Annotated[int, Meta(description="Players who have a page connected.")]
    records: int
    messages: int
    asking: Annotated[list[AskedForHelp], Meta(description="Who waits for a `note`, the longest first.")]
    seating_stopped_at: Annotated[
        datetime | None, Meta(description="When a hook stopped seating, for `retry-seating`.")
    ]


class StudyLine(Struct, frozen=True, kw_only=True):
    study: str
    version: Annotated[int, Meta(description="From 1.")]
    title: str
    sha256: str
    source: Annotated[str, Meta(description="Where it came from, in words.")]
    uploaded_by: str
    uploaded_at: datetime
    can_run: bool


class StudyList(Struct, frozen=True, kw_only=True):
    studies: Annotated[list[StudyLine], Meta(description="The newest version of each.")]
    next: Annotated[str | None, Meta(description="Say it as `after` for the next page; null: there is none.")]


class Versions(Struct, frozen=True, kw_only=True):
    versions: Annotated[list[StudyLine], Meta(description="The newest first.")]


class Version(StudyLine, frozen=True, kw_only=True):
    report: Annotated[dict[str, Any], Meta(description="What `networklab check --json` says of it.")]


class Rehearsed(Struct, frozen=True, kw_only=True):
    state: Annotated[str, Meta(description="`running`, `done`, `failed`, or `none`: there was none yet.")]
    players: int | None = None
    ok: Annotated[bool | None, Meta(description="Whether every promise held.")] = None
    said: Annotated[str, Meta(description="Why it failed.")] = ""
    report: Annotated[dict[str, Any], Meta(description="What `networklab rehearse --json` says.")] = {}


class JoinLink(Struct, frozen=True, kw_only=True):
    label: str
    type: str
    link: Annotated[str, Meta(description="Whoever has it is that player.")]


class SessionOpened(Struct, frozen=True, kw_only=True):
    session: str
    name: str
    players: Annotated[int | None, Meta(description="Invited; null where the same request came before.")]
    door: Annotated[str | None, Meta(description="The one link for everybody.")]
    links: Annotated[list[JoinLink], Meta(description="Of the list.")]
    notes: Annotated[list[str], Meta(description="What you should know, in sentences.")]


class AddedPeople(Struct, frozen=True, kw_only=True):
    added: int
    links: Annotated[list[JoinLink], Meta(description="As far as they can be made.")]
    notes: list[str]


class DoneDeed(Struct, frozen=True, kw_only=True):
    session: str
    said: Annotated[str, Meta(description="What was done, or that nothing had to be.")]


class NoteLine(Struct, frozen=True, kw_only=True):
    at: datetime
    by: Annotated[str | None, Meta(description="The account that wrote it; null: the player asks for help.")]
    body: str
    about: Annotated[str, Meta(description="Where they were as they asked, or to whom else it went.")]


class PlayerLine(Struct, frozen=True, kw_only=True):
    player: Annotated[int, Meta(description="Their number, as in addresses and in the export.")]
    label: str
    type: str
    status: Annotated[
        str, Meta(description="`invited`, `before`, `waiting`, `playing`, `after`, `finished` or `left`.")
    ]
    room: Annotated[int | None, Meta(description="The number of the room where they play or have played.")]
    room_name: str | None
    slot: int | None
    step: Annotated[str | None, Meta(description="Where they are, or their room is.")]
    round: int | None
    asked: Annotated[bool, Meta(description="They are shown a step and have not answered it.")]
    stopped: Annotated[bool, Meta(description="A hook has stopped them there.")]
    connected: Annotated[bool, Meta(description="A page of theirs is.")]
    erased: bool
    signed_in_at: datetime | None
    outcome: Annotated[str | None, Meta(description="How it ended for them.")]
    code: str | None


class PlayerList(Struct, frozen=True, kw_only=True):
    players: list[PlayerLine]
    next: Annotated[int | None, Meta(description="Say it as `after` for the next page; null: there is none.")]


class PlayerNow(PlayerLine, frozen=True, kw_only=True):
    alone: Annotated[
        int | None,
        Meta(description="Where they go on alone: the number by which they `retry`, as a room does."),
    ]
    stopped_at: Annotated[datetime | None, Meta(description="When a hook stopped them there.")]
    why: Annotated[str | None, Meta(description="… and why.")]
    notes: Annotated[list[NoteLine], Meta(description="What they asked and were told, oldest first.")]


class RoomListed(Struct, frozen=True, kw_only=True):
    room: Annotated[int, Meta(description="Its number, as in addresses and in the export.")]
    name: str
    kind: Annotated[str, Meta(description="Its name in the study.")]
    status: Annotated[str, Meta(description="`playing` or `ended`.")]
    stopped: Annotated[bool, Meta(description="A hook could not decide: it waits for `retry`.")]
    position: Annotated[int, Meta(description="Of its step among all there are, from 0.")]
    step: str
    round: int
    deadline: datetime
    outcome: str | None
    types: Annotated[list[str], Meta(description="By slot.")]
    states: Annotated[
        list[str],
        Meta(description="By slot: `answered`, `silent`, `unasked`, `nudged`, `away`, `left` or `bot`."),
    ]


class RoomList(Struct, frozen=True, kw_only=True):
    rooms: list[RoomListed]
    next: Annotated[int | None, Meta(description="Say it as `after` for the next page; null: there is none.")]


class RoomNow(RoomListed, frozen=True, kw_only=True):
    given: Annotated[int, Meta(description="Seconds that a researcher has given its step.")]
    stopped_at: Annotated[datetime | None, Meta(description="When the hook stopped it, for `retry`.")]
    why: Annotated[str | None, Meta(description="… and why.")]
    players: Annotated[list[int | None], Meta(description="Numbers by slot; null: a bot.")]


class RecountVerdict(Struct, frozen=True, kw_only=True):
    session: str
    ok: bool
    records: Annotated[dict[str, int], Meta(description="`acknowledged`, `stored` and `exported`.")]
    messages: dict[str, int]
    checks: Annotated[
        list[dict[str, Any]],
        Meta(
            description="`name`, `sentence`, `ok`, how often it was `found` broken, and the first such `rows`."
        ),
    ]
    notes: list[str]


def must_be_one_of(name: str, said: str, known: Sequence[str]) -> None:
    """A value that is mistyped must not pass for one that nobody has; none at all is left out. Raises a 400."""
    if said and said not in known:
        message = f"“{said[:100]}” is none of {', '.join(known)}"
        raise ValidationException(extra=[{"key": name, "message": message}])


def page_of(
    all_: Sequence[Item], name: Callable[[Item], str], limit: int, after: str
) -> tuple[Sequence[Item], str | None]:
    """A page of a list, and what to say for the next. Raises a 400."""
    first = 0
    if after:
        names = [name(one) for one in all_]
        if after not in names:
            wrong = {
                "key": "after",
                "message": "nothing on the list has this name any more; begin anew without it",
            }
            raise ValidationException(extra=[wrong])
        first = names.index(after) + 1
    found = all_[first : first + limit]
    return found, name(found[-1]) if first + limit < len(all_) else None
