"""A kept study in the browser before anybody has come: its players' pages, place by place, to be seen and not used."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.response import Response

from app.study import shelf
from app.study.digits import whole
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, who_asks
from app.web.responses import page, problem
from app.web.studies.finding import find_version
from app.web.studies.walking import WalkError, walk
from app.web.study_pages import STUDIES

LARGEST = 1_000  # number in an address
OF_FACTOR = "treatment_"  # before its name, as in the columns of an export
PARTS = {
    "door": "At the door",
    "before": "Alone, before the lobby",
    "lobby": "In the lobby",
    "room": "In a room",
    "after": "Alone, after the room",
    "end": "How it ends, with the code",
}


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
    look, stops, many = told["look"], told["stops"], told["people"]
    here, nth = f"{to}/pages", next(nth for nth, one in enumerate(stops) if one["at"] == look["at"])
    first = {one["column"]: one["levels"][0] for one in told["treatments"]}

    def there(**other: Any) -> str:
        said: dict[str, Any] = look | other
        of_factors = {f"{OF_FACTOR}{name}": level for name, level in said.pop("treatment").items()}
        said |= dict(answered="yes" if said["answered"] else "", seat=said["seat"] if said["seat"] > 1 else 0)
        said |= {column: level for column, level in of_factors.items() if level != first[column]}
        return f"{here}?{urlencode({name: one for name, one in said.items() if one})}"

    parts = PARTS if told["kinds"] else PARTS | dict(before="Alone", after="Alone")
    context: dict[str, Any] = dict(who=who_asks(request), version=version, to=to, here=here, parts=parts)
    context |= dict(told, there=there, nth=nth, stop=stops[nth])
    context["rows"] = range(1, many + 1, told["seats"]) if many > told["seats"] else ()
    context["groups"] = {part: [one for one in stops if one["part"] == part] for part in PARTS}
    return page("admin/walk.html", context)


def _look(said: dict[str, str]) -> dict[str, Any]:
    """What the address says, as far as it says anything: the rest is the beginning."""
    numbers = {name: whole(said.get(name, ""), LARGEST) or 0 for name in ("at", "seat")}
    words = {name: said.get(name, "")[:200] for name in ("kind", "language")}
    treatment = {
        name.removeprefix(OF_FACTOR): level[:200]
        for name, level in said.items()
        if name.startswith(OF_FACTOR)
    }
    return {**numbers, **words, "treatment": treatment, "answered": said.get("answered") == "yes"}


HANDLERS = [walk_page]
