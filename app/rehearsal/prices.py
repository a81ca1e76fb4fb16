"""What machines cost by the lists of three providers; the figures are in prices.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOURS = 730.0  # of a month


@dataclass(frozen=True, slots=True)
class Rented:
    cores: int
    memory: int  # GB
    hour: float


@dataclass(frozen=True, slots=True)
class Provider:
    """Money is in its currency, without tax."""

    name: str
    currency: str
    disk: float  # a GB and month
    traffic: float  # a GB that goes out
    included: float  # GB of that, in a month
    machines: tuple[Rented, ...]

    def machine(self, cores: float, memory: float) -> Rented:
        """The smallest with as much; the largest where none has."""
        return next(
            (one for one in self.machines if one.cores >= cores and one.memory >= memory), self.machines[-1]
        )


@dataclass(frozen=True, slots=True)
class Prices:
    known: str  # when these were
    providers: tuple[Provider, ...]


def read_prices() -> Prices:
    found = tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))
    return Prices(found["known"], tuple(_providers(found["provider"])))


def _providers(found: list[dict[str, object]]) -> Iterator[Provider]:
    for one in found:
        machines = one.pop("machines")
        assert isinstance(machines, list)
        yield Provider(machines=tuple(Rented(*each) for each in machines), **one)  # type: ignore[arg-type]
