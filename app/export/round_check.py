"""rounds.csv held against the other files of its export, and against how many lines it should have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.export.readback import Exported
from app.export.round_columns import ROUNDS, first_steps, own_columns
from app.study.model.study import Study

SQL = Queries(__name__)
Late = dict[tuple[str, ...], list[tuple[str, int]]]  # whose seat, step, round and field → where, and the cell


async def round_differences(
    conn: Connection, export: Exported, study: Study, exact: bool
) -> AsyncIterator[str]:
    """Whether it has each answer of records.csv that counted, each result, and nothing else; `exact`: and each line."""
    if ROUNDS not in export.files:  # an earlier version wrote it
        return
    for problem in _other_cells(export, study):
        yield problem
    if exact:
        firsts = first_steps(study)
        lines = await value(
            conn,
            SQL["rounds"],
            session_id=export.session_id,
            steps=list(firsts),
            firsts=list(firsts.values()),
        )
        if lines != export.count(ROUNDS):
            yield f"{ROUNDS} has {export.count(ROUNDS):,} rows; of what is stored follow {lines:,}"


def _other_cells(export: Exported, study: Study) -> Iterator[str]:
    """By room, or by player at solo steps: the cells of both, added up."""
    columns, firsts = own_columns(study), first_steps(study)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def add(where: str, of: int, sign: int = 1) -> None:
        found[where][0] += sign
        found[where][1] += sign * of

    late: Late = {}
    for cells in export.table("records.csv"):
        _, player, room, step, round_, field, text, _, was_late, *_ = cells
        column = columns.get((step, field))
        if column is None or not text:
            continue
        cell = hash((firsts[step], round_, column, text))
        if was_late == "true":
            late.setdefault((player, step, round_, field), []).append((room or player, cell))
        else:
            add(room or player, cell)
    late = _by_seat(export, late) if late else late
    for cells in export.table("results.csv"):
        room, _, step, round_, slot, player, name, text, *_ = cells
        late.pop((room or player, slot, step, round_, name), None)
        column = columns.get((step, name))
        if column is not None and text:
            add(room or player, hash((firsts[step], round_, column, text)))
    for where, cell in (one for those in late.values() for one in those):
        add(where, cell)
    own = dict.fromkeys(columns.values())
    for cells in export.table(ROUNDS):
        header = export.header[ROUNDS]
        at = header.index("how") + 1
        where, place = cells[2] or cells[1], header.index("step")
        for column, text in zip(header[at : at + len(own)], cells[at:], strict=False):
            if text:
                add(where, hash((cells[place], cells[place + 1], column, text)), -1)
    for where, (count, total) in sorted(found.items()):
        if count or total:
            more = f"{abs(count)} {'fewer' if count > 0 else 'more'}" if count else "not the same"
            yield f"{ROUNDS} has {more} answers and results of {where} than records.csv and results.csv"


def _by_seat(export: Exported, late: Late) -> Late:
    """What came late does not count where the seat's answer was filled in."""
    found: Late = {}
    seats = {
        export.cell("players.csv", cells, "player"): export.cell("players.csv", cells, "slot")
        for cells in export.table("players.csv")
    }
    for (player, *page), those in late.items():
        for where, cell in those:
            slot = "" if where == player else seats.get(player) or ""
            found.setdefault((where, slot, *page), []).append((where, cell))
    return found
