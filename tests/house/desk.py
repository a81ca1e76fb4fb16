"""A researcher at one session: what they read and do there."""

from __future__ import annotations

import html

from app.rehearsal.browser import Browser, Reply
from tests.house.guests import hidden_fields
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.waits import until


class Desk:
    """A researcher's browser, at one session."""

    def __init__(self, browser: Browser, session: Opened) -> None:
        self.browser, self.here = browser, f"/admin/sessions/{session.id}"

    async def page(self, of: str = "") -> str:
        answer = await self.browser.get(f"{self.here}{of}")
        assert answer.status == 200, answer.text
        return html.unescape(answer.text)

    async def shows(self, what: str, of: str = "") -> str:
        """The page in words, once it has these. A server that is busy just now is asked again, as its page says."""

        async def there() -> str:
            answer = await self.browser.get(f"{self.here}{of}")
            if answer.status == 503:
                return ""
            assert answer.status == 200, answer.text
            text = words(html.unescape(answer.text))
            return text if what in text else ""

        return str(await until(there, what))

    async def form(self, of: str, action: str) -> dict[str, str]:
        return hidden_fields((await self.browser.get(f"{self.here}{of}")).text, f"{self.here}{action}")

    async def do(self, action: str, form: dict[str, str]) -> Reply:
        return await self.browser.post(f"{self.here}{action}", form, {"HX-Request": "true"})


def desk(house: House, server: Server, session: Opened, name: str = "ada") -> Desk:
    return Desk(house.researcher(server, name), session)


def numbers(house: House, session: Opened) -> dict[str, int]:
    return dict(house.sql("select label, id from player where session_id = %s", session.id))
