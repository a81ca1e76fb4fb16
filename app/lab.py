"""What one server process is made of, so that handlers can reach it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from litestar.connection import ASGIConnection

from app.arrivals import EntryForm, Refused
from app.conductor import Conductor
from app.config import Config
from app.db import Pool
from app.keys import Keys
from app.ledger import Ledger
from app.listener import Listener
from app.live import Live
from app.messages import Draft
from app.players import SignedIn
from app.presence import Presence
from app.records import Answer, Receipt
from app.seating import Seating
from app.sessions import Studies
from app.signs import Signs
from app.stats import Stats


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
