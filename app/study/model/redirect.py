"""The way back to the recruiter: an address with places in braces, which are filled with what is known of a person."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from app.study.model.door import PLACEHOLDER

CODE = "code"  # of the outcome
OURS = (CODE, "label")  # what is known of everybody
_PLACE = re.compile(r"\{([^{}]*)\}")
# As others write a place: {{%PROLIFIC_PID%}}, ${e://Field/id}; outside of our own %SURVEY_CODE%, [rid], <id>, and the
# XXXX by which SONA's own address ends.
_AROUND = re.compile(r"\{\{.*?\}\}|\$\{[^{}]*\}")
_BESIDE = re.compile(
    r"%\w+%(?![0-9A-Fa-f]{2})|%(?![0-9A-Fa-f]{2})\w*|\[+[^\[\]]*\]+|<[^<>]*>|\$\w+\$|[{}]|^X{3,}$"
)
_DOTS = (".", "..")  # as a part of a path they lead up, out of it


def names_in(address: str) -> tuple[str, ...]:
    """What its places ask for, each once."""
    return tuple(dict.fromkeys(_PLACE.findall(address)))


def fixed(address: str) -> str:
    """What is the same for everybody."""
    return _PLACE.sub("", address)


def others_places(address: str) -> Iterator[tuple[str, str]]:
    """What stands there as other programs write a place, and would be sent so, each after its parameter ("": none)."""
    for part in re.split("[?&#]", address.partition("://")[2].partition("/")[2]):
        name, _, value = part.rpartition("=")
        plain = unquote(value)
        if found := _AROUND.search(value) or _BESIDE.search(fixed(value)):
            yield name, found[0]
        elif plain != value and plain[0] in "{$%" and PLACEHOLDER.fullmatch(plain):
            yield name, value


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
