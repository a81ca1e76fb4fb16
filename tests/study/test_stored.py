"""A process keeps the studies of the sessions that it is asked about, and no more than so many; a session goes on with
its own, whatever a later version refuses."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

from app.database.connections import open_pool
from app.study.reading import parse, read_folder
from app.study.stored import Studies
from app.study.syntax.mistakes import StudyError
from tests.house.house import House
from tests.house.studies import PAIR, as_files, changed
from tests.house.wrong_studies import wrong_studies


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


def test_a_session_goes_on_with_what_a_later_version_refuses() -> None:
    """As if each of these had been let through by the version that opened it."""
    refused = (
        ("[[step]]", "[[step]]\nlater = 1"),
        ('title = "', 'types = "two"\ntitle = "'),
        (
            "[[room]]",
            '[finish]\nredirect = "https://example.org/{{code}}"\n[[treatment]]\nname = "two words"\n[[room]]',
        ),
        (
            "[[room]]",
            '[[quota]]\nfield = "nobody"\n[entry]\nfields = [{name = "q", ask = "Q?", kind = "riddle"}]\n[[room]]',
        ),
    )
    for old, new in refused:
        files = as_files(changed(PAIR, old, new))
        with pytest.raises(StudyError):
            parse(files)
        went_on = parse(files, opened=True)
        assert (went_on.rooms, len(went_on.plan)) == (
            parse(as_files(PAIR)).rooms,
            len(parse(as_files(PAIR)).plan),
        )


@pytest.mark.slow
def test_a_session_goes_on_whatever_a_later_version_refuses(tmp_path: Path) -> None:
    for nth, wrong in enumerate(wrong_studies()):
        folder = tmp_path / str(nth)
        folder.mkdir()
        with suppress(StudyError):  # no folder of a study, or no TOML
            wrong.make(folder)
            files = read_folder(folder)
            tomllib.loads(files["study.toml"].decode())
            assert parse(files, opened=True).plan is not None, wrong.title
