"""The server of a story, in processes of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.rehearsal.browser import Browser, WireError
from tests.house.commands import Forked
from tests.house.waits import apart, until


@dataclass(slots=True)
class Server:
    """`networklab serve`, in processes of its own."""

    base: str
    popen: subprocess.Popen[bytes] | Forked
    log: Path
    port: int

    def wait_until_ready(self) -> None:
        asyncio.run(until(self._is_ready, lambda: f"a ready server: {self.log.read_text()}", 60))

    async def _is_ready(self) -> bool:
        assert self.popen.poll() is None, f"the server ended: {self.log.read_text()}"
        browser = Browser(self.base)
        try:
            return (await browser.get("/health/ready")).status == 200
        except WireError:
            return False
        finally:
            browser.close()

    def kill(self) -> None:
        """As a power cut would: no clean-up in any of its processes. Returns when nobody listens any more."""
        self.popen.kill()
        self.popen.wait()
        apart(lambda: asyncio.run(until(lambda: not self._listens(), "the end of all server processes")))

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(30)
