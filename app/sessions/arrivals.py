"""Arrivals: entry forms as they are sent, read and signed in many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.database.connections import Connection
from app.players import arms, attempts, players, quotas, screening
from app.players.attempts import Tried
from app.players.players import Arrival, SignedIn
from app.players.quotas import Guest
from app.players.screening import Leaver
from app.rooms import parts
from app.study.languages.texts import Sentence
from app.study.model.entrance import PAGE, SCREENED_OUT
from app.study.model.fields import Form, first
from app.study.model.forms import read_answers
from app.study.model.study import Study
from app.study.stored import Studies


@dataclass(frozen=True, slots=True)
class EntryForm:
    """`session_id`: the session whose form it is, where several know the token."""

    token: str
    form: Form
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """They are not in; the form comes back. `outdated`: what stood above it stands there no more. `tried`: it could be
    read, and was not right."""

    session_id: str
    errors: Mapping[str, str]  # field → sentence
    outdated: bool = False
    tried: Tried | None = None
    form: Form | None = None  # the one that was looked at, where it may be another


@dataclass(frozen=True, slots=True)
class Closed:
    """The door of the session is shut, and this one had not come in before."""

    session_id: str


@dataclass(frozen=True, slots=True)
class TurnedBack:
    """They came by the link for everybody, and nothing is stored of them.

    `why` is full, enough (the door makes nobody new any more), too many (from where they are), erased (they were
    here, and had what is personal deleted) or not before (in the session that this one goes on from).
    """

    session_id: str
    why: str


@dataclass(frozen=True, slots=True)
class AtDoor:
    """Of one session, those whose forms came together, and not all of whom may come in."""

    guests: list[tuple[Guest, int]] = field(default_factory=list)  # with the number of the attempt
    leavers: list[Leaver] = field(default_factory=list)

    def add(self, judged: Guest | Leaver, form: Form) -> None:
        if isinstance(judged, Leaver):
            self.leavers.append(judged)
        else:
            self.guests.append((judged, attempts.number_in(form)))


NOT_RIGHT = Sentence("That is not right.")
Outcome = SignedIn | Refused | Closed | TurnedBack | None  # None: nobody has this token


async def sign_in(studies: Studies, conn: Connection, forms: Sequence[EntryForm]) -> list[Outcome]:
    """In the order of `forms`. Only somebody's first form that can be read is looked at."""
    outcomes: list[Outcome] = [None] * len(forms)
    arrivals: dict[int, Arrival] = {}  # place in `forms` → whom it brings in
    doors: dict[str, AtDoor] = {}  # by session
    read: dict[int, int] = {}  # player → place in `forms`
    again: dict[int, int] = {}  # place in `forms` → that of the form of the same player that was read
    tokens, meant = [one.token for one in forms], [one.session_id for one in forms]
    for nth, player in enumerate(await players.find_by_tokens(conn, tokens, meant)):
        if player is None:
            continue
        entry, page, begins = {}, "", "waiting"
        if player.status == "invited" and player.session_status != "closed":
            if player.id in read:
                again[nth] = read[player.id]
                continue
            study = (await studies.of(player.session_id)).read_in(forms[nth].form)
            judged = judge(study, player.session_id, player.id, forms[nth].form)
            if isinstance(judged, Refused):
                outcomes[nth] = judged
                continue
            read[player.id] = nth
            entry, page, begins = dict(judged.entry), study.entry_page, study.begins
            doors.setdefault(player.session_id, AtDoor()).add(judged, forms[nth].form)
        arrivals[nth] = Arrival(forms[nth].token, entry, page, begins, player.session_id)
    for session_id, door in doors.items():
        study = await studies.of(session_id)
        tried, guests = await pass_door(conn, study, door)
        if study.quotas and guests:
            # Together: whoever is in may be seated by any process, and has to have what is drawn for them by then.
            async with conn.transaction():
                await quotas.come_in(conn, session_id, study, guests)
                if begins_with_more(study):
                    await begin(conn, session_id, study, [one.player_id for one in guests])
        for player_id, wrong in tried.items():
            nth = read[player_id]
            outcomes[nth] = not_right(session_id, wrong, forms[nth].form)
            del arrivals[nth]
    signed_in = await _sign_in_new(studies, conn, list(arrivals.values()), sorted(doors)) if arrivals else []
    for nth, one in zip(arrivals, signed_in, strict=True):
        outcomes[nth] = Closed(one.session_id) if one is not None and one.shut_out else one
    for nth, first_one in again.items():
        outcomes[nth] = outcomes[first_one]
    return outcomes


async def _sign_in_new(
    studies: Studies, conn: Connection, arrivals: Sequence[Arrival], session_ids: Sequence[str]
) -> list[SignedIn | None]:
    """`session_ids`: of those who may be new. What they begin with is there as they are."""
    more = [one for one in session_ids if begins_with_more(await studies.of(one))]
    if not more:
        return await players.sign_in(conn, arrivals)
    async with conn.transaction():
        for session_id in more:
            await quotas.lock_door(conn, session_id)
        signed_in = await players.sign_in(conn, arrivals)
        for session_id in more:
            new = [one.id for one in signed_in if one is not None and one.session_id == session_id]
            await begin(conn, session_id, await studies.of(session_id), new)
    return signed_in


def begins_with_more(study: Study) -> bool:
    """Whether somebody who comes in gets more than a place in the lobby."""
    return study.draws_at_door or study.begins != "waiting"


async def begin(conn: Connection, session_id: str, study: Study, player_ids: Sequence[int]) -> None:
    """What is drawn for these as they come in, and the solo steps that they begin with. The session must be locked."""
    await arms.draw(conn, session_id, study, player_ids)
    await parts.open_solo(conn, study, player_ids)


async def begin_late(conn: Connection, session_id: str, study: Study, player_id: int) -> None:
    """The same for somebody who has come in, by a process that died before it did this; where the session has closed
    since, they are out. Opens a transaction of its own."""
    async with conn.transaction():
        if await quotas.lock_door(conn, session_id):
            await begin(conn, session_id, study, [player_id])
        else:
            await parts.close(conn, session_id, [], study)


async def pass_door(conn: Connection, study: Study, door: AtDoor) -> tuple[dict[int, Tried], list[Guest]]:
    """Who leaves leaves. By player: who has to try again; and those who may come in, as far as there is a place."""
    if door.leavers:
        await screening.turn_away(conn, study, door.leavers)
    tried = await attempts.judge(conn, study, door.guests)
    return tried, [guest for guest, _ in door.guests if guest.player_id not in tried]


def not_right(session_id: str, tried: Tried, form: Form) -> Refused:
    """`form`: the one that was looked at."""
    return Refused(session_id, dict.fromkeys(tried.wrong, NOT_RIGHT), tried=tried, form=form)


def judge(study: Study, session_id: str, player_id: int, form: Form) -> Guest | Leaver | Refused:
    """What becomes of somebody by their form alone."""
    if study.entrance.is_declined(form):
        return Leaver(player_id, study.entrance.decline)
    above = first(form, PAGE) if study.entry_page else ""
    if above not in ("", study.entry_page):
        return Refused(session_id, {}, outdated=True)
    entry, errors = read_answers(study.entry, form)
    if errors:
        return Refused(session_id, errors)
    if screening.screens_of(study, entry):
        return Leaver(player_id, SCREENED_OUT, entry)
    return Guest(player_id, entry)
