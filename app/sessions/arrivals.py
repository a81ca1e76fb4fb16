"""Arrivals: entry forms as they are sent, read and signed in many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.database.connections import Connection
from app.players import players, quotas
from app.players.players import Arrival, SignedIn
from app.players.quotas import Guest
from app.sessions.studies import Studies
from app.study.model.fields import Form, read_answers


@dataclass(frozen=True, slots=True)
class EntryForm:
    token: str
    form: Form


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is stored; the form comes back."""

    session_id: str
    errors: Mapping[str, str]  # field → sentence


@dataclass(frozen=True, slots=True)
class Closed:
    """The door of the session is shut, and this one had not come in before."""

    session_id: str


Outcome = SignedIn | Refused | Closed | None  # None: nobody has this token


async def sign_in(studies: Studies, conn: Connection, forms: Sequence[EntryForm]) -> list[Outcome]:
    """In the order of `forms`. Only somebody's first form is looked at."""
    outcomes: list[Outcome] = [None] * len(forms)
    arrivals: dict[int, Arrival] = {}  # place in `forms` → whom it brings in
    counted: dict[str, list[Guest]] = {}  # session → those of whom only so many may come in
    for nth, player in enumerate(await players.find_by_tokens(conn, [one.token for one in forms])):
        if player is None:
            continue
        entry: dict[str, str] = {}
        if player.status == "invited" and player.session_status != "closed":
            study = await studies.of(player.session_id)
            entry, errors = read_answers(study.entry, forms[nth].form)
            if errors:
                outcomes[nth] = Refused(player.session_id, errors)
                continue
            if study.quotas:
                counted.setdefault(player.session_id, []).append(Guest(player.id, entry))
        arrivals[nth] = Arrival(forms[nth].token, entry)
    for session_id, guests in counted.items():
        await quotas.come_in(conn, session_id, await studies.of(session_id), guests)
    signed_in = await players.sign_in(conn, list(arrivals.values())) if arrivals else []
    for nth, one in zip(arrivals, signed_in, strict=True):
        outcomes[nth] = Closed(one.session_id) if one is not None and one.shut_out else one
    return outcomes
