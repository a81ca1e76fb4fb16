"""Go or no-go: what the dashboard says of the server and of the study, each light with its figure and its threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.web.monitor.ticks import Tick

SIGN_IN = 1000.0  # milliseconds, seating included
ANSWER = 250.0
OLDEST = 1000.0
LAG = 1000.0
TICK = 1000.0
CONNECTED = 0.9  # share of those who are in
CONNECTIONS = 10
DISK = 2.0  # gigabytes: a hundred times what a session of 105,000 records takes


@dataclass(frozen=True, slots=True)
class Light:
    name: str
    figure: str
    limit: str
    good: bool
    needs: str  # what is the matter, in words for a headline, where it is not good
    leads_to: str = ""  # where those stand whom it is about, as an address below the session's
    of_study: bool = False  # there only while something of the study is wrong: no gauge of the server


def lights(tick: Tick) -> tuple[Light, ...]:
    return tuple(_lights(tick))


def verdict(found: Sequence[Light]) -> str:
    """One line for all of them; at most two matters by name."""
    bad = [light.needs for light in found if not light.good]
    if not bad:
        return "Everything works"
    said = ", ".join(bad[:2]) + (f", and {len(bad) - 2} more" if len(bad) > 2 else "")
    return said[0].upper() + said[1:]


def _lights(tick: Tick) -> Iterator[Light]:
    yield from _of_server(tick)
    yield from (replace(light, of_study=True) for light in _of_study(tick))
    took = tick.server.tick
    yield Light("last tick", _ms(took), f"limit {TICK:,.0f} ms", took <= TICK, "this page is slow")


def _of_server(tick: Tick) -> Iterator[Light]:
    server, pages = tick.server, tick.pages
    stored, is_whole = _against_acknowledged(tick)
    yield Light(
        "records stored", f"{tick.totals.records:,}", stored, is_whole, "acknowledged records are missing"
    )
    soon = server.sign_in_p95 <= SIGN_IN
    yield Light(
        "sign-in, 95%", _lately(server.sign_in_p95), f"limit {SIGN_IN:,.0f} ms", soon, "signing in is slow"
    )
    soon = server.commit_p95 <= ANSWER
    yield Light(
        "answer, 95%", _lately(server.commit_p95), f"limit {ANSWER:,.0f} ms", soon, "answers are slow"
    )
    oldest = f"oldest {server.oldest:,.0f} ms"
    yield Light(
        "unsaved forms", f"{server.queued:,}", oldest, server.oldest <= OLDEST, "forms wait to be saved"
    )
    lag = f"limit {LAG:,.0f} ms" if server.listening else "the listener is away"
    late = "pages lag behind" if server.listening else "pages are told of nothing new"
    yield Light("live lag", _ms(server.lag), lag, server.lag <= LAG and server.listening, late)
    enough, away = pages.connected >= CONNECTED * pages.expected, pages.expected - pages.connected
    cut_off = _counted(away, "person is disconnected", "people are disconnected")
    of_all = f"of {pages.expected:,}, at least {CONNECTED:.0%}"
    yield Light(
        "pages live", f"{pages.connected:,}", of_all, enough, cut_off, leads_to="players?connection=away"
    )
    free = tick.connections_free
    least = f"free, at least {CONNECTIONS}"
    yield Light(
        "connections", f"{free:,}", least, free >= CONNECTIONS, "few connections to the database are left"
    )
    if server.disk_free is None:
        yield Light("disk", "–", "is elsewhere", True, "")
    else:
        disk = f"{server.disk_free:,.0f} GB" if server.disk_free >= 10 else f"{server.disk_free:.1f} GB"
        room = server.disk_free >= DISK
        yield Light("disk free", disk, f"at least {DISK:.0f} GB", room, "the disk is almost full")
    gone = f"{tick.gone} gone without a word" if tick.gone else "all alive"
    alive = server.processes > 0 and not tick.gone
    died = _counted(tick.gone, "process of the server is gone", "processes of the server are gone")
    yield Light(
        "processes", str(server.processes), gone, alive, died if tick.gone else "no server process tells"
    )


def _of_study(tick: Tick) -> Iterator[Light]:
    """Only what has gone wrong."""
    failed = "a hook failed"
    if stopped := sum(room.stopped for room in tick.rooms):
        halted = _counted(stopped, "room is stopped", "rooms are stopped")
        yield Light("rooms stopped", f"{stopped:,}", failed, False, halted, leads_to="rooms?status=stopped")
    if people := len(tick.halted):
        halted = _counted(people, "person is stopped", "people are stopped")
        yield Light("people stopped", f"{people:,}", failed, False, halted)
    if tick.totals.seating_stopped:
        yield Light("seating", "stopped", failed, False, "seating is stopped")
    if broken := sum(one.is_page for one in tick.broken):
        torn = _counted(broken, "page of the study is broken", "pages of the study are broken")
        yield Light("broken pages", f"{broken:,}", "ours stand in", False, torn)
    if lacking := len(tick.broken) - broken:
        torn = _counted(lacking, "file of the study fails", "files of the study fail")
        yield Light("own files", f"{lacking:,}", "missing or failing", False, torn)


def _counted(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _against_acknowledged(tick: Tick) -> tuple[str, bool]:
    """Acknowledged after it is stored, so never more than that.

    Each process tells once a second: what was stored two ticks ago has been told by now, unless a process died first.
    """
    totals = tick.totals
    due = tick.stored_before[1] if len(tick.stored_before) == 2 else totals.records
    if due <= totals.acknowledged <= totals.records:
        return "= acknowledged", True
    if totals.acknowledged < totals.records:
        return f"{due - totals.acknowledged:,} unconfirmed", True
    return f"{totals.acknowledged - totals.records:,} LOST", False


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms"


def _lately(milliseconds: float) -> str:
    return _ms(milliseconds) if milliseconds else "none now"
