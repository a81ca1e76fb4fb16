"""Events held against what is declared of them, and made up from it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints

import msgspec

from app.database.events import DECLARED, Moment

WRITTEN = b"""select e.name, case when l.room_id is null then 'session' else 'room' end, e.player_id, e.data
from log l join event e on e.log_id = l.id where l.session_id = %(session)s order by e.log_id, e.seq"""


def undeclared(written: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Which of these events (name, log, player, data) are not as `DECLARED` has them, and in what."""
    found: list[tuple[Any, ...]] = []
    for name, log, player_id, data in written:
        if name not in DECLARED:
            found.append(("an event that is not declared", name))
            continue
        declared = DECLARED[name]
        if log not in declared.logs:
            found.append(("an event in the log of another kind", name, log))
        if declared.about not in (None, player_id is not None):
            found.append(("an event of somebody, or of nobody", name, player_id))
        found += [("data that is not declared", name, what) for what in departures(data, declared.data)]
    return found


def departures(data: Mapping[str, Any], shape: Any) -> list[str]:
    """In what an event's data differs from its shape."""
    hints = get_type_hints(shape)
    found = [f"{key} is said of nowhere" for key in data.keys() - hints.keys()]
    try:
        msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        return [*found, str(error)]
    moments = [key for key in data.keys() & hints.keys() if hints[key] is Moment]
    return found + [f"{key} is no moment: {data[key]}" for key in moments if not _is_moment(data[key])]


def plausible(shape: Any) -> list[dict[str, Any]]:
    """Data that such an event may carry: all that it can, and only what it must; each of the words it may say."""
    hints = get_type_hints(shape)
    whole = {key: _values(hint)[0] for key, hint in hints.items()}
    extras = get_type_hints(shape, include_extras=True)
    bare = {key: value for key, value in whole.items() if get_origin(extras[key]) is not NotRequired}
    return [whole, bare] + [
        whole | {key: value} for key, hint in hints.items() for value in _values(hint)[1:]
    ]


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _values(hint: Any) -> list[Any]:
    """Plausible values of a type, an empty one last where there is one."""
    if hint is Moment:
        return ["2026-03-14T15:09:26.535897+00:00"]
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return [value for one in get_args(hint) for value in _values(one)]
    if get_origin(hint) is list:
        return [[_values(get_args(hint)[0])[0]] * 2, []]
    if get_origin(hint) is tuple:
        return [[_values(one)[0] for one in get_args(hint)]]
    if get_origin(hint) is dict:
        inner = get_args(hint)[1]
        return [{"framing": "gain"} if inner is str else {"cash": _values(inner)[0]}]
    if hint is Any:
        return [{"map": [["cash", 7]]}]
    simple: dict[Any, list[Any]] = {str: ["word", ""], int: [7, 0], float: [0.5], bool: [True, False]}
    return [None] if hint is type(None) else simple[hint]
