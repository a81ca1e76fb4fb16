"""Go or no-go: what the dashboard's strip shows of the server, each light with its figure and its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def lights(tick: Tick) -> tuple[Light, ...]:
    return tuple(_lights(tick))


def _lights(tick: Tick) -> Iterator[Light]:
    server, pages = tick.server, tick.pages
    yield Light("records stored", f"{tick.totals.records:,}", *_against_acknowledged(tick))
    yield Light(
        "sign-in, 95%", _ms(server.sign_in_p95), f"limit {SIGN_IN:,.0f} ms", server.sign_in_p95 <= SIGN_IN
    )
    yield Light("answer, 95%", _ms(server.commit_p95), f"limit {ANSWER:,.0f} ms", server.commit_p95 <= ANSWER)
    oldest = f"oldest {server.oldest:,.0f} ms"
    yield Light("unsaved forms", f"{server.queued:,}", oldest, server.oldest <= OLDEST)
    lag = f"limit {LAG:,.0f} ms" if server.listening else "the listener is away"
    yield Light("live lag", _ms(server.lag), lag, server.lag <= LAG and server.listening)
    enough = pages.connected >= CONNECTED * pages.expected
    yield Light("pages live", f"{pages.connected:,}", f"of {pages.expected:,}, min {CONNECTED:.0%}", enough)
    free = tick.connections_free
    yield Light("connections", f"{free:,}", f"free, at least {CONNECTIONS}", free >= CONNECTIONS)
    if server.disk_free is None:
        yield Light("disk", "–", "is elsewhere", True)
    else:
        disk = f"{server.disk_free:,.0f} GB" if server.disk_free >= 10 else f"{server.disk_free:.1f} GB"
        yield Light("disk free", disk, f"at least {DISK:.0f} GB", server.disk_free >= DISK)
    gone = f"{tick.gone} gone without a word" if tick.gone else "all alive"
    yield Light("processes", str(server.processes), gone, server.processes > 0 and not tick.gone)
    stopped = sum(room.stopped for room in tick.rooms)
    if stopped:
        yield Light("rooms stopped", f"{stopped:,}", "a hook failed", False)
    if tick.halted:
        yield Light("people stopped", f"{len(tick.halted):,}", "a hook failed", False)
    if tick.totals.seating_stopped:
        yield Light("seating", "stopped", "a hook failed", False)
    broken = sum(one.is_page for one in tick.broken)
    if broken:
        yield Light("broken pages", f"{broken:,}", "ours stand in", False)
    if broken < len(tick.broken):
        yield Light("own files", f"{len(tick.broken) - broken:,}", "missing or failing", False)
    yield Light("last tick", _ms(server.tick), f"limit {TICK:,.0f} ms", server.tick <= TICK)


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
