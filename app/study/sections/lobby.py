"""[lobby] of study.toml: how long people wait for a seat, and what that pays."""

from decimal import Decimal

from app.study.hooks.uses import read_hook
from app.study.model.study import Lobby
from app.study.syntax.table import Table

SELDOM = 90.0  # seconds: a browser lets a hidden page speak once a minute at most
QUICK = 5.0  # seconds in which one can see a question and click


def read_lobby(document: Table) -> Lobby:
    lobby = document.table("lobby", "[lobby] with single brackets, and its settings below")
    if lobby is None:
        return Lobby()
    pay = lobby.decimal("pay_per_minute") or Decimal(0)
    if pay < 0:
        sentence = f"`pay_per_minute` is {pay}, but players don't pay to wait."
        lobby.wrong("pay_per_minute", sentence, "Write 0 or more.")
    max_wait = lobby.duration("max_wait", Lobby().max_wait)
    found = Lobby(
        max_wait=max_wait,
        then=lobby.one_of("then", ("leave",), "leave"),
        pay_per_minute=pay,
        seat_hook=read_hook(lobby, "seat"),
        max_early=lobby.duration("max_early", Lobby().max_early),
        present=_present(lobby),
        ready=_ready(lobby, max_wait),
    )
    lobby.report_unknown_keys("[lobby]")
    return found


def _present(lobby: Table) -> float | None:
    if not lobby.has("present"):
        return None
    present = lobby.duration("present", SELDOM)
    if present < SELDOM and lobby.sound("present"):
        sentence = (
            f"`present` is {present:g} s, but the page of somebody in another tab gives a sign once a minute."
        )
        lobby.wrong("present", sentence, f'Write present = "{SELDOM:g}s" or more.')
    return present


def _ready(lobby: Table, max_wait: float) -> float | None:
    if not lobby.has("ready"):
        return None
    ready = lobby.duration("ready", QUICK)
    if ready < QUICK and lobby.sound("ready"):
        sentence = f"`ready` is {ready:g} s, too short to see the question and click."
        lobby.wrong("ready", sentence, f'Write ready = "{QUICK:g}s" or more.')
    elif ready >= max_wait and lobby.sound("ready") and lobby.sound("max_wait"):
        sentence = f"Who is asked has {ready:g} s to click, but nobody waits longer than {max_wait:g} s."
        lobby.wrong("ready", sentence, 'Write ready = "20s", or a longer max_wait.')
    return ready
