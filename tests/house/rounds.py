"""rounds.csv made once more, by joins over the other files of an export, with nothing of what makes it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tempfile
import zipfile
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.export.codebook import unescape
from app.export.export import Extra, write_folder
from app.export.workbook import bind
from app.study.model.study import Study
from tests.house.formats import LABELLED, made_here, table, unlike_labelled, unlike_workbook

if TYPE_CHECKING:
    from tests.house.house import House

Rows = list[dict[str, str]]
LIKE = timedelta(seconds=0.25)  # that a step opened is written down a moment after it did
FAR = "9999"
RANKS = "not_asked answered late kept default hook bot blank gone".split()


def read_tables(export: Path | bytes) -> dict[str, Rows]:
    """A zip or its content: name without .csv → its rows."""
    source = io.BytesIO(export) if isinstance(export, bytes) else export
    with zipfile.ZipFile(source) as zipped:
        return {
            name[:-4]: list(csv.DictReader(io.StringIO(zipped.read(name).decode(), newline="")))
            for name in zipped.namelist()
            if name.endswith(".csv") and "/" not in name
        }


def unlike_joins(house: House, session_id: str, study: Study) -> list[object]:
    """Of a session as it is now: the table against both ways to join it, and against the same in all other formats."""
    with tempfile.TemporaryDirectory() as name, made_here():
        folder, book = Path(name) / "data", Path(name) / "data.xlsx"
        made = write_folder(house.database, session_id, study, folder, None, Extra(labels=True))
        bind(book, folder, asyncio.run(made))
        tables = {file.stem: table(folder, file.stem) for file in folder.glob("*.csv")}
        found: list[object] = [*other_rounds(study, tables), *unlike_merged(study, tables)]
        found += [one for name in LABELLED for one in unlike_labelled(folder, name)]
        return [*found, *unlike_workbook(book, folder), *([] if tables["rounds"] else ["it is empty"])]


def other_rounds(study: Study, tables: dict[str, Rows]) -> list[str]:
    """Where the table and the joins disagree; each cell is held against the other one."""
    wanted = {_key(row): row for row in _joined(study, tables)}
    found = {_key(row): row for row in tables["rounds"]}
    wrong = [f"twice: {len(tables['rounds']) - len(found)}"] if len(tables["rounds"]) != len(found) else []
    wrong += [f"not there: {key}" for key in wanted.keys() - found.keys()]
    wrong += [f"too much: {key}" for key in found.keys() - wanted.keys()]
    for key in wanted.keys() & found.keys():
        for column, value in wanted[key].items():
            told = found[key][column]
            if not _same(column, told, value):
                wrong.append(f"{key} {column}: {told!r}, by the joins {value!r}")
        more = {
            one: text
            for one, text in found[key].items()
            if text and one not in wanted[key] and one not in ("session", "seconds", "opened_at")
        }
        wrong += [f"{key} {more}, by the joins nothing"] if more else []
        wrong += _wrong_time(found[key], tables)
    return wrong


def unlike_merged(study: Study, tables: dict[str, Rows]) -> list[str]:
    """Once more as somebody would who analyses it: the answers of records.csv, merged with the table by pandas."""
    import pandas as pd

    keys, columns = ["player", "room", "step", "round"], columns_of(study)
    records = pd.DataFrame(tables["records"])
    if records.empty:
        return []
    records = records[[pair in columns for pair in zip(records["step"], records["field"], strict=True)]]
    in_time = records[records["late"] == "false"][keys].drop_duplicates()
    said = records.merge(in_time, on=keys, how="left", indicator="had")
    said = said[(said["had"] == "left_only") | (said["late"] == "false")]
    said = said.assign(
        column=[columns[pair] for pair in zip(said["step"], said["field"], strict=True)],
        step=[first_of(study, name) for name in said["step"]],
    ).astype(dict(column=str, step=str))
    cells = pd.DataFrame(tables["rounds"]).melt(
        id_vars=keys, value_vars=sorted({*columns.values()}), var_name="column", value_name="told"
    )
    both = said.merge(cells, on=[*keys, "column"], how="outer", indicator=True)
    computed = {
        (one["room"], one["step"], one["round"]) for one in tables["results"]
    }  # fills what nobody said in time
    wrong = [
        f"{one.player} {one.room} {one.step} {one.round} {one.column}: {one.told!r}, merged {one.value!r}"
        for one in both[both["_merge"] != "right_only"].itertuples()
        if one.told != one.value and not (one.late == "true" and computed)
    ]
    by_hooks = {first_of(study, step) for _, step, _ in computed}
    left = both[(both["_merge"] == "right_only") & (both["told"] != "") & ~both["step"].isin(by_hooks)]
    return wrong + [
        f"{one.player} {one.step} {one.round} {one.column}: too much" for one in left.itertuples()
    ]


def columns_of(study: Study) -> dict[tuple[str, str], str]:
    """Step and field → the column of the table."""
    found: dict[tuple[str, str], str] = {}
    for step in study.all_steps:
        together = [one for one in study.all_steps if _first(study, one) == _first(study, step)]
        names = [
            name
            for one in together
            for name in {field.name for field in (*one.fields, *one.results)} - {"role", "clicked"}
        ]
        for field in step.fields:
            if field.name in names:
                alone = names.count(field.name) == 1 and field.name not in _taken(study)
                found[step.name, field.name] = field.name if alone else f"{step.name}_{field.name}"
    return found


def first_of(study: Study, name: str) -> str:
    return next(_first(study, one) for one in study.all_steps if one.name == name)


def _key(row: dict[str, str]) -> tuple[str, ...]:
    return row["player"], row["room"], row["slot"], row["step"], row["round"]


def _same(column: str, told: str, value: str) -> bool:
    if column in ("opened_at", "answered_at") and told and value:
        return abs(datetime.fromisoformat(told) - datetime.fromisoformat(value)) < LIKE
    return told == value


def _wrong_time(row: dict[str, str], tables: dict[str, Rows]) -> list[str]:
    stood = any(one["event"] == "session_paused" for one in tables["events"])
    if stood or not (row["opened_at"] and row["answered_at"]):
        return []
    took = datetime.fromisoformat(row["answered_at"]) - datetime.fromisoformat(row["opened_at"])
    return [] if abs(took.total_seconds() - float(row["seconds"])) < 0.001 else [f"{_key(row)} took {took}"]


def _joined(study: Study, tables: dict[str, Rows]) -> Rows:
    """One for each stay of somebody in a seat, and each round that opened meanwhile."""
    found: Rows = []
    rooms = {row["room"]: row for row in tables["rooms"]}
    for log, opened in _opened(study, tables).items():
        solo = log.split()[1] if log not in rooms else ""
        stays = [_alone(one) for one in tables["players"] if one["player"] == solo] if solo else []
        if not solo:
            for seat in json.loads(rooms[log]["seats"]):
                people = [
                    one for one in tables["players"] if (one["room"], one["slot"]) == (log, str(seat["slot"]))
                ]
                stays.append(_in_turn(people, seat, rooms[log]))
        over = FAR if solo else rooms[log]["ended_at"] or FAR
        for stay in stays:
            found += _of_seat(study, tables, stay, opened, over)
    return found


def _opened(study: Study, tables: dict[str, Rows]) -> dict[str, list[dict[str, Any]]]:
    """Log → what opened in it, one after the other: when, for whom, and which pages."""
    opened: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in tables["events"]:
        data = json.loads(unescape(event["data"]))
        if (
            event["log"] == "session"
            or event["event"] not in ("room_opened", "step_opened")
            or data.get("opening")
        ):
            continue
        begin = end = data["position"]
        if "last_step" in data:
            last = (data["last_step"], data["last_round"])
            end = next(one.index for one in study.plan if (one.step.name, one.round) == last)
        pages = [(one.step, one.round) for one in study.plan[begin : end + 1]]
        opened[event["log"]].append(dict(at=event["at"], asked=data.get("asked"), pages=pages))
    return opened


def _alone(player: dict[str, str]) -> list[dict[str, Any]]:
    gone = (
        player["finished_at"]
        if player["status"] == "left" and not player["queued_from"] + player["waited_until"]
        else ""
    )
    return [player | dict(solo=True, since="", left=gone, slot="", room="", kind="")]


def _in_turn(people: Rows, seat: dict[str, Any], room: dict[str, str]) -> list[dict[str, Any]]:
    here = dict(slot=str(seat["slot"]), room=room["room"], kind=room["kind"], solo=False)
    bot = room | here | dict(player="", since="", left="", type=seat["type"].replace("any", ""))
    bot |= {f"treatment_{name}": level for name, level in seat.get("treatment", {}).items()}
    stays = []
    for one in sorted(people, key=lambda one: one["seated_at"]):
        outcome = one.get("outcome_of_player", one.get("outcome"))
        is_out = outcome not in ("", "complete") and one["status"] != "playing"
        left = (one["waited_until"] or one["finished_at"]) if is_out else ""
        stays.append(one | here | dict(since=one["seated_at"], left=left))
    return stays or [bot]


def _of_seat(
    study: Study,
    tables: dict[str, Rows],
    stays: list[dict[str, Any]],
    opened: list[dict[str, Any]],
    over: str,
) -> Rows:
    times = [one["at"] for one in opened[1:]] + [over]
    turns: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for one, until in zip(opened, times, strict=True):
        for step, round_ in one["pages"]:
            group = _first(study, step)
            turns.setdefault((group, round_), []).append(one | dict(until=until, step=step, round=round_))
    rows, role = list[dict[str, str]](), ""
    for (step, round_), pages in turns.items():
        begin, until = min(one["at"] for one in pages), max(one["until"] for one in pages)
        came = [one for one in stays if one["since"] < until]
        there = [one for one in came if not one["left"] or one["left"] > begin] or came[-1:]
        for stay in there or [stays[0] | dict(player="", type="")]:
            made = [
                one
                for one in tables["results"]
                if (one["room"], one["slot"]) == (stay["room"], stay["slot"])
                and (stay["room"] or one["player"] == stay["player"])
                and any((one["step"], one["round"]) == (at["step"].name, str(at["round"])) for at in pages)
            ]
            role = next((one["value"] for one in made if one["name"] == "role"), role)
            rows.append(
                {
                    **{name: stay[name] for name in ("player", "room", "kind", "slot", "type")},
                    **{name: text for name, text in stay.items() if name.startswith("treatment_")},
                    **dict(role=role, step=step, round=str(round_)),
                    **_cells(study, tables, stay, pages, made, stay is there[-1] if there else True),
                }
            )
    return rows


def _cells(
    study: Study,
    tables: dict[str, Rows],
    stay: dict[str, Any],
    pages: list[dict[str, Any]],
    made: Rows,
    is_last: bool,
) -> dict[str, str]:
    names = [
        name
        for at in pages
        for name in {field.name for field in (*at["step"].fields, *at["step"].results)} - {"role", "clicked"}
    ]
    cells: dict[str, str] = {}
    hows, opened, answered = ["not_asked"], list[str](), list[str]()
    asking = any(one.kind != "click" for at in pages for one in at["step"].fields) or any(
        at["step"].moves for at in pages
    )
    for at in pages:
        here = (at["step"].name, str(at["round"]))
        own = [
            one
            for one in tables["records"]
            if (one["step"], one["round"], one["player"], one["room"])
            == (*here, stay["player"], stay["room"])
        ]
        filled = {one["name"]: one for one in made if (one["step"], one["round"]) == here}
        in_time = [one for one in own if one["late"] == "false"]
        for name in {one.name for one in (*at["step"].fields, *at["step"].results)} & {*names}:
            column = name if names.count(name) == 1 and name not in _taken(study) else f"{here[0]}_{name}"
            said = [
                one["value"] for one in (in_time or ([] if name in filled else own)) if one["field"] == name
            ]
            said = said or ([filled[name]["value"]] if name in filled and is_last else [])
            cells[column] = said[0] if said else ""
        if (at["asked"] and stay["slot"] and int(stay["slot"]) not in at["asked"]) or (
            at["asked"] == [] or at["until"] <= stay["since"]
        ):
            continue
        if not at["step"].own_pace:
            opened.append(max(at["at"], stay["since"]))
        answered += [one["at"] for one in in_time or own]
        to_do = [one for one in at["step"].fields if one.kind != "click"] if asking else at["step"].fields
        if not to_do and not at["step"].moves:
            continue
        by = [
            one["made_by"].split()[0]
            for name, one in filled.items()
            if at["step"].has(name) and name not in {result.name for result in at["step"].results}
        ]
        hows.append(
            "answered"
            if in_time
            else by[0].replace("keep", "kept")
            if by
            else "late"
            if own
            else "bot"
            if not stay["player"]
            else "gone"
            if stay["left"] and stay["left"] <= at["until"]
            else "blank"
        )
    found = dict(how=max(hows, key=RANKS.index), answered_at=max(answered, default=""), **cells)
    if not any(at["step"].own_pace for at in pages):
        found["opened_at"] = min(opened, default="")
    if study.scores:
        earned = [
            Decimal(one["points"] or one["amount"])
            for one in tables["ledger"]
            if (one["player"], one["room"]) == (stay["player"], stay["room"])
            and any((one["step"], one["round"]) == (at["step"].name, str(at["round"])) for at in pages)
        ]
        total = format(sum(earned), "f")
        found["score"] = (total.rstrip("0").rstrip(".") if "." in total else total) if earned else ""
    return found


def _first(study: Study, step: Any) -> str:
    """Steps one after the other with the same `repeat` above 1 repeat together, and are called by the first."""
    steps = {"before": study.before, "playing": study.steps, "after": study.after}[step.during]
    at = steps.index(step)
    while step.repeat > 1 and not step.attempts and at and steps[at - 1].repeat == step.repeat:
        at -= 1
    return steps[at].name


def _taken(study: Study) -> set[str]:
    own = "session player room kind slot type role step round opened_at answered_at seconds how".split()
    return {
        *own,
        *(f"treatment_{one.name}" for one in study.treatments),
        *(["score"] if study.scores else []),
    }
