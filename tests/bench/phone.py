"""The first pages on a slow phone: how much comes over the line, and how soon somebody can use them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, CDPSession, expect, sync_playwright

from app.web.auth import PLAYER_COOKIE
from tests.bench.figure import Chapter, Figure, plain, under
from tests.bench.stage import PROCESSES, Stage
from tests.house.browser import chromium, launch_arguments
from tests.house.guests import Guest
from tests.house.house import House
from tests.house.networks import Network, standing
from tests.house.server import Server
from tests.house.stage import ENTRY, PAIR, PHONE, STUDY
from tests.house.waits import apart

RUNS, SEATED = 5, 3  # times that a page is loaded, and that somebody is seated
BRIDGE = STUDY.replace('limit = "90s"', 'limit = "1h"')
MOST = 60.0  # KB that a first page may bring


@dataclass(frozen=True, slots=True)
class Line:
    """What the browser is made to believe of its connection: milliseconds, and kilobits a second."""

    name: str
    latency: float
    down: float
    up: float
    slower: int  # times, the processor
    aim: float | None  # seconds until a page can be used


SLOWEST = Line("Slow 3G", 2000, 400, 400, 6, None)
LINES = (
    Line("Lighthouse's slow 4G", 150, 1600, 750, 4, 1.0),
    Line("DevTools' Slow 4G", 562.5, 1440, 675, 4, None),
    SLOWEST,
)
WAYS = ("by the stream", "by asking, the stream held back", "without scripts")
HOW = f"""Chromium as a phone of {PHONE["width"]} by {PHONE["height"]} pixels, with an empty cache each time, its
processor slowed {LINES[0].slower} times and its network as DevTools slows it: {LINES[0].latency:.0f} ms and
{LINES[0].down / 1000:.1f} Mbit/s down ({LINES[0].name}; the latency stands before each answer, not before the
connection), and {LINES[1].latency:.1f} ms and {LINES[1].down / 1000:.2f} Mbit/s ({LINES[1].name}, by which DevTools
makes up for a connection's round trips). {SLOWEST.name} is DevTools' {SLOWEST.latency / 1000:.0f} s before each
answer and {SLOWEST.down / 1000:.1f} Mbit/s, with a processor {SLOWEST.slower} times slower. From seat to room goes from
the moment at which Postgres has somebody seated, who waits in the lobby on such a phone, until the room stands on
their page. Page sizes are what came over the line, compressed and with headers, of
everything that the page loads, its stream up to the first message included. Times go from the start of the
navigation. The entry form can be used when it is painted and the document is loaded and parsed; the room's page, when
it is painted, its scripts have run and its stream says that it is live."""
# What stands in the way of a first click, on the page's own clock.
LIVE = """addEventListener("DOMContentLoaded", () => {
    const line = document.querySelector("#state");
    if (!line) return;
    const look = () => { if (line.dataset.state === "live") window.livedAt ??= performance.now() };
    new MutationObserver(look).observe(line, {attributes: true});
    look();
})"""
TIMES = """() => ({
    painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    parsed: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
    live: window.livedAt ?? 0,
})"""


@dataclass(frozen=True, slots=True)
class Seen:
    kilobytes: float
    painted: float  # seconds
    usable: float


def run(stage: Stage) -> Chapter:
    with stage.house("phone") as house:
        server = house.serve(processes=PROCESSES)
        session = house.open(BRIDGE, {"player": 8})
        guests = [house.guest(server, session, label) for label in ("P1", "P2", "P3", "P4")]

        async def come() -> None:
            for guest in guests:
                assert (await guest.sign_in(ENTRY)).status == 303

        house.tell(come())
        link = f"{server.base}/join/{session.tokens['P5']}"
        seen: dict[tuple[str, str], list[Seen]] = {}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=launch_arguments())
            for line in LINES:
                for _ in range(1 if stage.quick else RUNS):
                    seen.setdefault((line.name, "join"), []).append(_look(browser, line, link))
                    at = f"{server.base}/play"
                    seen.setdefault((line.name, "play"), []).append(_look(browser, line, at, guests[0]))
            runs = range(1 if stage.quick else SEATED)
            seated = {way: [_seated(house, server, browser, way) for _ in runs] for way in WAYS}
            browser.close()
    figures = [plain(f"from seat to room, {SLOWEST.name}: {way}", seated[way], "s") for way in WAYS]
    return Chapter("The first pages on a slow phone", (*_figures(seen), *figures), HOW)


def _seated(house: House, server: Server, browser: Browser, way: str) -> float:
    """Seconds from being seated to the room on the page."""
    session = apart(lambda: house.open(PAIR, {"player": 2}))
    ann, ben = (house.guest(server, session, label) for label in ("P1", "P2"))
    apart(lambda: house.tell(ann.sign_in(ENTRY)))
    held_back = standing(Network(server.port, holds=True)) if way == WAYS[1] else nullcontext(server.base)
    with held_back as base:
        context = _phone(browser, ann, base, scripts=way != WAYS[2])
        page = context.new_page()
        _slow(context.new_cdp_session(page), SLOWEST)
        page.goto(f"{base}/play", timeout=90_000)
        state = {WAYS[0]: "live", WAYS[1]: "asking"}.get(way)
        if state:
            expect(page.locator("#state")).to_have_attribute("data-state", state, timeout=60_000)
        apart(lambda: house.tell(ben.sign_in(ENTRY)))
        page.locator("#where", has_text="round 1").wait_for(timeout=60_000)
        seen = time.time()
        context.close()
    [(at,)] = house.sql(
        "select extract(epoch from seated_at)::float from player where session_id = %s and label = 'P1'",
        session.id,
    )
    return seen - float(at)


def _figures(seen: dict[tuple[str, str], list[Seen]]) -> Sequence[Figure]:
    figures: list[Figure] = []
    names = {"join": "the entry form", "play": "the room's page"}
    for page, name in names.items():
        sizes = [one.kilobytes for one in seen[LINES[0].name, page]]
        figures.append(under(f"{name}: over the line, compressed", sizes, "KB", MOST))
    for line in LINES:
        for page, name in names.items():
            found = seen[line.name, page]
            figures.append(plain(f"{name}, {line.name}: first paint", [one.painted for one in found], "s"))
            usable = [one.usable for one in found]
            what = f"{name}, {line.name}: can be used"
            # The aim is for what somebody sees first.
            aim = line.aim if page == "join" else None
            figures.append(plain(what, usable, "s") if aim is None else under(what, usable, "s", aim))
    return figures


def _look(browser: Browser, line: Line, address: str, guest: Guest | None = None) -> Seen:
    context = _phone(browser, guest, address)
    page = context.new_page()
    page.add_init_script(LIVE)
    session = context.new_cdp_session(page)
    _slow(session, line)
    sizes: dict[str, float] = {}  # request → bytes

    def came(event: dict[str, object]) -> None:
        sizes[str(event["requestId"])] = float(str(event["encodedDataLength"]))

    def streams(event: dict[str, object]) -> None:
        name = str(event["requestId"])
        sizes[name] = sizes.get(name, 0.0) + float(str(event["encodedDataLength"]))

    session.on("Network.loadingFinished", came)
    session.on("Network.dataReceived", streams)
    page.goto(address, timeout=90_000)
    if guest:
        expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=60_000)
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    times = page.evaluate(TIMES)
    page.wait_for_timeout(700)  # the icon comes last
    context.close()
    usable = max(times["painted"], times["parsed"], times["live"])
    return Seen(sum(sizes.values()) / 1000, times["painted"] / 1000, usable / 1000)


def _phone(browser: Browser, guest: Guest | None, address: str, scripts: bool = True) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
        is_mobile=True,
        has_touch=True,
        java_script_enabled=scripts,
    )
    if guest:
        cookie = guest.browser.cookies[PLAYER_COOKIE]
        context.add_cookies([{"name": PLAYER_COOKIE, "value": cookie, "url": address}])
    return context


def _slow(session: CDPSession, line: Line) -> None:
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": line.latency,
            "downloadThroughput": line.down * 1000 / 8,
            "uploadThroughput": line.up * 1000 / 8,
        },
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": line.slower})
