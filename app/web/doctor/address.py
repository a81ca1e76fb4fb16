"""The public address, as the doctor sees it: asked as a player's browser would, through whatever proxy there is."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.config import Config
from app.web.doctor.finding import Finding
from app.web.health import PAUSE, PIECES

if TYPE_CHECKING:
    import httpx

READY = re.compile(r"(not )?ready\n|([a-z0-9]+ (not )?ready\n)+")  # of several databases a line each
LONGEST = 15.0  # seconds of one answer
LOCAL = {"127.0.0.1", "::1", "localhost"}
WEEKS = 14  # days before a certificate ends in which somebody should look
OFF = 5.0  # seconds; a `Date` has no fractions
PROXY = "docs/server.md has the lines for Caddy, nginx, Apache and Traefik."


async def look_at_address(config: Config) -> AsyncIterator[Finding]:
    import httpx

    url = config.public_url
    local = urlsplit(url).hostname in LOCAL
    if local:
        cure = "Set NETWORKLAB_URL to the address that people reach: https:// and your host name."
        yield Finding("address", "look", f"Join links start with {url}, which is this machine alone.", cure)
    elif not config.secure:
        cure = f"Have a proxy speak TLS, and set NETWORKLAB_URL to https://…. {PROXY}"
        yield Finding(
            "TLS", "wrong", f"{url} is not encrypted: answers and cookies can be read on the way.", cure
        )
    async with httpx.AsyncClient(base_url=url, timeout=LONGEST, trust_env=True) as client:
        async for light in _asked(client, config, local):
            yield light
    if config.play_url is None:
        cure = (
            "Set NETWORKLAB_PLAY_URL to another host name that leads here, if a study of yours has scripts."
        )
        yield Finding("scripts", "look", "Studies with scripts of their own can’t be played.", cure)
    elif not local:
        yield await _play_origin(config.play_url)


async def _asked(client: httpx.AsyncClient, config: Config, local: bool) -> AsyncIterator[Finding]:
    import httpx

    url = config.public_url
    try:
        answer, certificate = await _ready(client)
    except httpx.HTTPError as error:
        if _in_tls(error):
            cure = f"Let the proxy get one for this very name, and serve the whole chain. {PROXY}"
            yield Finding("TLS", "wrong", f"The certificate of {url} does not hold: {_reason(error)}.", cure)
        else:
            cure = "Start the server and the proxy; the name must lead to this machine, and port 443 be open."
            state = "look" if local else "wrong"
            yield Finding("server", state, f"{url} gives no answer: {_reason(error)}.", cure)  # type: ignore[arg-type]
        return
    if not READY.fullmatch(answer.text):
        behind = "the proxy answers, and the server behind it does not"
        where = behind if answer.status_code in (502, 503, 504) else "something else answers there"
        cure = f"Start `networklab serve`, and have the proxy lead to {config.host} port {config.port}."
        yield Finding("server", "wrong", f"{url} answers with {answer.status_code}: {where}.", cure)
        return
    away = [line.partition(" ")[0] for line in answer.text.splitlines() if line.endswith(" not ready")]
    if answer.status_code == 200 and away:
        said = f"{url} leads to a server that does not reach {' and '.join(away)}: what is there waits."
        yield Finding("server", "wrong", said, "See the lights of that database.")
    elif answer.status_code == 200:
        yield Finding("server", "ok", f"{url} leads to a server that is ready.")
    else:
        cure = "See its standard error; the database light says whether that answers."
        yield Finding(
            "server", "wrong", "It runs, and is not ready: its database or its listener is away.", cure
        )
    if certificate:
        yield _certificate(certificate)
    if light := _date(answer):
        yield light
    async for light in _stream(client, config):
        yield light


async def _ready(client: httpx.AsyncClient) -> tuple[httpx.Response, dict[str, Any]]:
    async with client.stream("GET", "/health/ready") as answer:
        socket = answer.extensions["network_stream"].get_extra_info("ssl_object")
        certificate = socket.getpeercert() if socket else {}
        await answer.aread()
    return answer, certificate


def _certificate(found: dict[str, Any]) -> Finding:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), UTC)
    begins = datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notBefore"]), UTC)
    left = ends - datetime.now(UTC)
    # Some last a few hours or days and are renewed in time.
    if left.days < WEEKS and left < (ends - begins) / 4:
        cure = (
            "See in the proxy’s log why it is not renewed: port 80 or 443 must be open to the world for that."
        )
        return Finding("TLS", "look", f"The certificate ends on {ends:%Y-%m-%d}.", cure)
    return Finding("TLS", "ok", f"The certificate holds until {ends:%Y-%m-%d}.")


def _date(answer: httpx.Response) -> Finding | None:
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    seconds = (theirs - datetime.now(UTC)).total_seconds()
    if abs(seconds) > OFF:
        said = (
            f"The proxy’s is {abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine’s."
        )
        return Finding(
            "clock of the proxy", "look", said, "Have both set by NTP: `timedatectl set-ntp true`."
        )
    return Finding("clock of the proxy", "ok", "It agrees with this machine’s.")


async def _stream(client: httpx.AsyncClient, config: Config) -> AsyncIterator[Finding]:
    """Whether a stream comes piece by piece, as live pages need it, and what the server is told of who asks."""
    import httpx

    came: list[float] = []
    text = ""
    try:
        async with asyncio.timeout(LONGEST), client.stream("GET", "/play/live/check") as answer:
            async for piece in answer.aiter_text():
                text += piece
                came += [time.monotonic()] * piece.count("data: ")
    except (httpx.HTTPError, TimeoutError) as error:
        came, text = [], _reason(error)
    cure = f"Have the proxy hand streams on at once: no buffering, compression or cache. {PROXY}"
    if len(came) < PIECES:
        yield Finding(
            "live pages",
            "wrong",
            f"A stream does not come through: {text.strip()[:100] or 'it ended early'}.",
            cure,
        )
        return
    if came[-1] - came[0] < PAUSE * (PIECES - 1) / 2:
        said = "A stream comes all at once: something on the way holds it back. Pages would ask every 5 s instead."
        yield Finding("live pages", "wrong", said, cure)
    else:
        yield Finding("live pages", "ok", "A stream comes piece by piece.")
    if config.secure:
        if "data: https" in text:
            yield Finding("word of the proxy", "ok", "The server believes it that TLS is spoken.")
        else:
            cure = "Set FORWARDED_ALLOW_IPS to its address, and have it send X-Forwarded-For and X-Forwarded-Proto."
            said = "The server does not hear of TLS from it, nor who asks: limits by address hit everybody at once."
            yield Finding("word of the proxy", "wrong", said, cure)


async def _play_origin(url: str) -> Finding:
    import httpx

    try:
        async with httpx.AsyncClient(base_url=url, timeout=LONGEST) as client:
            answer = await client.get("/health/live")
        if answer.text == "alive\n":
            return Finding("scripts", "ok", f"{url} leads here, too.")
        reason = f"it answers with {answer.status_code}"
    except httpx.HTTPError as error:
        reason = _reason(error)
    cure = f"Have the proxy send that name to the same server, with its Host. {PROXY}"
    return Finding(
        "scripts",
        "wrong",
        f"{url}, where studies with scripts are played, does not lead here: {reason}.",
        cure,
    )


def _in_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _reason(error: BaseException) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
