"""The only wiring: from a `Config` to the application that serves it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import psycopg
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Redirect
from litestar.types import Message, Scope
from psycopg_pool import PoolTimeout, TooManyRequests

from app.config import Config
from app.database.connections import Connection, look_around, open_pool
from app.database.group_commit import Busy, Ledger
from app.players.players import SignedIn
from app.players.presence import Presence
from app.players.signs_of_life import Signs
from app.rooms import messages, records
from app.sessions.arrivals import EntryForm, Refused, sign_in
from app.sessions.conductor import Conductor
from app.sessions.seating_runs import Seating
from app.sessions.studies import Studies
from app.study.hooks.pool import Hooks
from app.study.languages.texts import Sentence
from app.web import admin_pages, past_pages, people_pages, player_pages, streams, templates
from app.web.admin_pages import NotLoggedIn, render_tick
from app.web.auth import NotSignedIn, same_site
from app.web.lab import Lab
from app.web.live.feeds import Live
from app.web.live.listener import Listener
from app.web.monitor.figures import Figures, percentile, read_processes, resident_megabytes
from app.web.monitor.ticker import Stats
from app.web.monitor.ticks import Tick
from app.web.player_pages import UnknownToken
from app.web.responses import HEADERS, NOT_KEPT, page, problem, texts_for
from app.web.signing import read_keys

logger = logging.getLogger(__name__)
Query = Request[object, object, State]
FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")


def create_app(config: Config, url: str) -> Litestar:
    """The application for the database at `url`, which must be migrated."""

    @asynccontextmanager
    async def lab(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.lab = await _start(stack, config, url)
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 50, 1000)
            yield

    app = Litestar(
        route_handlers=[
            *player_pages.HANDLERS,
            Router(
                "/admin",
                guards=[same_site],
                route_handlers=[*admin_pages.HANDLERS, *people_pages.HANDLERS, *past_pages.HANDLERS],
            ),
            *streams.HANDLERS,
            front,
            health_live,
            health_ready,
            metrics,
            static_file,
        ],
        lifespan=[lab],
        exception_handlers={
            HTTPException: _http_problem,
            NotSignedIn: _not_signed_in,
            NotLoggedIn: lambda _, __: Redirect("/admin/login", status_code=303),
            UnknownToken: _unknown_token,
            Busy: _busy,
            PoolTimeout: _busy,
            TooManyRequests: _busy,
            psycopg.OperationalError: _busy,
            psycopg.errors.ReadOnlySqlTransaction: _not_primary,
            psycopg.DataError: _unreadable,
            Exception: _broken,
        },
        before_send=[_add_headers],
        request_max_body_size=player_pages.LARGEST_FORM,
        openapi_config=None,
        logging_config=None,
    )
    return app


async def _start(stack: AsyncExitStack, config: Config, url: str) -> Lab:
    pool = await stack.enter_async_context(open_pool(url, config.pool_size))
    async with pool.connection() as conn:
        keys = await read_keys(conn)
    studies = Studies(pool)
    hooks = Hooks()
    stack.push_async_callback(hooks.retire, 0.0)
    conductor = Conductor(url, studies, hooks)

    async def come_in(conn: Connection, forms: Sequence[EntryForm]) -> list[SignedIn | Refused | None]:
        return await sign_in(studies, conn, forms)

    arrivals = Ledger("sign-ins", url, come_in, config.ledger_limit)
    answers = Ledger("records", url, records.store, config.ledger_limit)
    talk = Ledger("messages", url, messages.store, config.ledger_limit)
    ledgers: tuple[Ledger[Any, Any], ...] = (arrivals, answers, talk)
    presence, signs, acknowledged = Presence(), Signs(), Counter[str]()
    sign_in_times: deque[float] = deque(maxlen=1000)
    live = Live(url, pool, keys, studies)
    checks: set[asyncio.Task[None]] = set()

    def on_connect() -> None:
        live.hub.hint_all()
        # Postgres may have been restarted: find that out for the pool at once, not request by request.
        check = asyncio.create_task(pool.check())
        checks.add(check)
        check.add_done_callback(checks.discard)

    listener = Listener(config.listener_url or url, live.hub.hint, on_connect)

    def figures() -> Figures:
        seconds = [*answers.latencies, *talk.latencies]
        return Figures(
            streams=len(live.pages),
            queued=sum(ledger.queued for ledger in ledgers),
            oldest=1000 * max(ledger.oldest for ledger in ledgers),
            commit_p50=1000 * percentile(seconds, 0.5),
            commit_p95=1000 * percentile(seconds, 0.95),
            sign_in_p95=1000 * percentile(sign_in_times, 0.95),
            lag=1000 * live.hub.lag,
            tick=1000 * stats.took,
            listening=listener.connected.is_set(),
            answers=answers.acknowledged,
            messages=talk.acknowledged,
            cpu=time.process_time(),
            memory=resident_megabytes(),
            disk_free=stats.disk_free(),
        )

    def render(tick: Tick) -> bytes:
        return render_tick(tick, studies.known[tick.session.id])

    stats = Stats(
        url, f"{socket.gethostname()}:{os.getpid()}", figures, render, presence, signs, acknowledged
    )
    stack.push_async_callback(stats.say_goodbye)
    parts = [live.hub.run(), listener.run(), conductor.run(), stats.run(), look_around(url)]
    for part in [*(ledger.run() for ledger in ledgers), *parts]:
        await stack.enter_async_context(_running(part))
    async with asyncio.timeout(30):
        await listener.connected.wait()
    return Lab(
        config=config,
        pool=pool,
        keys=keys,
        studies=studies,
        arrivals=arrivals,
        answers=answers,
        messages=talk,
        live=live,
        listener=listener,
        conductor=conductor,
        seating=Seating(pool, studies, hooks),
        stats=stats,
        presence=presence,
        signs=signs,
        acknowledged=acknowledged,
        sign_in_times=sign_in_times,
    )


@asynccontextmanager
async def _running(part: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a part of the server beside the requests. If it fails, so does the process: half a server is worse."""
    task = asyncio.create_task(part)
    task.add_done_callback(_give_up)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _give_up(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logger.critical(
            "a part of the server failed; the process ends so that a new one starts",
            exc_info=task.exception(),
        )
        os._exit(70)


@get("/")
async def front(request: Query) -> Response[str]:
    return page("front.html", texts=texts_for(request))


@get("/static/{name:str}")
async def static_file(request: Query, name: str) -> Response[bytes]:
    """Packed for those who can unpack it: a first page is then 30 KB instead of 80, on a phone's slow line."""
    file = templates.static_files().get(name)
    if file is None:
        raise NotFoundException
    packed = "gzip" in request.headers.get("accept-encoding", "")
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    return Response(
        file.packed if packed else file.body,
        media_type=file.media_type,
        headers={"Vary": "Accept-Encoding", **encoding},
    )


@get("/health/live", media_type=MediaType.TEXT)
async def health_live() -> str:
    return "alive\n"


@get("/health/ready", media_type=MediaType.TEXT)
async def health_ready(request: Query) -> Response[str]:
    """Ready: the database answers within a second and the listener hears it."""
    lab: Lab = request.app.state.lab
    try:
        async with asyncio.timeout(1), lab.pool.connection() as conn:
            await conn.execute("select 1")
        ready = lab.listener.connected.is_set()
    except (TimeoutError, psycopg.Error):
        ready = False
    return Response("ready\n" if ready else "not ready\n", status_code=200 if ready else 503)


@get("/metrics", media_type=MediaType.TEXT)
async def metrics(request: Query) -> str:
    """Every process that is alive, whichever answers, in the Prometheus text format."""
    lab: Lab = request.app.state.lab
    processes: dict[str, Figures] = {}
    with suppress(TimeoutError, psycopg.Error, PoolTimeout, TooManyRequests):  # then only what this one knows
        async with asyncio.timeout(2), lab.pool.connection() as conn:
            processes = await read_processes(conn)
    processes[lab.stats.process] = lab.stats.figures()
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        + "".join(f'{name}{{process="{id_}"}} {take(now)}\n' for id_, now in processes.items())
        for name, kind, text, take in METRICS
    )


METRICS: tuple[tuple[str, str, str, Callable[[Figures], float]], ...] = (
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
    ("process_cpu_seconds_total", "counter", "processor time used", lambda now: now.cpu),
    ("process_resident_memory_bytes", "gauge", "memory in use", lambda now: now.memory * 1e6),
)


def _http_problem(request: Query, error: HTTPException) -> Response[str]:
    sentence = error.detail
    if error.status_code == 404 and sentence in ("", "Not Found"):
        sentence = Sentence("There is no such page. Open the link from your invitation again.")
    if error.status_code == 405:
        sentence = Sentence(
            "This address does not answer that way. Open the link from your invitation again."
        )
    if error.status_code == 413:
        sentence = Sentence("That is too long to be saved. Shorten it and send it again.")
    if error.status_code == 400:
        sentence = Sentence("This form could not be read. Reload the page and send it again.")
    return problem(request, error.status_code, sentence, headers=error.headers or {})


def _not_signed_in(request: Query, _: NotSignedIn) -> Response[str]:
    return problem(
        request,
        403,
        Sentence(
            "We don’t know who you are here. Open the link from your invitation again: your place is kept."
        ),
    )


def _unknown_token(request: Query, _: UnknownToken) -> Response[str]:
    return problem(
        request,
        404,
        Sentence("This link leads to no study. Check that you opened the whole link from your invitation."),
    )


def _unreadable(request: Query, _: Exception) -> Response[str]:
    """A NUL in an address or a name, a number that no column holds."""
    sentence = Sentence("This could not be read. Open your link again, or write it another way.")
    return problem(request, 400, sentence)


def _busy(request: Query, _: Exception) -> Response[str]:
    """Nothing was acknowledged, nothing is lost. Our own pages send the same form again by themselves."""
    if "hx-request" in request.headers:
        to = None
        sentence = Sentence("The server is busy. Your page tries again by itself; nothing is lost.")
    else:
        to = request.url.path
        sentence = Sentence("The server is busy just now; nothing is lost. Wait a moment, then go on.")
    return problem(request, 503, sentence, to, headers={"Retry-After": "1"})


def _not_primary(request: Query, error: Exception) -> Response[str]:
    """The pool leads to a Postgres that takes no writes any more; the next request meets new connections."""
    lab: Lab = request.app.state.lab
    response = _busy(request, error)
    response.background = BackgroundTask(lab.pool.drain)
    return response


def _broken(request: Query, error: Exception) -> Response[str]:
    # Not the path itself: a join link is a secret.
    logger.error("%s %s failed", request.method, request.scope.get("path_template", "?"), exc_info=error)
    sentence = Sentence("Something broke on our side. Reload the page; what you saved is kept.")
    return problem(request, 500, sentence)


def _is_versioned(scope: Scope) -> bool:
    """During an upgrade an old process must not have its file kept under a new one's address."""
    path, _, name = scope["path"].rpartition("/")
    asked = f"/static/{name}?{scope['query_string'].decode('latin-1')}"
    return path == "/static" and bool(scope["query_string"]) and templates.asset(name) == asked


async def _add_headers(message: Message, scope: Scope) -> None:
    """To every answer, error pages and streams included. What has a version in its address may be kept for ever."""
    if message["type"] == "http.response.start":
        for_ever = message["status"] == 200 and _is_versioned(scope)
        message["headers"] = [*message["headers"], *HEADERS, FOR_EVER if for_ever else NOT_KEPT]
