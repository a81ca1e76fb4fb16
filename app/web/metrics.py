"""What the processes are doing, for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from hmac import compare_digest
from ipaddress import ip_address

import psycopg
from litestar import MediaType, get
from litestar.exceptions import PermissionDeniedException
from psycopg_pool import PoolTimeout, TooManyRequests

from app.web.auth import address_of
from app.web.lab import Lab, Query, lab_of
from app.web.labs import Labs
from app.web.monitor.server_figures import Figures, read_processes

Metric = tuple[str, str, str, Callable[[Figures], float]]
THERE = "networklab_cluster_there"


@get("/metrics", media_type=MediaType.TEXT)
async def metrics(request: Query) -> str:
    """Every process that is alive, whichever answers, in the Prometheus text format; of several databases, by each.

    They tell when how many people are here: for this machine, and for whoever has the token.
    """
    _check_reader(request, request.app.state.config.metrics_token)
    labs: Labs | None = request.app.state.labs
    if labs is None:
        found = [(f'process="{id_}"', now) for id_, now in (await _processes(lab_of(request))).items()]
        return _told(METRICS + OF_PROCESS, found)
    by_cluster = dict(
        zip(labs.there, await asyncio.gather(*map(_processes, labs.there.values())), strict=True)
    )
    found = [
        (f'cluster="{name}",process="{id_}"', now)
        for name, processes in by_cluster.items()
        for id_, now in processes.items()
    ]
    own = {id_: now for processes in by_cluster.values() for id_, now in processes.items()}
    there = "".join(
        f'{THERE}{{cluster="{name}"}} {int(labs.is_there(name))}\n' for name in labs.config.clusters
    )
    return (
        _told(METRICS, found)
        + _told(OF_PROCESS, [(f'process="{id_}"', now) for id_, now in own.items()])
        + f"# HELP {THERE} 1 while this process hears the database\n# TYPE {THERE} gauge\n{there}"
    )


async def _processes(lab: Lab) -> dict[str, Figures]:
    """What all have told its database; while that is away, what this one knows."""
    processes: dict[str, Figures] = {}
    with suppress(TimeoutError, psycopg.Error, PoolTimeout, TooManyRequests):
        async with asyncio.timeout(2), lab.pool.connection() as conn:
            processes = await read_processes(conn)
    processes[lab.ticker.process] = lab.ticker.figures()
    return processes


def _told(metrics: Sequence[Metric], found: Sequence[tuple[str, Figures]]) -> str:
    """`found`: labels, and figures."""
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        + "".join(f"{name}{{{labels}}} {take(now)}\n" for labels, now in found)
        for name, kind, text, take in metrics
    )


def _check_reader(request: Query, token: str | None) -> None:
    """Raises a 403."""
    try:
        if ip_address(address_of(request)).is_loopback:
            return
    except ValueError:
        pass  # a socket without an address, or what a proxy calls one
    given = request.headers.get("authorization", "").encode("latin-1")
    if token is None or not compare_digest(given, f"Bearer {token}".encode()):
        raise PermissionDeniedException(
            "These figures are for this machine, and for whoever sends the token of NETWORKLAB_METRICS_TOKEN."
        )


METRICS: tuple[Metric, ...] = (
    ("networklab_streams", "gauge", "players' pages connected", lambda now: now.streams),
    ("networklab_ledger_queued", "gauge", "forms waiting for their commit", lambda now: now.queued),
    (
        "networklab_ledger_oldest_seconds",
        "gauge",
        "wait of the oldest of them",
        lambda now: now.oldest / 1000,
    ),
    (
        "networklab_commit_p95_seconds",
        "gauge",
        "95% of the last forms were acknowledged within",
        lambda now: now.commit_p95 / 1000,
    ),
    (
        "networklab_sign_in_p95_seconds",
        "gauge",
        "95% of the last sign-ins were answered within",
        lambda now: now.sign_in_p95 / 1000,
    ),
    (
        "networklab_hub_lag_seconds",
        "gauge",
        "from a notification to its events handed on",
        lambda now: now.lag / 1000,
    ),
    ("networklab_tick_seconds", "gauge", "duration of the last statistics tick", lambda now: now.tick / 1000),
    ("networklab_forms_acknowledged_total", "counter", "answers on disk", lambda now: now.answers),
    ("networklab_messages_acknowledged_total", "counter", "messages on disk", lambda now: now.messages),
    ("networklab_listening", "gauge", "1 while LISTEN is connected", lambda now: int(now.listening)),
)
OF_PROCESS: tuple[Metric, ...] = (  # whatever databases it works for
    ("process_cpu_seconds_total", "counter", "processor time used", lambda now: now.cpu),
    ("process_resident_memory_bytes", "gauge", "memory in use", lambda now: now.memory * 1e6),
)
