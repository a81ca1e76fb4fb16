"""People who come by their link: what they do in their browser, and what their live page shows."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from app.rehearsal.browser import Browser, Reply, WireError
from tests.house.server import Server
from tests.house.waits import PATIENCE, until

PARTIAL = re.compile(r'<hx-partial hx-target="([^"]*)"[^>]*>(.*?)</hx-partial>', re.DOTALL)
FORM = re.compile(r'id="form-key" name="form_key" value="\d+\.(\d+)\.')
SAID = re.compile(r'<li id="m\d+".*?<span dir="auto">(.*?)</span></li>', re.DOTALL)


class Guest:
    """One person with a link, and a browser of their own."""

    def __init__(self, base: str, token: str, label: str = "") -> None:
        self.browser, self.token, self.label = Browser(base), token, label

    async def sign_in(self, entry: Mapping[str, str] = {}) -> Reply:
        return await self.browser.post(f"/join/{self.token}", dict(entry))

    async def page(self) -> str:
        return html.unescape((await self.browser.get("/play")).text)

    async def shows(self, what: str, seconds: float = PATIENCE) -> str:
        """The page, once this stands in it."""
        page = ""

        async def there() -> bool:
            nonlocal page
            page = await self.page()
            return what in page

        await until(there, lambda: f"{what} for {self.label}, whose page shows {page[-1500:]}", seconds)
        return page

    async def form(self, action: str = "/play/records") -> dict[str, str]:
        """The hidden fields of one form on the page, as they came."""
        return hidden_fields((await self.browser.get("/play")).text, action)

    async def answer(self, values: Mapping[str, str], form: Mapping[str, str] | None = None) -> Reply:
        hidden = await self.form() if form is None else form
        return await self.browser.post("/play/records", {**hidden, **values})

    async def say(self, body: str, to: int | None = None, channel: str = "") -> Reply:
        hidden = await self.form("/play/messages")
        whom = ({"to": str(to)} if to else {}) | ({"channel": channel} if channel else {})
        return await self.browser.post("/play/messages", {**hidden, "body": body, **whom})

    async def types(self, channel: str = "", form: Mapping[str, str] | None = None) -> Reply:
        """What their page says while they write a message."""
        hidden = await self.form("/play/messages") if form is None else form
        return await self.browser.post("/play/typing", {**hidden, "channel": channel})

    @asynccontextmanager
    async def watching(self, stream: Stream | None = None) -> AsyncIterator[Stream]:
        """The live page: what it has shown so far, and waits for what is to come. `stream`: a page that reconnects."""
        async with watching(self.browser, "/play/live", stream) as stream:
            yield stream

    def goes_to(self, server: Server, browser: type[Browser] = Browser) -> None:
        """Take the cookies along to another server, or in another browser."""
        cookies = self.browser.cookies
        self.browser.close()
        self.browser = browser(server.base)
        self.browser.cookies = cookies

    def leave(self) -> None:
        self.browser.close()


@dataclass(slots=True)
class Stream:
    """A live page. `talk` is what stands in the talk, as htmx puts it there: a snapshot replaces it all."""

    messages: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    raw: list[str] = field(default_factory=list)  # the messages as they came, entities and all
    talk: list[str] = field(default_factory=list)
    at: int | None = None  # where in the plan the form is that stands there
    snapshots: int = 0
    ended: bool = False  # the server closed it
    reading: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: a page that has stopped reading

    def __post_init__(self) -> None:
        self.reading.set()

    @property
    def text(self) -> str:
        return "\n".join(self.messages)

    def newest(self, *targets: str) -> str:
        """The last message for one of these places or for the whole page: the very last may be for another place."""
        ends = [f'hx-target="{target}"' for target in targets or ("#step",)] + ['hx-target="#page"']
        return next((one for one in reversed(self.messages) if any(end in one for end in ends)), "")

    async def follow(self, browser: Browser, address: str = "/play/live") -> None:
        self.ended = False
        async with aclosing(browser.stream(address)) as messages:
            async for message in messages:
                self._show(message)
                await self.reading.wait()
        self.ended = True
        self.came.set()

    def _show(self, message: str) -> None:
        self.messages.append(html.unescape(message))
        self.raw.append(message)
        for target, content in PARTIAL.findall(message):
            said = [html.unescape(body) for body in SAID.findall(content)]
            if target in ("#page", "#step") and (key := FORM.search(content)):
                self.at = int(key[1])
            if target == "#page":
                self.talk, self.snapshots = said, self.snapshots + 1
            elif target.startswith("#talk") and target != "#talks-with":
                self.talk = self.talk + said
        self.came.set()

    async def until(self, seen: Callable[[str], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait for the stream to have shown something; fails with all that it showed instead."""
        try:
            async with asyncio.timeout(seconds):
                while not seen(self.text):
                    self.came.clear()
                    await self.came.wait()
        except TimeoutError:
            raise AssertionError(f"never came: {what}. The stream showed: {self.text[-2000:]}") from None


@asynccontextmanager
async def watching(browser: Browser, address: str, stream: Stream | None = None) -> AsyncIterator[Stream]:
    stream = stream or Stream()
    shown = len(stream.messages)
    task = asyncio.create_task(stream.follow(browser, address))
    task.add_done_callback(lambda _: stream.came.set())
    try:
        await stream.until(lambda _: len(stream.messages) > shown or task.done(), "a first message")
        if task.done():
            task.result()  # says why
        yield stream
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, WireError):
            await task


async def sign_everyone_in(
    guests: Sequence[Guest], at_once: int = 200, entry: Mapping[str, str] = {}
) -> list[Reply]:
    gate = asyncio.Semaphore(at_once)

    async def one(guest: Guest) -> Reply:
        async with gate:
            return await guest.sign_in(entry)

    return await asyncio.gather(*(one(guest) for guest in guests))


async def seated(guest: Guest, seconds: float = PATIENCE) -> str:
    """The guest's page once it shows a room."""
    return await guest.shows('action="/play/records"', seconds)


def stream_status(client: httpx.Client, address: str, headers: Mapping[str, str] = {}) -> int:
    """What a stream is answered with, without waiting for its end."""
    with client.stream("GET", address, headers=dict(headers)) as answer:
        return answer.status_code


def hidden_fields(page: str, action: str) -> dict[str, str]:
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form, f"there is no form for {action} on this page: {page[-1500:]}"
    found = re.findall(r'<input type="hidden"[^>]*name="([^"]+)" value="([^"]*)"', form[0])
    return {name: html.unescape(value) for name, value in found}
