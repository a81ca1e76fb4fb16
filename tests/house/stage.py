"""The verbs of the stories in a browser. As a pytest plugin: the stages that they are played on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from app.database.connections import Connection
from app.players import notes
from app.web.access.accounts import put_account
from tests.house.browser import SOON
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.waits import apart

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}

STUDY = """
title = "The bridge"
[entry]
fields = [
    {name = "age", ask = "Your age in years", kind = "integer", min = 18, max = 120},
    {name = "news", ask = "How often do you follow the news?", kind = "choice", options = ["Every day", "Never"]},
]
[[room]]
name = "mixed"
seats = {any = 4}
[lobby]
max_wait = "5m"
pay_per_minute = 0.15
[pay]
base = 4.50
currency = "EUR"
[network]
kind = "ring"
[[step]]
page = "talk"
repeat = 2
limit = "90s"
chat = "neighbours"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "slider", min = 0, max = 100, low = "not", high = "fully"},
    {name = "trust", ask = "How much do you trust them?", kind = "scale", min = 1, max = 5},
    {name = "source", ask = "What did you rely on?", kind = "choice", options = ["Neighbours", "A guess"]},
    {name = "passed_on", ask = "Did you pass it on?", kind = "yes_no"},
    {name = "why", ask = "Why?", kind = "text", required = false},
    {name = "agree", ask = "How many agree?", kind = "integer", min = 0, max = 10},
]
[finish]
redirect = "https://example.org/complete?cc={code}"
codes = {complete = "BRIDGE-DONE", lobby = "C2", partner_left = "C3", withdrawn = "C4", closed = "BRIDGE-CLOSED"}
"""
PAIR = STUDY.replace("any = 4", "any = 2").replace('kind = "ring"', 'kind = "complete"')
ENTRY = {"age": "33", "news": "Never"}
ANSWERS = {"belief": "64", "trust": "4", "source": "A guess", "passed_on": "yes", "why": "", "agree": "3"}

# A page asks whether it may play a tone, and takes no for an answer. On a machine that does much else its stream is
# late, and what it asks for instead may be, too: it asks again.
NO_FAULT = ["AudioContext was not allowed", "htmx:error: timeout {elt: div#ask"]
SMALL = {"width": 320, "height": 568}
# What can be tapped is 44 px high (WCAG 2.5.5); a link within a sentence may be 24 (2.5.8). Nothing is cut, whatever
# does not end in dots on purpose.
LOOK = """() => {
    const apart = ".unseen, [inert], #newest > span";
    const shown = (node) => node.checkVisibility({visibilityProperty: true}) && !node.closest(apart);
    const name = (node) => `${node.tagName} ${node.id} “${(node.textContent || node.value || "").trim().slice(0, 40)}”`;
    const found = [];
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) found.push(`scrolls to ${scrollWidth}`);
    const taps = "button, a, summary, label:has(input), textarea, select, "
        + "input:not([type=hidden], [type=radio], [type=checkbox])";
    for (const node of [...document.querySelectorAll(taps)].filter(shown)) {
        const { height, width } = node.getBoundingClientRect();
        const least = node.matches("p a") ? 24 : 44;
        if (height < least || width < 24) found.push(`${name(node)} is ${width} × ${height}`);
    }
    for (const node of [...document.querySelectorAll("#page *, body > main *, body > header *")].filter(shown)) {
        const { left, right } = node.getBoundingClientRect();
        if (left < -0.5 || right > innerWidth + 0.5) found.push(`${name(node)} reaches from ${left} to ${right}`);
        const style = getComputedStyle(node);
        const dots = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
        if (!dots && style.overflowX !== "visible" && !["INPUT", "TEXTAREA"].includes(node.tagName)
            && node.scrollWidth > node.clientWidth + 1) found.push(`${name(node)} is cut`);
    }
    return found;
}"""


class Stage:
    """The house with its curtain up: a server, pages of several people, and all that their consoles say."""

    def __init__(self, house: House, new_context: CreateContextCallback) -> None:
        self.house, self.new_context = house, new_context
        self.said: list[str] = []
        self.borne: list[str] = []  # patterns of what the story itself provokes

    @property
    def server(self) -> Server:
        """The first of the hall; of a house of one's own, the newest."""
        return self.house.servers[0 if self.house.sessions is not None else -1]

    def serve(self, port: int | None = None, **environ: str) -> None:
        apart(lambda: self.house.serve(1, port, **environ))

    def open(self, toml: str = STUDY, people: int = 4, start: bool = True) -> Opened:
        return apart(lambda: self.house.open(toml, {"player": people}, start))

    def act(self, action: str, session: Opened) -> None:
        apart(lambda: self.house.act(action, session))

    def page(self, size: Mapping[str, int] = PHONE, **settings: Any) -> Page:
        """A browser of somebody's own."""
        context = self.new_context(viewport={"width": size["width"], "height": size["height"]}, **settings)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.said.append(f"uncaught: {error.error}"))
        return context.new_page()

    def link(self, session: Opened, label: str) -> str:
        return f"{self.server.base}/join/{session.tokens[label]}"

    def player(self, session: Opened, label: str, size: Mapping[str, int] = PHONE) -> Page:
        """Somebody who came in by their link."""
        page = self.page(size)
        come_in(page, self.link(session, label))
        expect_state(page, "Live")  # before that, its forms work as if scripts were off
        return page

    def bear(self, pattern: str) -> None:
        """What this story breaks on purpose, the browser may report."""
        self.borne.append(pattern)

    def complaints(self) -> list[str]:
        return [line for line in self.said if not any(re.search(one, line) for one in self.borne)]

    def guests(self, session: Opened, *labels: str, entry: Mapping[str, str] = ENTRY) -> list[Guest]:
        """People without a browser, who came in."""
        guests = [self.house.guest(self.server, session, label) for label in labels]

        async def come() -> None:
            for guest in guests:
                assert (await guest.sign_in(entry)).status == 303

        apart(lambda: self.house.tell(come()))
        return guests

    def answer(self, *guests: Guest, **changed: str) -> None:
        async def say() -> None:
            for guest in guests:
                assert (await guest.answer(ANSWERS | changed)).status in (200, 303)

        apart(lambda: self.house.tell(say()))

    def say(self, guest: Guest, body: str, channel: str = "") -> None:
        async def say() -> None:
            assert (await guest.say(body, channel=channel)).status in (200, 303)

        apart(lambda: self.house.tell(say()))

    def type(self, guest: Guest, channel: str = "") -> None:
        """A page's sign that somebody is writing a message."""

        async def give() -> None:
            assert (await guest.types(channel)).status == 204

        apart(lambda: self.house.tell(give()))

    def tell_everybody(self, session: Opened, words: str) -> None:
        """As a researcher; without words, what stood there goes."""
        apart(
            lambda: self.house.do(
                lambda conn: notes.tell_everybody(conn, session.id, "ada", words, uuid4().hex)
            )
        )

    def ring(self, session: Opened) -> list[str]:
        """The labels around the ring: each talks with the one before and the one after."""
        found = self.house.sql(
            "select label from player where session_id = %s and slot is not null order by slot", session.id
        )
        return [label for (label,) in found]

    def versions(self, session: Opened, label: str, field: str) -> list[str]:
        found = self.house.sql(
            "select value from record r join player p on p.id = r.player_id "
            "where p.session_id = %s and p.label = %s and field = %s order by r.id",
            session.id,
            label,
            field,
        )
        return [value for (value,) in found]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(one in message.text for one in NO_FAULT):
            self.said.append(f"{message.type}: {message.text} ({message.location.get('url')})")


@pytest.fixture
def stage(shared: House, new_context: CreateContextCallback) -> Iterator[Stage]:
    """For a story that leaves the server as it is."""
    stage = Stage(shared, new_context)
    yield stage
    assert stage.complaints() == []


@pytest.fixture
def alone(house: House, new_context: CreateContextCallback) -> Iterator[Stage]:
    """For a story with a server of its own."""
    stage = Stage(house, new_context)
    yield stage
    assert stage.complaints() == []


def come_in(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Your age in years").fill("33")
    page.get_by_label("Never").check()
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#page")).to_be_visible()


def fill_in(page: Page, belief: str = "64", why: str = "", agree: str = "3") -> None:
    page.get_by_label("How sure are you?").fill(belief)
    page.get_by_role("radio", name="4", exact=True).check()
    page.get_by_label("A guess").check()
    page.get_by_label("Yes").check()
    page.get_by_label("Why?").fill(why)
    page.get_by_label("How many agree?").fill(agree)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save my answers").click()


def send(page: Page, body: str) -> None:
    page.get_by_label("Message to your neighbours").fill(body)
    page.get_by_role("button", name="Send").click()


def expect_state(page: Page, words: str, timeout: float = SOON) -> None:
    """Of all that the line could say, only what shows."""
    expect(page.locator("#state")).to_have_text(words, use_inner_text=True, timeout=timeout)


NOTE = """selector => {
    const noted = [];
    window.noted = noted;
    new MutationObserver(() => {
        const words = document.querySelector(selector)?.innerText.trim();
        if (words && words !== noted.at(-1)) noted.push(words);
    }).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def note(page: Page, selector: str) -> None:
    """All that this place shows from now on, also what has passed before anybody looks."""
    page.evaluate(NOTE, selector)
    page.add_init_script(f"({NOTE})({selector!r})")


def noted(page: Page) -> list[str]:
    """One after the other, since this page was loaded."""
    return list(page.evaluate("window.noted"))


def expect_noted(page: Page, words: str) -> None:
    """They were shown, however shortly, or will be soon."""
    page.wait_for_function("words => noted.some(one => one.includes(words))", arg=words, timeout=SOON)


def clock(page: Page) -> Locator:
    return page.get_by_role("timer")


def seconds(page: Page) -> int:
    minutes, _, rest = clock(page).inner_text().partition(":")
    return 60 * int(minutes) + int(rest)


def expect_round(page: Page, number: int) -> None:
    expect(page.locator("#where")).to_contain_text(f"round {number} of 2")


def expect_filled(page: Page, belief: str, why: str) -> None:
    expect(page.get_by_label("How sure are you?")).to_have_value(belief)
    expect(page.locator("output")).to_have_text(belief)
    expect(page.get_by_role("radio", name="4", exact=True)).to_be_checked()
    expect(page.get_by_label("A guess")).to_be_checked()
    expect(page.get_by_label("Yes")).to_be_checked()
    expect(page.get_by_label("Why?")).to_have_value(why)


def expect_empty(page: Page) -> None:
    expect(page.locator("output")).to_have_text("–")
    expect(page.locator("#step input:checked")).to_have_count(0)
    expect(page.get_by_label("Why?")).to_have_value("")
    expect(page.get_by_label("How many agree?")).to_have_value("")
    expect(page.locator("#saved")).to_have_text("")


def put_researcher(stage: Stage) -> None:
    async def account(conn: Connection) -> None:
        await put_account(conn, "ada", "a long password")

    apart(lambda: stage.house.do(account))


def log_in(stage: Stage, page: Page, base: str = "", name: str = "ada") -> None:
    """`base`: where the server is reached, if not at its own address. Others than ada have their account already."""
    if name == "ada":
        put_researcher(stage)
    page.goto(f"{base or stage.server.base}/admin")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def stays_the_same_page(page: Page) -> Callable[[], bool]:
    """Says later whether the page was ever loaded again."""
    page.evaluate("window.neverLoadedAgain = true")
    return lambda: bool(page.evaluate("window.neverLoadedAgain === true"))


def wait_on(page: Page, seconds: float) -> None:
    """To see that nothing happens takes time; the page's own clock says when it is over."""
    page.wait_for_function(
        "([since, most]) => performance.now() - since > most",
        arg=[page.evaluate("performance.now()"), 1000 * seconds],
    )


def ask_for_help(page: Page, words: str) -> None:
    page.get_by_text("I need help").click()
    page.locator("#help-body").fill(words)
    page.get_by_role("button", name="Ask for help").click()
    expect(page.locator("#help .talk")).to_contain_text(words)


def answer(desk: Page, words: str) -> None:
    desk.locator("#note").fill(words)
    desk.locator(".acts").get_by_role("button", name="Send").click()
    expect(desk.locator("#said")).to_contain_text("on their page now")


def tab_to(page: Page, target: Locator, key: str = "Tab", most: int = 60) -> None:
    """Press Tab until `target` has the focus, visibly; wherever the focus stops on the way it can be seen too."""
    passed: list[str] = []
    expect(target).to_be_attached()  # where the last key has led to another page, that is here
    for _ in range(most):
        page.keyboard.press(key)
        seen = page.evaluate(
            """() => {
                const node = document.activeElement;
                if (node === document.body) return true;  // round the end
                const label = node.matches("input[type=radio]") && node.closest("label:has(:focus-visible)");
                // Where the button itself is not to be seen, its label has the line around it.
                const shown = label && getComputedStyle(label).outlineStyle !== "none" ? label : node;
                if (getComputedStyle(shown).opacity === "0" || shown.offsetWidth < 8) return false;
                const { outlineStyle, outlineWidth } = getComputedStyle(shown);
                const box = shown.getBoundingClientRect();
                return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && box.width > 0
                    && box.bottom > 0 && box.top < innerHeight;
            }"""
        )
        assert seen, f"the focus can be seen: {page.evaluate('document.activeElement.outerHTML')[:200]}"
        if target.evaluate("node => node === document.activeElement"):
            return
        passed.append(str(page.evaluate("document.activeElement.outerHTML"))[:60])
    raise AssertionError(f"the keyboard does not reach {target}; it came past {passed}")


def watch_the_clock(page: Page) -> None:
    """Notes each time that the page shows, from now on."""
    page.evaluate(
        """() => {
            window.shown = [];
            const note = () => {
                const [minutes, seconds] = document.querySelector('.clock').textContent.split(':').map(Number);
                const left = 60 * minutes + seconds;
                if (window.shown.at(-1) !== left) window.shown.push(left);
                requestAnimationFrame(note);
            };
            note();
        }"""
    )


def ticks(page: Page, count: int) -> None:
    """Wait for so many ticks of the dashboard."""
    page.evaluate(
        """() => {
            window.ticked = 0;
            document.addEventListener('htmx:sse:after:message', () => { window.ticked += 1 });
        }"""
    )
    page.wait_for_function("count => window.ticked >= count", arg=count)


def left(stage: Stage, session: Opened) -> float:
    [(deadline,)] = stage.house.sql(
        "select extract(epoch from deadline - clock_timestamp())::float from room where session_id = %s",
        session.id,
    )
    return float(deadline)
