"""What goes straight to a live page comes in its order, and what its reader does not take in time waits."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from litestar.datastructures import State

from app.web import player_stream
from app.web.live.page import QUEUE, Page
from app.web.server import Protocol
from app.web.straight import STRAIGHT
from app.web.streams import send_stream
from tests.house.waits import until

ASK = b"GET %s HTTP/1.1\r\nHost: here\r\n\r\n" % player_stream.PATH.encode()
LONG = "x" * 20_000


def test_what_a_page_is_sent_goes_straight_until_its_reader_falls_behind_and_nothing_is_lost() -> None:
    pages = list[Page]()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        page, straight = Page(1, "s"), scope["state"][STRAIGHT]
        page.stale = False
        pages.append(page)

        async def messages() -> AsyncIterator[bytes]:
            while (news := await page.news(straight)) is not None:
                yield news

        await send_stream(receive, send, messages(), straight)

    async def story() -> None:
        protocol = type("P", (Protocol,), {"state": State()})
        settings = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_level="error")
        server = uvicorn.Server(settings)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=100_000_000)
            writer.write(ASK)
            await reader.readuntil(b"hello")
            [page] = pages
            await until(lambda: page.straight is not None, "a stream that has nothing to send")
            sent = 0
            for _ in range(3):  # it goes straight again when its reader has come after
                while not page.queue:
                    assert sent < 5000, "somebody who does not read is made to wait"
                    page.push(f"data: {sent} {LONG}\n\n".encode())
                    sent += 1
                    await asyncio.sleep(0)  # what was written goes out
                    reader._transport.pause_reading()  # type: ignore[attr-defined]
                for _ in range(QUEUE // 2):
                    page.push(f"data: {sent} {LONG}\n\n".encode())
                    sent += 1
                assert page.straight is None and not page.stale
                reader._transport.resume_reading()  # type: ignore[attr-defined]
                await until(lambda: page.straight is not None, "a reader who has come after")
            page.refresh()  # and that is its end here
            whole = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 20)
            found = [int(one) for one in re.findall(rb"data: (\d+) x", whole)]
            assert found == list(range(sent))
            writer.close()
            server.should_exit = True
            await serving

    asyncio.run(story())
