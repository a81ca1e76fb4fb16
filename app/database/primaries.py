"""Which Postgres is the primary: after a failover nobody stays with the old one, or goes back to it.

Each promotion begins a new timeline. A connection to an older timeline than another connection has seen leads
to a Postgres that was replaced, whether it is dead, frozen, or has come back and takes writes that would be lost.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Host = tuple[str, str]  # name or address, port

_newest: dict[str, int] = {}  # cluster → timeline
_connections: WeakKeyDictionary[Connection, tuple[str, int]] = WeakKeyDictionary()
_primary: dict[Host, str] = {}  # where connections were made since the last promotion of its cluster → that
_doubtful: set[Host] = set()  # what gave no answer, or was found to be an old primary


class Replaced(psycopg.OperationalError):
    """This Postgres is no longer the primary, though it thinks so."""


def best_first(url: str) -> str:
    """The conninfo with its hosts in the order in which to try them.

    A machine that is gone without a word costs the whole connect_timeout, and one that was replaced may answer.
    """
    hosts = _hosts(url)
    if len(hosts) == 1:
        return url

    def rank(one: dict[str, str]) -> tuple[bool, bool]:
        return _host(one) in _doubtful, _host(one) not in _primary

    hosts.sort(key=rank)
    return make_conninfo(url, **{name: ",".join(one[name] for one in hosts) for name in hosts[0]})


def others(url: str) -> list[str]:
    """A conninfo for each host that we are not connected to as the primary."""
    hosts = _hosts(url)
    return [make_conninfo(url, **one) for one in hosts if len(hosts) > 1 and _host(one) not in _primary]


def arrive(conn: Connection, cluster: str, timeline: int) -> None:
    """Remember a new connection. Hangs up on those to a Postgres that it replaces; raises Replaced if it is one."""
    host = (conn.info.host, str(conn.info.port))
    newest = _newest.get(cluster, 0)
    if timeline < newest:
        _primary.pop(host, None)
        _doubtful.add(host)
        conn.pgconn.finish()
        raise Replaced(f"the Postgres at {host[0]} port {host[1]} was replaced by another; stop it")
    _connections[conn] = cluster, timeline
    if timeline > newest:
        _newest[cluster] = timeline
        for replaced in [one for one, its in _primary.items() if its == cluster]:
            del _primary[replaced]
        for other, (its_cluster, its_timeline) in list(_connections.items()):
            if its_cluster == cluster and its_timeline < timeline:
                hang_up(other)
    _doubtful.discard(host)
    _primary[host] = cluster


def doubt(conn: Connection) -> None:
    """Hang up on a server that gives no answer, and try the others first from now on."""
    with suppress(psycopg.Error):
        _doubtful.add((conn.info.host, str(conn.info.port)))
    hang_up(conn)


def hang_up(conn: Connection) -> None:
    """Whoever waits for an answer on it gets an OperationalError at once.

    To cancel the waiting would first ask the server, which may be frozen, to cancel what it does.
    """
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def _hosts(url: str) -> list[dict[str, str]]:
    """Each host by itself, with what the conninfo says of it."""
    given = conninfo_to_dict(url)
    lists = {name: str(given[name]).split(",") for name in ("host", "hostaddr", "port") if given.get(name)}
    count = max(map(len, lists.values()), default=1)
    return [
        {name: parts[nth if len(parts) == count else 0] for name, parts in lists.items()}
        for nth in range(count)
    ]


def _host(one: dict[str, str]) -> Host:
    return one.get("host") or one.get("hostaddr") or "", one.get("port") or "5432"
