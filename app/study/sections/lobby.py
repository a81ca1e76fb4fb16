"""[lobby] of study.toml: how long people wait for a seat, and what that pays."""

from decimal import Decimal

from app.study.hooks.uses import read_hook
from app.study.model.study import Lobby
from app.study.syntax.table import Table


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
    )
    lobby.report_unknown_keys("[lobby]")
    return found
