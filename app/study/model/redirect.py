"""The way back to the recruiter: an address with places in braces, which are filled with what is known of a person."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

CODE = "code"  # of the outcome
OURS = (CODE, "label")  # what is known of everybody
_PLACE = re.compile(r"\{([^{}]*)\}")
_DOTS = (".", "..")  # as a part of a path they lead up, out of it


def names_in(address: str) -> tuple[str, ...]:
    """What its places ask for, each once."""
    return tuple(dict.fromkeys(_PLACE.findall(address)))


def fixed(address: str) -> str:
    """What is the same for everybody."""
    return _PLACE.sub("", address)


def names_in_host(address: str) -> tuple[str, ...]:
    """Of those, what would say where the address leads."""
    return names_in(urlsplit(address).netloc)


def lacking(address: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """What the address asks for and is not known, or can't stand where it would."""
    path, filled = (
        re.split("[?#]", one, maxsplit=1)[0].split("/") for one in (address, _fill(address, known))
    )
    upwards = {
        name for part, said in zip(path, filled, strict=True) if said in _DOTS for name in names_in(part)
    }
    return tuple(name for name in names_in(address) if not known.get(name) or name in upwards)


def way_back(address: str, known: Mapping[str, str]) -> str | None:
    """The address with all places filled, each value as one piece of its path or query; None if one is lacking."""
    return None if lacking(address, known) else _fill(address, known)


def _fill(address: str, known: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: quote(known.get(place[1], ""), safe=""), address)
