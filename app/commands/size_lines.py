"""How large a server must be, in the lines that `check` prints."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.commands.arguments import Refusal
from app.rehearsal.costs import Used
from app.rehearsal.prices import HOURS, read_prices
from app.rehearsal.sizing import AS_MEASURED, Size, like_in

DAY = 24.0  # hours


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rehearsed",
        type=Path,
        metavar="FILE",
        help="what `rehearse --json` said of this study: machines are reckoned by what it took there",
    )


def read_rehearsed(path: Path | None) -> Used:
    """How much more each form took in that rehearsal than elsewhere; refuses what `rehearse --json` did not write."""
    if path is None:
        return AS_MEASURED
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refusal(
            f"{path} can’t be read ({error}). Give the file that `rehearse --json` wrote."
        ) from None
    like = like_in(found) if isinstance(found, dict) else None
    if like is None:
        raise Refusal(
            f"{path} does not say what server and Postgres used. Give what `rehearse --json` wrote on their machine."
        )
    return like


def told_of(size: Size) -> Iterator[tuple[str, str]]:
    if size.hosts == 0:
        yield "machines", f"one of {size.database} cores, with {size.memory:.0f} GB of memory"
    else:
        yield (
            "machines",
            f"{size.hosts} hosts of {size.host} cores, of which one may be gone; {2 * size.databases} of"
            f" {size.database} cores for Postgres and its standby;",
        )
        yield (
            "",
            f"3 small ones for etcd; each with {size.memory:.0f} GB of memory or more (docs/scale.md)",
        )
    server, postgres = _cores(size.used.server), _cores(size.used.postgres)
    yield "", f"at the busiest the server takes {server} and Postgres {postgres}"
    if size.databases > 1:
        yield (
            "",
            f"that is {size.databases} databases, over which sessions are spread: one session lies whole in one",
        )
    yield (
        "",
        f"{size.processes:,} processes, {size.connections:,} connections, {size.disk:,.0f} GB of disk;"
        f" {8 * size.a_second / 1e6:,.0f} Mbit/s to pages at the busiest, {size.sent / 1e9:,.1f} GB in all",
    )
    prices = read_prices()
    yield "prices", f"by the lists of {prices.known}, without tax: check before you buy"
    for one in prices.providers:
        day, month = (size.cost(one, hours) for hours in (DAY, HOURS))
        yield "", f"{one.name}: {day:,.2f} {one.currency} for a day, {month:,.0f} for a month"


def _cores(number: float) -> str:
    return f"{number:.1f} cores" if number >= 0.95 else f"{100 * number:.0f}% of a core"


def as_json(size: Size) -> dict[str, Any]:
    prices = read_prices()
    return asdict(size) | dict(
        disk=size.disk,
        prices=dict(
            known=prices.known,
            note="check before you buy",
            providers=[
                dict(
                    name=one.name,
                    currency=one.currency,
                    day=round(size.cost(one, DAY), 2),
                    month=round(size.cost(one, HOURS), 2),
                )
                for one in prices.providers
            ],
        ),
    )
