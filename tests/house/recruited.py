"""A session whose people came from the fake recruiter and are done, and what goes on with it step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.config import Config, read_config
from app.database.connections import Connection
from app.players.door import Places
from app.players.people import Person
from app.players.players import Arrival, sign_in
from app.recruiters import bonuses, payouts, recruitment
from app.recruiters.bonuses import Due
from app.recruiters.payouts import Bonus, Payout
from app.recruiters.turns import look_at, turn, work
from app.study.stored import read_study
from tests.house.house import House, Opened
from tests.house.prolific import STUDY_ID, TOKEN, FakeProlific

TOML = """
title = "Recruited"
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "5m"
[pay]
base = 4.50
currency = "GBP"
[network]
kind = "complete"
[[step]]
page = "talk"
limit = "40s"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
[finish]
codes = {complete = "DONE1", lobby = "LOBBY1", partner_left = "LEFT1", withdrawn = "OUT1", full = "FULL1"}
"""
THERE = {
    "id": STUDY_ID,
    "name": "A study of talk",
    "status": "ACTIVE",
    "external_study_url": "http://127.0.0.1:8000/s/",
    "total_available_places": 10,
    "reward": 450,
    "presentment_currency_code": "GBP",
    "completion_codes": [
        {"code": "DONE1", "code_type": "COMPLETED", "actions": [{"action": "MANUALLY_REVIEW"}]},
        {
            "code": "NOPE1",
            "code_type": "FIXED_SCREENOUT",
            "actor": "researcher",
            "actions": [{"action": "FIXED_SCREEN_OUT_PAYMENT", "fixed_screen_out_reward": 50, "slots": 5}],
        },
    ],
}


def participant(nth: int) -> str:
    return f"{nth:024x}"


def submission(nth: int) -> str:
    return f"{0xABC0000 + nth:024x}"


@dataclass(slots=True)
class Recruited:
    house: House
    fake: FakeProlific
    session: Opened
    config: Config

    @property
    def id(self) -> str:
        return self.session.id

    def due(self, whole: bool = False) -> Due:
        async def now(conn: Connection) -> Due:
            found, study = await recruitment.the_recruitment(conn, self.id), await read_study(conn, self.id)
            return await bonuses.due(conn, found, study, whole)

        return self.house.do(now)

    def confirm(self, shown: Due | None = None) -> list[int]:
        """As on the page: what was shown, or what is due now, is paid."""
        due = shown or self.due()

        async def now(conn: Connection) -> list[int]:
            found, study = await recruitment.the_recruitment(conn, self.id), await read_study(conn, self.id)
            return [*(await bonuses.confirm(conn, found, study, due.whole, due.digest, "story")).ids]

        return self.house.do(now)

    def look(self) -> None:
        self.house.read(lambda conn: look_at(conn, self.config, self.id))

    def go_on(self, steps: int = 1) -> None:
        """So many steps of what is under way, however long it would wait between them."""

        async def on(conn: Connection) -> None:
            async with turn(conn) as ours:
                assert ours
                await work(conn, self.config, self.id)

        for _ in range(steps):
            self.house.sql(
                "update payout set try_at = now() where session_id = %s and try_at is not null", self.id
            )
            self.house.sql("update review set try_at = now() where session_id = %s", self.id)
            self.house.sql("update recruiting set look_at = null where session_id = %s", self.id)
            self.house.read(on)

    def half_an_hour_later(self) -> None:
        self.house.sql(
            "update payout set sent_at = sent_at - interval '31 minutes' where session_id = %s", self.id
        )

    def payouts(self) -> list[Payout]:
        return self.house.read(lambda conn: payouts.payouts_of(conn, self.id))

    def lines(self) -> dict[str, Bonus]:
        """The newest of each, by label."""
        found = self.house.read(lambda conn: payouts.bonuses_of(conn, self.id))
        return {one.label: one for one in reversed(found)}

    def states(self) -> dict[str, str]:
        return {label: one.state for label, one in self.lines().items()}


def recruited(
    house: House, fake: FakeProlific, earned: Sequence[str], toml: str = TOML, close: bool = True
) -> Recruited:
    """P1, P2, … came by the recruiter, earned so much each, and are done."""
    fake.study = THERE
    people = [
        Person(
            f"token-{nth}-{id(fake)}",
            f"P{nth}",
            "",
            {"PROLIFIC_PID": participant(nth), "STUDY_ID": STUDY_ID, "SESSION_ID": submission(nth)},
        )
        for nth in range(1, len(earned) + 1)
    ]
    toml = toml.replace("[pay]\n", '[pay]\nparticipant = "PROLIFIC_PID"\n').replace(
        "[finish]", '[door]\nids = ["PROLIFIC_PID"]\n[finish]'
    )
    session = house.open(toml, people, start=False, places=Places(10))
    config = read_config({"PROLIFIC_URL": fake.base, "PROLIFIC_TOKEN": TOKEN, "NETWORKLAB_KEY": "k" * 44})

    async def come(conn: Connection) -> None:
        await sign_in(conn, [Arrival(one.token, {}) for one in people])
        for one, amount in zip(people, earned, strict=True):
            await conn.execute(
                b"insert into earning (session_id, player_id, room_id, position, amount, reason) "
                b"select session_id, id, 0, 0, %s, 'story' from player where session_id = %s and label = %s",
                (Decimal(amount), session.id, one.label),
            )
        await recruitment.connect_with(conn, config, session.id, STUDY_ID, "")

    house.do(come)
    for nth in range(1, len(earned) + 1):
        fake.add(submission(nth), participant(nth), code="DONE1")
    if close:
        house.act("close", session)
        house.sql(
            "update player set outcome = 'complete', code = 'DONE1' where session_id = %s and signed_in_at is not null",
            session.id,
        )
    found = Recruited(house, fake, session, config)
    found.look()
    return found


def by_label(received: Mapping[str, Decimal], people: int) -> dict[str, Decimal]:
    return {f"P{nth}": received.get(submission(nth), Decimal(0)) for nth in range(1, people + 1)}
