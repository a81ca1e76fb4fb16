"""networks.graphml: who saw whom, as programs for networks read it.

One graph with all rooms, whose seats are called `room/slot`. Where a room had several networks, one after the other,
each tie says by `position`, `step` and `round` from where on it held.

GraphML: Brandes, Eiglsperger, Lerner, Pich, Graph Markup Language (2013), http://graphml.graphdrawing.org.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.export.anonymous import Mask
from app.export.csv_stream import BLOCK, Blocks, fetched
from app.study.model.study import Study

SQL = Queries(__name__)
GRAPHML = "networks.graphml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
OF_SEAT = {"room": "string", "kind": "string", "slot": "int", "player": "string", "type": "string"}
OF_TIE = {"weight": "double", "position": "int", "step": "string", "round": "int"}


async def has_ties(conn: Connection, session_id: str) -> bool:
    return bool(await value(conn, SQL["any_ties"], session_id=session_id))


async def graphml(conn: Connection, session_id: str, study: Study, mask: Mask | None) -> Blocks:
    """Players as players.csv numbers them, or as the `mask` names them."""
    factors = [one.name for one in study.treatments]
    of_seat = OF_SEAT | {one.column: "string" for one in study.treatments}
    directed = any(one.directed for one in study.networks)
    lines = [HEAD]
    for what, keys in (("node", of_seat), ("edge", OF_TIE)):
        for name, kind in keys.items():
            lines.append(f'<key id={_id(what, name)} for="{what}" attr.name="{name}" attr.type="{kind}"/>\n')
    lines.append(f'<graph id="networks" edgedefault="{"directed" if directed else "undirected"}">\n')

    def seat(found: Sequence[Any]) -> Sequence[object]:
        *cells, player, type_, treatment = found
        number = "" if player is None else mask.player(player) if mask else player
        return (*cells, number, type_, *[(treatment or {}).get(one) for one in factors])

    def tie(found: Sequence[Any]) -> Sequence[object]:
        return found if directed or found[1] < found[2] else ()

    async for cells in fetched(conn, SQL["seats"], session_id, seat):
        room, slot = cells[0], cells[2]
        lines.append(f"<node id={quoteattr(f'{room}/{slot}')}>{_data('node', of_seat, cells)}</node>\n")
        if len(lines) > BLOCK // 256:
            yield _block(lines)
    async for cells in fetched(conn, SQL["ties"], session_id, tie):
        if cells:
            room, start, end, *rest = cells
            ends = f"source={quoteattr(f'{room}/{start}')} target={quoteattr(f'{room}/{end}')}"
            lines.append(f"<edge {ends}>{_data('edge', OF_TIE, rest)}</edge>\n")
        if len(lines) > BLOCK // 256:
            yield _block(lines)
    lines.append("</graph>\n</graphml>\n")
    yield _block(lines)


def _data(what: str, keys: dict[str, str], cells: Sequence[object]) -> str:
    return "".join(
        f"<data key={_id(what, name)}>{escape(str(cell))}</data>"
        for name, cell in zip(keys, cells, strict=True)
        if cell not in (None, "")
    )


def _id(what: str, name: str) -> str:
    return quoteattr(f"{what}-{name}")


def _block(lines: list[str]) -> tuple[bytes, int]:
    text = "".join(lines).encode()
    lines.clear()
    return text, 0
