"""Tries are counted before they are looked at, in Postgres, so that all processes count together."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from app.database.connections import Connection
from app.database.queries import Queries, row

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    what: str
    most: int
    seconds: float  # from the first try on


@dataclass(frozen=True, slots=True)
class Tries:
    """`count`: with this one."""

    count: int
    left: float  # seconds until it begins at 0 again

    @property
    def wait(self) -> int:
        """Whole seconds, for `Retry-After`."""
        return max(1, ceil(self.left))


class Held:
    """Whose tries are used up, as far as a process knows without asking Postgres: their next ones cost nothing."""

    def __init__(self, most: int = 10_000) -> None:
        self.until: OrderedDict[str, float] = OrderedDict()  # source → on the monotonic clock
        self.most = most

    def hold(self, source: str, tries: Tries) -> None:
        self.until[source] = time.monotonic() + tries.left
        if len(self.until) > self.most:
            self.until.popitem(last=False)

    def wait(self, source: str) -> int:
        """Whole seconds; 0: none."""
        left = self.until.get(source, 0.0) - time.monotonic()
        return int(left) + 1 if left > 0 else 0


async def count(conn: Connection, limit: Limit, *source: str) -> Tries:
    found = await row(
        conn, Tries, SQL["count"], what=limit.what, source=_digest(source), seconds=limit.seconds
    )
    assert found is not None, "an insert that is an update otherwise"
    return found


async def take_back(conn: Connection, limit: Limit, *source: str) -> None:
    """It was none of those that are limited."""
    await conn.execute(SQL["take_back"], dict(what=limit.what, source=_digest(source)))


async def forget(conn: Connection, limit: Limit, *source: str) -> None:
    await conn.execute(SQL["forget"], dict(what=limit.what, source=_digest(source)))


def network_of(address: str) -> str:
    """What one visitor has to themselves: an IPv4 address, the /64 of an IPv6 one."""
    with suppress(ValueError):
        ip = ip_address(address.partition("%")[0])
        if isinstance(ip, IPv6Address):
            return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
        return str(ip)
    return address


def _digest(source: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join(source).encode("utf-8", "surrogatepass")).digest()[:16]


def is_this_machine(address: str) -> bool:
    """A rehearsal, say, or a proxy that is not trusted to say who is behind it: everybody, then."""
    with suppress(ValueError):
        return ip_address(address.partition("%")[0]).is_loopback
    return False
