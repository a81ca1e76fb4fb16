"""The load of record forms: wrk, or where there is none our own Python client, which takes cores from the server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import uvloop

from tests.bench.client import Connection, connect, form_headers, post
from tests.bench.crowd import Attendee
from tests.bench.figure import WrongAnswer, percentile

SCRIPT = Path(__file__).with_name("records.lua")
THREADS = 2
FIRST, LAP = 100_000_000, 10_000_000  # all values have nine digits, so all forms are of one length


@dataclass(frozen=True, slots=True)
class Load:
    seconds: float
    p50: float  # milliseconds
    p99: float
    receipts: list[str]  # one for each answer
    first: int  # all values are from here …
    last: int  # … to here


@dataclass(frozen=True, slots=True)
class Plan:
    base: str
    crowd: Sequence[Attendee]
    fields: Sequence[str]
    folder: Path


@cache
def wrk() -> str | None:
    """The compiled load generator; root gets Debian's package of it."""
    if not shutil.which("wrk") and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "wrk"]
        subprocess.run(command, capture_output=True, timeout=300, check=False)
    found = shutil.which("wrk")
    if found is None:
        print(
            "There is no wrk here (Debian and Ubuntu: apt install wrk): the load comes from a Python client, which"
            " takes so much of the processors itself that the figures are only a lower bound.",
            file=sys.stderr,
        )
    return found


def post_records(plan: Plan, connections: int, seconds: int, lap: int) -> Load:
    """Answer as fast as the server does. Each `lap` (0, 1, …) posts values that no other lap posts."""
    program = wrk()
    first = FIRST + lap * LAP
    if program is None:
        return uvloop.run(_post(plan, connections, seconds, first))
    return _run_wrk(program, plan, connections, seconds, first)


def _run_wrk(program: str, plan: Plan, connections: int, seconds: int, first: int) -> Load:
    people = plan.folder / "players"
    people.write_text("".join(f"{one.cookie}\t{one.record_key}\n" for one in plan.crowd))
    command = [
        *(program, f"--connections={connections}", f"--threads={THREADS}", f"--duration={seconds}s"),
        *("--timeout=30s", f"--script={SCRIPT}", plan.base, "--"),
        *(str(people), ",".join(plan.fields), str(first), str(plan.folder), form_headers(plan.base)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
    found = json.loads(done.stdout.partition("\nFOUND ")[2])
    if found["broken"]:
        raise WrongAnswer(f"{found['broken']} connections of wrk broke")
    answers: list[str] = []
    for number in range(THREADS):
        answers += (plan.folder / f"receipts-{number}").read_text().splitlines()
    receipts = []
    for answer in answers:
        status, _, receipt = answer.partition(" ")
        receipts.append(_checked(int(status), receipt))
    return Load(found["seconds"], found["p50"], found["p99"], receipts, first, first + LAP - 1)


async def _post(plan: Plan, connections: int, seconds: int, first: int) -> Load:
    latencies: list[float] = []
    receipts: list[str] = []
    values = iter(range(first, first + LAP))
    started = time.perf_counter()

    async def one(crowd: Sequence[Attendee]) -> None:
        connection = await connect(plan.base, Connection)
        while True:
            for attendee in crowd:
                value = str(next(values))
                form = {"form_key": attendee.record_key} | dict.fromkeys(plan.fields, value)
                reply = await connection.ask(post(plan.base, "/play/records", form, attendee.cookie))
                receipts.append(_checked(reply.status, reply.headers.get(b"receipt", b"").decode()))
                latencies.append(1000 * reply.seconds)
                if time.perf_counter() - started > seconds:
                    connection.close()
                    return

    await asyncio.gather(*(one(plan.crowd[nth::connections]) for nth in range(connections)))
    took = time.perf_counter() - started
    return Load(
        took, percentile(latencies, 0.5), percentile(latencies, 0.99), receipts, first, first + LAP - 1
    )


def _checked(status: int, receipt: str) -> str:
    if status != 200 or not receipt:
        raise WrongAnswer(f"a record form was answered with {status} and the receipt “{receipt}”")
    return receipt
