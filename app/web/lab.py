"""What one server process is made of, so that handlers can reach it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from litestar.connection import ASGIConnection

from app.config import Config
from app.database.connections import Pool
from app.database.group_commit import Ledger
from app.players.players import SignedIn
from app.players.presence import Presence
from app.players.signs_of_life import Signs
from app.rooms.messages import Draft
from app.rooms.records import Answer, Receipt
from app.sessions.arrivals import EntryForm, Refused
from app.sessions.conductor import Conductor
from app.sessions.seating_runs import Seating
from app.sessions.studies import Studies
from app.web.live.feeds import Live
from app.web.live.listener import Listener
from app.web.monitor.ticker import Stats
from app.web.signing import Keys


@dataclass(frozen=True, slots=True)
class Lab:
    config: Config
    pool: Pool
    keys: Keys
    studies: Studies
    arrivals: Ledger[EntryForm, SignedIn | Refused | None]
    answers: Ledger[Answer, Receipt | None]
    messages: Ledger[Draft, int | None]
    live: Live
    listener: Listener
    conductor: Conductor
    seating: Seating
    stats: Stats
    presence: Presence
    signs: Signs
    acknowledged: Counter[str]  # session → records for which this process has handed out receipts
    sign_in_times: deque[float]  # seconds from the form to the answer, with the seating in it


def lab_of(connection: ASGIConnection) -> Lab:  # type: ignore[type-arg]
    lab: Lab = connection.app.state.lab
    return lab
