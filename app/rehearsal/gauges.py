"""What the server says of itself meanwhile: its metrics and its dashboard, once a second."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.rehearsal.browser import Browser, WireError
from app.rehearsal.programs import family_cpu

METRIC = re.compile(r'^(\w+)\{(?:cluster="[^"]*",)?process="([^"]*)"\} (\S+)$', re.MULTILINE)
SUMMED = {"networklab_streams", "networklab_ledger_queued"}  # of several databases; of others the most counts


@dataclass(frozen=True, slots=True)
class Process:
    """One server process at one moment."""

    cpu: float  # seconds since it began
    memory: float  # megabytes
    streams: int
    queued: int  # forms
    oldest: float  # seconds
    lag: float  # seconds


@dataclass(frozen=True, slots=True)
class Sample:
    """One second. Times in seconds."""

    at: float
    came: int
    playing: int
    done: int
    records: int
    messages: int
    busy: int
    latencies: tuple[float, ...]  # of the forms answered in it
    bots_lag: float
    processes: Mapping[str, Process] | None  # None: the server did not say
    postgres_cpu: float | None  # seconds since it began; None: it is not on this machine
    bots_cpu: Mapping[int, float] = field(default_factory=dict)  # process of bots → the same
    acts: Mapping[str, int] = field(default_factory=dict)  # forms that were answered so far, by kind


@dataclass(slots=True)
class Gauges:
    base: str  # of the server; "" where nobody has watched it
    postmaster: int | None = None
    samples: list[Sample] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)  # when the dashboard's came

    @property
    def is_here(self) -> bool:
        """The server is on this machine, and reads the same clock."""
        return urlsplit(self.base).hostname in ("127.0.0.1", "localhost", "::1")

    async def metrics(self) -> Mapping[str, Process] | None:
        browser = Browser(self.base)
        try:
            async with asyncio.timeout(3):
                answer = await browser.get("/metrics")
        except (WireError, TimeoutError):
            return None
        finally:
            browser.close()
        return read_metrics(answer.text) if answer.status == 200 else None

    def postgres_cpu(self) -> float | None:
        return None if self.postmaster is None else family_cpu(self.postmaster)

    async def watch_dashboard(self, session_id: str, cookies: Mapping[str, str]) -> None:
        """Note each tick until cancelled, as a researcher's page does it."""
        browser = Browser(self.base)
        browser.cookies = dict(cookies)
        while True:
            with suppress(WireError):
                async for message in browser.stream(f"/admin/sessions/{session_id}/live"):
                    if "#tick" in message[:200]:
                        self.ticks.append(time.monotonic())
            await asyncio.sleep(0.3)


def read_metrics(text: str) -> dict[str, Process]:
    """Process → figures, from the Prometheus text format."""
    found: dict[str, dict[str, float]] = {}
    for name, process, number in METRIC.findall(text):
        of, value = found.setdefault(process, {}), float(number)
        of[name] = of.get(name, 0.0) + value if name in SUMMED else max(of.get(name, value), value)
    return {
        process: Process(
            cpu=of.get("process_cpu_seconds_total", 0.0),
            memory=of.get("process_resident_memory_bytes", 0.0) / 1e6,
            streams=int(of.get("networklab_streams", 0)),
            queued=int(of.get("networklab_ledger_queued", 0)),
            oldest=of.get("networklab_ledger_oldest_seconds", 0.0),
            lag=of.get("networklab_hub_lag_seconds", 0.0),
        )
        for process, of in found.items()
    }
