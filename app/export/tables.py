"""The tables of an export, one after the other or one alone: what each line is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.export import codebook, payments
from app.export.csv_stream import Blocks, copied, fetched, listed, of_session, written
from app.export.orders import order_rows
from app.export.round_columns import ROUNDS, round_header
from app.export.rounds import round_rows
from app.players.codes import Codes, codes_of
from app.study.model.orders import has_orders
from app.study.model.study import Study

SQL = Queries(__name__)
COPIED = (
    ("networks", "ties", "records", "history"),
    ("results", "attempts", "messages", "notes", "erasures", "events"),
)


def names_of(study: Study) -> list[str]:
    """Those that an export of this study has, in its order."""
    early, late = ([f"{noun}.csv" for noun in nouns] for nouns in COPIED)
    moves, orders = [codebook.MOVES] * study.has_moves, [codebook.ORDERS] * has_orders(study)
    first = ["players.csv", "rooms.csv", ROUNDS, *early, "records_wide.csv", *moves, *orders]
    return [*first, *late, "payments.csv", "ledger.csv", "codebook.csv"]


async def one_table(conn: Connection, session_id: str, study: Study, name: str) -> Blocks:
    """`name`: one of `names_of`."""
    goes_on = bool(await value(conn, SQL["goes_on"], session_id=session_id))
    given, codes = await given_names(conn, session_id), await codes_of(conn, session_id, study)
    return next(
        blocks for known, blocks in tables_of(conn, session_id, study, given, goes_on, codes) if known == name
    )


async def given_names(conn: Connection, session_id: str) -> list[str]:
    """What people brought along, or their list says of them."""
    found = await conn.execute(SQL["given_names"], dict(session_id=session_id))
    return [name for (name,) in await found.fetchall()]


def tables_of(
    conn: Connection, session_id: str, study: Study, given: Sequence[str], goes_on: bool, codes: Codes
) -> Iterator[tuple[str, Blocks]]:
    """Each with its name, in the order of an export. `given`: as `given_names`; `goes_on`: from another session."""
    wide = codebook.wide_columns(study)

    def player(found: Sequence[Any]) -> Sequence[object]:
        *cells, code, entry, brought, outcome, treatment, page, earlier, language, erased = found
        said = [*(entry.get(field.name) for field in study.entry), *(brought.get(name) for name in given)]
        said += [outcome, *(treatment.get(one.name) for one in study.treatments)]
        last = [*([page] if study.entry_page else []), *([earlier] if goes_on else [])]
        last += [language or study.language] if study.languages else []
        return (*cells, codes.handed_in(cells[0], code, erased), *said, *last, session_id)

    def room(found: Sequence[Any]) -> Sequence[object]:
        *cells, treatment = found
        return (
            *cells,
            *(treatment.get(one.name) for one in study.treatments if one.by == "room"),
            session_id,
        )

    def player_wide(found: Sequence[Any]) -> Sequence[object]:
        *cells, said = found
        return (*cells, *(said.get(key) for key in wide), session_id)

    asked = codebook.move_columns(study)

    def move(found: Sequence[Any]) -> Sequence[object]:
        *cells, said = found
        return (*cells, *((said or {}).get(name) for name in asked), session_id)

    players = fetched(conn, SQL["players"], session_id, player)
    yield "players.csv", written(codebook.player_header(study, given, goes_on), players)
    yield "rooms.csv", written(codebook.room_header(study), fetched(conn, SQL["rooms"], session_id, room))
    rounds = round_rows(conn, session_id, study)
    yield ROUNDS, written(round_header(study), rounds)
    for noun in COPIED[0]:
        yield f"{noun}.csv", copied(conn, SQL[noun], session_id)
    yield (
        "records_wide.csv",
        written(codebook.wide_header(study), fetched(conn, SQL["records_wide"], session_id, player_wide)),
    )
    if study.has_moves:
        moves = fetched(conn, SQL["moves"], session_id, move)
        yield codebook.MOVES, written(codebook.move_header(study), moves)
    if has_orders(study):
        orders = of_session(session_id, order_rows(conn, session_id, study))
        yield codebook.ORDERS, written([*codebook.COLUMNS[codebook.ORDERS]], orders)
    for noun in COPIED[1]:
        yield f"{noun}.csv", copied(conn, SQL[noun], session_id)
    for name, rows in (("payments.csv", payments.payment_rows), ("ledger.csv", payments.ledger_rows)):
        yield name, written([*codebook.COLUMNS[name]], of_session(session_id, rows(conn, session_id, study)))
    yield "codebook.csv", written(codebook.HEADER, listed(codebook.rows(study, given, goes_on)))
