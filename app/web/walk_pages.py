"""A kept study in the browser before anybody has come: its players' pages, place by place, to be seen and not used."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.response import Response

from app.study import shelf
from app.web.forms import whole
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, who_asks
from app.web.responses import page, problem
from app.web.studies.finding import find_version
from app.web.studies.walking import WalkError, walk
from app.web.study_pages import STUDIES

LARGEST = 1_000  # number in an address
PARTS = {
    "door": "At the door",
    "before": "Alone, before the lobby",
    "lobby": "In the lobby",
    "room": "In a room",
    "after": "Alone, after the room",
    "end": "How it ends, with the code",
}
SEATS = 4  # pages beside each other, as app/rehearsal/walk.py draws them


@get("/studies/{study_id:str}/versions/{number:int}/pages", needs=MAKES)
async def walk_page(request: Query, study_id: str, number: int) -> Response[str]:
    lab, (version, _) = lab_of(request), await find_version(request, study_id, number)
    to, look = f"{STUDIES}/{study_id}/versions/{number}", _look(dict(request.query_params))
    lab.walks.check()
    async with lab.pool.connection() as conn:
        files = await shelf.files_of(conn, version)
    try:
        async with lab.walks:
            told = await walk(files, look)
    except WalkError as error:
        return problem(request, 422, str(error), to)
    look["at"] = look["at"] if look["at"] < len(told["stops"]) else 0
    here = f"{to}/pages"

    def there(**other: Any) -> str:
        said = {name: one for name, one in (look | other).items() if one not in (0, "", False)}
        return f"{here}?{urlencode(said | ({'answered': 'yes'} if said.pop('answered', False) else {}))}"

    stop = told["stops"][look["at"]]
    size = next((one["size"] for one in told["kinds"] if one["name"] == look["kind"]), 0)
    size = size or next((one["size"] for one in told["kinds"]), 0)
    rows = range(1, size + 1, SEATS) if stop["part"] == "room" and size > SEATS else ()
    context: dict[str, Any] = dict(who=who_asks(request), version=version, to=to, here=here, look=look)
    parts = PARTS if told["kinds"] else PARTS | dict(before="Alone", after="Alone")
    context |= dict(stop=stop, parts=parts, there=there, rows=rows, size=size, seats=SEATS, **told)
    context["groups"] = {
        part: [n for n, one in enumerate(told["stops"]) if one["part"] == part] for part in PARTS
    }
    return page("admin/walk.html", context)


def _look(said: dict[str, str]) -> dict[str, Any]:
    """What the address says, as far as it says anything: the rest is the beginning."""
    numbers = {name: whole(said.get(name, ""), LARGEST) or 0 for name in ("at", "treatment", "seat")}
    words = {name: said.get(name, "")[:200] for name in ("kind", "language")}
    return {**numbers, **words, "seat": numbers["seat"] or 1, "answered": said.get("answered") == "yes"}


HANDLERS = [walk_page]
