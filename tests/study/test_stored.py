"""A process keeps the studies of the sessions that it is asked about, and no more than so many."""

from __future__ import annotations

from app.database.connections import open_pool
from app.study.stored import Studies
from tests.house.house import House


def test_only_so_many_studies_are_kept_and_whoever_is_asked_for_again_is_read_again(house: House) -> None:
    one, two, three = (house.open(people={"red": 1}).id for _ in range(3))

    async def story() -> None:
        async with open_pool(house.database, 2) as pool:
            studies = Studies(pool, most=2)
            assert studies.at_hand(one) is None
            kept = await studies.of(one)
            await studies.of(two)
            assert (
                studies.at_hand(one) is kept
            )  # and with that it is not the one that was asked for longest ago
            await studies.of(three)
            assert list(studies.known) == [one, three]
            assert (await studies.of(two)).sha256 == kept.sha256
            assert list(studies.known) == [three, two]

    house.tell(story())
