"""Screening: who leaves at the door, for what they answered there or because they would not take part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries
from app.players.quotas import answering, quotas_of
from app.study.model.entrance import DECLINED
from app.study.model.study import Study

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who has a link and does not come in. Nothing is kept of the form of whoever will not take part."""

    player_id: int
    outcome: str
    entry: Mapping[str, str] = field(default_factory=dict)


def screens_of(study: Study, entry: Mapping[str, str]) -> tuple[int, ...]:
    """Those that somebody with these answers falls under, by place in the study."""
    return answering(study, study.screens, entry)


async def turn_away(conn: Connection, study: Study, leavers: Sequence[Leaver]) -> None:
    """Those who are still invited leave, each with the code of their outcome; again changes nothing."""
    await conn.execute(
        SQL["turn_away"],
        dict(
            player_ids=[one.player_id for one in leavers],
            outcomes=[one.outcome for one in leavers],
            codes=[study.finish.codes[one.outcome] for one in leavers],
            entries=[Jsonb(dict(one.entry)) for one in leavers],
            screens=[_array(screens_of(study, one.entry)) for one in leavers],
            quotas=[_array(quotas_of(study, one.entry)) for one in leavers],
            page=study.entry_page or None,
        ),
    )
    if declined := [one.player_id for one in leavers if not one.entry]:
        await conn.execute(SQL["forget_attempts"], dict(player_ids=declined, outcome=DECLINED))


def _array(numbers: Sequence[int]) -> str:
    """As Postgres writes it: an array of arrays has lines of one length only."""
    return f"{{{','.join(map(str, numbers))}}}"
