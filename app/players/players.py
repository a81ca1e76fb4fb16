"""Players: invited with a token, signed in, seated, finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.players import tokens
from app.players.people import Person
from app.players.tokens import hashed
from app.study.hooks.networklab import NOT_KNOWN, Earlier
from app.study.model.study import Study

SQL = Queries(__name__)
INSIDE = ("before", "waiting", "playing", "after")  # statuses of who has come in and is not out


@dataclass(frozen=True, slots=True)
class Player:
    token_hash: bytes
    id: int
    session_id: str
    label: str
    type: str
    status: str  # invited, before, waiting, playing, after, finished or left
    room_id: int | None
    slot: int | None
    signed_in_at: datetime | None
    waiting_since: datetime | None
    seated_at: datetime | None
    finished_at: datetime | None
    outcome: str | None  # how it ended: a key of the study's codes
    code: str | None
    session_status: str
    nudged_at: datetime | None = None  # asked whether they are still there, or since then a pause has ended
    standby_until: datetime | None = None  # waits for a place that becomes free, at most so long
    treatment: Mapping[str, str] = field(default_factory=dict)  # factor → level, the room's included
    start_at: datetime | None = None  # when the session starts by itself
    erased_at: datetime | None = None  # nothing personal of them is left since then
    erase_wanted_at: datetime | None = None  # they asked for that
    queued_at: datetime | None = None  # last in the queue since then: did not say in time that they are ready
    asked_until: datetime | None = None  # whether they are ready: a room comes together
    ready_at: datetime | None = None  # said so
    study_sha256: str = ""  # of the session's study, where that was read
    session_log_id: int = 0
    session_seq: int = 0  # of the last event in the session's log
    here_id: int | None = None  # the room in which they are now, alone or with others
    here_seq: int | None = None  # of the last event in its log
    has_said: bool = True  # anything to the page that is open there; false where none was there to be read
    earned: Decimal = Decimal(0)  # in points, where the study has them
    has_notes: bool = True  # and drafts, in the same way
    has_drafts: bool = True
    given: Mapping[str, str] = field(default_factory=dict)  # with their link or line, as it was
    door_id: str | None = None  # by which the link for everybody finds them again
    queued_from: datetime | None = None  # in the lobby since then, where solo steps came before it
    waited_until: datetime | None = None  # went on from the lobby, without a room, or from a room
    in_line_since: datetime | None = None  # found the door full, and has waited before it since then
    in_line_until: datetime | None = None  # at most
    seed: int = 0  # of what is in random order on their pages
    language: str = ""  # in which they read their pages; empty: that of the study
    earlier: Earlier = NOT_KNOWN  # in the session that this one goes on from, where that was read

    @property
    def in_line(self) -> bool:
        """Whether they wait before the door now."""
        return self.status == "invited" and self.in_line_until is not None

    @property
    def has_come(self) -> bool:
        """Whether their link leads to a page of theirs."""
        return self.status != "invited" or self.in_line

    @property
    def may_change(self) -> bool:
        """Whether their page is still to change."""
        return self.status not in ("invited", "finished", "left") or self.in_line

    @property
    def has_id(self) -> bool:
        """Whether the link for everybody finds them by an id of their recruiter."""
        return bool(self.door_id) and " " not in str(self.door_id)

    @property
    def may_yield(self) -> bool:
        """Whether they are found by an id that could be guessed: its place is not taken while their page is there."""
        return self.has_id and tokens.is_guessable(str(self.door_id))


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who comes in with what the entry form asks for."""

    token: str
    entry: Mapping[str, str]
    page: str = ""  # what stood above the form, as the study's `entry_page`
    begins: str = "waiting"  # the status that they come in with
    session_id: str = ""  # the session whose form it is, of those that know the token


@dataclass(frozen=True, slots=True)
class SignedIn:
    token_hash: bytes
    id: int
    session_id: str
    status: str
    shut_out: bool  # still invited: the session is closed
    meant: str = ""  # the session whose form it was, where that was said


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another session, and how many of the same people are invited to it."""

    id: str
    name: str
    people: int


def _token_end(token: str) -> str:
    """What may be stored of a token as it is, to be found by: four letters, where eight or more stay secret."""
    return token[-4:] if len(token) >= 12 else ""


async def invite(conn: Connection, session_id: str, people: Sequence[Person]) -> None:
    """In this order. Whoever has no token gets one, that `links` can make again."""
    found = await (await conn.execute(SQL["new_numbers"], dict(many=len(people)))).fetchall()
    numbers, secret = [number for (number,) in found], await tokens.server_secret(conn)
    people = [
        person if person.token else replace(person, token=tokens.made_token(secret, number, person.label))
        for number, person in zip(numbers, people, strict=True)
    ]
    await conn.execute(
        SQL["invite"],
        dict(
            session_id=session_id,
            numbers=numbers,
            labels=[person.label for person in people],
            types=[person.type for person in people],
            hashes=[hashed(person.token) for person in people],
            ends=[_token_end(person.token) for person in people],
            given=[Jsonb(dict(person.given)) for person in people],
        ),
    )


async def also_invited_to(conn: Connection, session_id: str, people: Sequence[Person]) -> list[Elsewhere]:
    """Other sessions that are not closed and share tokens with this one."""
    hashes = [hashed(person.token) for person in people]
    return await rows(conn, Elsewhere, SQL["also_invited_to"], session_id=session_id, hashes=hashes)


async def invite_again(conn: Connection, session_id: str, player_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Players of another session come into this one by the same tokens, with the same labels, types and what was given
    with them. Each new number beside the old one, without those who were erased meanwhile."""
    numbers = await (await conn.execute(SQL["new_numbers"], dict(many=len(player_ids)))).fetchall()
    again = dict(session_id=session_id, numbers=[one for (one,) in numbers], player_ids=list(player_ids))
    return [(new, old) for new, old in await (await conn.execute(SQL["invite_again"], again)).fetchall()]


async def find_by_token(conn: Connection, token: str) -> Player | None:
    [found] = await find_by_tokens(conn, [token])
    return found


async def find_by_tokens(
    conn: Connection, tokens: Sequence[str], session_ids: Sequence[str] = ()
) -> list[Player | None]:
    """In the order of `tokens`; None for one that nobody has. `session_ids`: for each the session that is meant where
    several know it, or ""."""
    hashes, meant = [hashed(token) for token in tokens], list(session_ids or [""] * len(tokens))
    asked = dict(nths=list(range(len(hashes))), hashes=hashes, session_ids=meant)
    found: list[Player | None] = [None] * len(hashes)
    async for nth, *columns in await conn.execute(SQL["find_by_tokens"], asked):
        found[nth] = Player(*columns)
    return found


async def all_by_token(conn: Connection, token: str, session_id: str = "") -> list[Player]:
    """Whose it is, first where its link leads now: to `session_id` if that knows it."""
    return await rows(conn, Player, SQL["all_by_token"], hash=hashed(token), session_id=session_id)


async def find_player(conn: Connection, player_id: int) -> Player | None:
    return await row(conn, Player, SQL["find_player"], player_id=player_id)


async def number_of(conn: Connection, session_id: str, label: str) -> int | None:
    """Of the player with this label."""
    found: int | None = await value(conn, SQL["number_of"], session_id=session_id, label=label)
    return found


async def was_taken_out(conn: Connection, player: Player) -> bool:
    """Whether somebody who left did so by a researcher's hand."""
    if player.status != "left":
        return False
    return bool(await value(conn, SQL["was_taken_out"], player_id=player.id, session_id=player.session_id))


async def sign_in(conn: Connection, arrivals: Sequence[Arrival]) -> list[SignedIn | None]:
    """In the order of `arrivals`. The first time, an invited player comes in; afterwards nothing changes.

    None: no such token.
    """
    # No event: all who come would queue for one log. The seating that follows logs them, and sets arrival_logged.
    first = {(hashed(one.token), one.session_id): one for one in reversed(arrivals)}
    found = await rows(
        conn,
        SignedIn,
        SQL["sign_in"],
        hashes=[hash for hash, _ in first],
        session_ids=[session_id for _, session_id in first],
        entries=[Jsonb(dict(one.entry)) for one in first.values()],
        pages=[one.page or None for one in first.values()],
        begins=[one.begins for one in first.values()],
    )
    by_token = {(one.token_hash, one.meant): one for one in found}
    return [by_token.get((hashed(one.token), one.session_id)) for one in arrivals]


async def lock_player(conn: Connection, player_id: int) -> None:
    await conn.execute(SQL["lock_player"], dict(player_id=player_id))


async def log_arrivals(conn: Connection, player_ids: Sequence[int]) -> None:
    """The log says of these people that they came, where it does not yet. The lobby must be locked."""
    await conn.execute(SQL["log_arrivals"], dict(player_ids=list(player_ids)))


async def leave(
    conn: Connection,
    player_ids: Sequence[int],
    outcome: str,
    study: Study,
    followed_by: str | None = None,
) -> None:
    """`followed_by`: what their room does about it."""
    await conn.execute(
        SQL["leave"],
        dict(
            player_ids=list(player_ids),
            outcome=outcome,
            code=study.finish.codes[outcome],
            followed_by=followed_by,
        ),
    )


async def leave_lobby(conn: Connection, session_id: str, study: Study) -> None:
    """Everyone who waits leaves, paid for waiting."""
    codes = dict(code=study.finish.codes["lobby"], standby_code=study.finish.codes["standby"])
    await conn.execute(SQL["leave_lobby"], dict(session_id=session_id) | codes)


async def finish(conn: Connection, room_ids: Sequence[int], outcome: str, study: Study) -> None:
    """Everyone who plays in these rooms is done."""
    await conn.execute(
        SQL["finish"], dict(room_ids=list(room_ids), outcome=outcome, code=study.finish.codes[outcome])
    )


async def playing_in(conn: Connection, room_ids: Sequence[int]) -> list[int]:
    """Whoever plays in these rooms."""
    found = await conn.execute(SQL["playing_in"], dict(room_ids=list(room_ids)))
    return [player_id for (player_id,) in await found.fetchall()]


async def finish_all(conn: Connection, player_ids: Sequence[int], outcome: str, study: Study) -> None:
    """These, who play or are through with a study without rooms, are done."""
    what = dict(player_ids=list(player_ids), outcome=outcome, code=study.finish.codes[outcome])
    await conn.execute(SQL["finish_all"], what)


async def enter_lobby(conn: Connection, player_ids: Sequence[int]) -> None:
    """These are through with the solo steps before it, and wait from now on."""
    await conn.execute(SQL["enter_lobby"], dict(player_ids=list(player_ids)))


async def go_on(conn: Connection, player_ids: Sequence[int], outcome: str, study: Study) -> None:
    """How it ended for these stands, with its code; solo steps come after it."""
    what = dict(player_ids=list(player_ids), outcome=outcome, code=study.finish.codes[outcome])
    await conn.execute(SQL["go_on"], what)


async def finish_after(
    conn: Connection, player_ids: Sequence[int], finished: Sequence[str], study: Study, outcome: str
) -> None:
    """These have no solo step any more. `finished`: the outcomes with which nobody has left.

    `outcome`: of those for whom it has not ended anywhere before.
    """
    what = dict(player_ids=list(player_ids), finished=list(finished), outcome=outcome)
    what |= dict(code=study.finish.codes[outcome])
    await conn.execute(SQL["finish_after"], what)
