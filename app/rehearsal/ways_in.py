"""Ways in: a link of one's own, or the one for everybody with ids that a recruiter might have given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from app.players.door import OF_BROWSER
from app.players.people import Person
from app.study.model.door import FIRST_IDS, Bearer, Door, read_link
from app.study.model.study import Study

# What ids look like, from the number of a person: the first that the study takes.
MADE = (
    *("{0:024x}", "{0:07}", "{0:06}", "{0:05}", "{0:04}", "{0:08}", "{0:010}", "A{0:013}", "P{0:04}"),
    *("{0:08x}-0000-4000-8000-{0:012x}", "{0:016x}", "{0:032x}"),
)


class NoWayIn(Exception):
    """No id that is made up here is one that the study takes; the text says what to do."""


def by_door(door: Door, count: int) -> Iterator[Person]:
    """So many people, whose label is what the server finds them again by, and whose token is what their link brings."""
    name = door.ids[0] if door.ids else next(iter(FIRST_IDS))
    if door.anonymous and not door.ids:
        for nth in range(1, count + 1):
            visit = f"{nth:016x}"  # not by chance: what they do comes from a seed and from who they are
            yield Person(visit, f"{OF_BROWSER}{visit}", "")
        return
    look = next((look for look in MADE if _fits(door, name, look.format(1))), None)
    if look is None:
        raise NoWayIn(
            f"No id that a rehearsal makes up looks like {door.pattern}. Give it a study whose `pattern` is wider."
        )
    for nth in range(1, count + 1):
        yield Person(look.format(nth), look.format(nth), "")


def way_of(session_id: str, study: Study, person: Person) -> str:
    """The address by which they come, with all that the study sends back to the recruiter."""
    more = {name: re.sub(r"\W", "", f"{name}{person.token}") for name in study.finish.asks_for}
    names = study.door.ids or (next(iter(FIRST_IDS)),)
    ids = {} if person.label.startswith(OF_BROWSER) else _ids(names, person.token)
    query = urlencode(more | ids)
    return f"/s/{session_id}?{query}" if query else f"/s/{session_id}"


def _ids(names: tuple[str, ...], id: str) -> dict[str, str]:
    """The others are theirs, too, and whatever a recruiter may say there."""
    return {name: id if not nth else re.sub(r"\W", "", f"{name}{id}") for nth, name in enumerate(names)}


def _fits(door: Door, name: str, id: str) -> bool:
    names = door.ids or (name,)
    return isinstance(read_link(door, [*_ids(names, id).items()]), Bearer)
