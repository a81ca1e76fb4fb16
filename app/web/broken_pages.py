"""Pages of a study that break as they are drawn: where, and why, in the words of whoever writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import StrictUndefined, UndefinedError
from jinja2.utils import missing

from app.study.hooks.networklab import Earlier
from app.study.model.study import Study
from app.study.pages import spot_of_name
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, nearest, whole_line


class Unknown(StrictUndefined):
    """What a study's page asks for and is not there."""

    @property
    def _undefined_message(self) -> str:
        name, thing = self._undefined_name, self._undefined_obj
        if self._undefined_hint or not isinstance(name, str):
            return super()._undefined_message
        if thing is missing:
            return f"there is no `{name}`"
        if isinstance(thing, Earlier):
            return f"nothing is known as `{name}` of what they said earlier"
        if isinstance(thing, Mapping):
            return f'there is no `{name}` here, or not yet: .get("{name}", "") would do without it'
        near = nearest(name, [one for one in dir(thing) if not one.startswith("_")])
        return f"there is no `{name}` here{f', but `{near}`' if near else ''}"


def broken(
    study: Study,
    page: str,
    error: Exception,
    what: str = "",
    cure: str = "",
    grave: bool = True,
    told: bool = True,
) -> Mistake:
    """The mistake at which drawing `page` ended, as `templates.render_page` raised it; `what` begins its sentence.

    Unless `told`, of an error of Python's its kind alone: its words may quote what somebody answered.
    """
    file, line = _place_of(error, page)
    content = study.files.get(file, b"")
    spot, reason = whole_line(content, line), " ".join(str(error).split()).rstrip(".")
    if isinstance(error, UndefinedError):
        spot = _narrowed(content, spot, reason)
    else:
        reason = f"{type(error).__name__}: {reason}".rstrip(": ") if told else type(error).__name__
    return Mistake(file, spot, f"{what}: {reason}." if what else reason, cure, grave)


def _place_of(error: Exception, page: str) -> tuple[str, int]:
    """File and line, of the study's own; line 0 where that can't be told."""
    found, trace = (page, 0), error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        found = (file, trace.tb_lineno) if file.startswith("pages/") else found
        trace = trace.tb_next
    return found


def _narrowed(content: bytes, spot: Spot | None, reason: str) -> Spot | None:
    """The name itself, where the reason has one and the line too."""
    name = re.search("`([^`]+)`", reason)
    if spot is None or name is None:
        return spot
    lines = content.decode("utf-8-sig", "replace").splitlines()
    found = re.search(rf"""(?<=[.\["']){re.escape(name[1])}(?!\w)""", lines[spot.line - 1])
    return (
        Spot(spot.line, found.start() + 1, len(name[1])) if found else spot_of_name(lines, spot.line, name[1])
    )
