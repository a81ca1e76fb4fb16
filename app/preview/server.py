"""`networklab serve --dev STUDY`: a server for the one who writes a study, on this machine only.

It is the production application with a window beside it, in one process, on a Postgres of its own. Nothing of it is
in what `serve` serves: the window's addresses are added here, and so is the word on who asks.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import uvicorn
import uvloop
from litestar import Litestar

from app.config import Config
from app.database.running import database
from app.preview.frames import Frame, Frames
from app.preview.preview import RESEARCHER, Preview
from app.preview.window import ROUTER
from app.study.reading import read_folder
from app.web.access.accounts import ensure_account
from app.web.access.logins import log_in
from app.web.app import create_app
from app.web.auth import ADMIN_COOKIE
from app.web.processes import PortTaken, bind
from app.web.server import Server
from app.web.wire import Bounded

LOCAL = ("127.0.0.1", "localhost")
FRAMES, MOST = 4, 12


def run_preview(config: Config, folder: Path, players: int | None) -> None:
    """Until Ctrl-C. Raises `StudyError` for a folder that is no study's, and `PortTaken`.

    `config.host` must be one of `LOCAL`, and `players` at most `MOST`.
    """
    read_folder(folder)
    listener = bind(config.host, config.port)
    frames = [Frame(n, _beside(config, n)) for n in range(1, (players or FRAMES) + 1)]
    # Its sessions are played with and thrown away: they have no business beside anybody's data.
    own = replace(config, home=config.home / "preview", database_url=None, listener_url=None)
    own = replace(own, clusters={}, listeners={}, cluster="")
    own.home.mkdir(parents=True, exist_ok=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)  # what uvicorn passes on once it has stopped
    with database(own, watch=True) as url:
        uvloop.run(_serve(own, url, folder, listener, frames))
    print("Stopped.")


async def _serve(
    config: Config, url: str, folder: Path, listener: socket.socket, frames: list[Frame]
) -> None:
    app = create_app(config, url)
    app.register(ROUTER)
    framed = Frames(app, frames)

    async def get_ready(app: Litestar) -> None:
        """After the lab, and before the first request: a window that is still open asks at once."""
        lab = app.state.lab
        async with lab.pool.connection() as conn, conn.transaction():
            await ensure_account(conn, RESEARCHER)
            framed.researcher[ADMIN_COOKIE] = await log_in(conn, RESEARCHER)
        app.state.preview = Preview(folder, framed, lab)

    app.on_startup.append(get_ready)
    settings = uvicorn.Config(
        framed,
        loop="uvloop",
        http=Bounded,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )

    async def preview() -> None:
        print(
            f"\n{folder} as its players see it, and its monitor:\n\n  http://127.0.0.1:{config.port}/dev\n\n"
            "Each save shows there. Ctrl-C stops it; nothing of it is kept as data.\n",
            flush=True,
        )
        await app.state.preview.run()

    await With(settings, preview).serve(sockets=[listener, *(frame.listener for frame in frames)])


class With(Server):
    """A server and something beside it, that begins once the server answers and ends before it does not any more."""

    def __init__(self, settings: uvicorn.Config, beside: Callable[[], Coroutine[None, None, None]]) -> None:
        super().__init__(settings, None)
        self.beside, self.task = beside, asyncio.Future[None]()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.task = asyncio.create_task(self.beside())
            self.task.add_done_callback(self._end)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        await super().shutdown(sockets)
        if not self.task.cancelled():
            self.task.result()  # it has failed, which is to be seen

    def _end(self, _: object) -> None:
        self.should_exit = True


def _beside(config: Config, number: int) -> socket.socket:
    """The port after the window's, or any other that is free."""
    try:
        return bind(config.host, config.port + number)
    except PortTaken:
        return bind(config.host, 0)
