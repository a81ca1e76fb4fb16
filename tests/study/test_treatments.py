"""What a study compares: what its file may say, who gets which level, what they are shown, and where it is told."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections import Counter
from typing import Any

import pytest

from app.database.connections import open_pool
from app.export.export import write_zip
from app.export.verify import verify
from app.players import players
from app.replay.check import check as replay_check
from app.rooms import lobby
from app.sessions.actions import replace
from app.study.model.treatments import Draws
from app.study.reading import check, parse
from app.study.syntax.mistakes import StudyError
from tests.house.conducting import conduct
from tests.house.guests import seated
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import changed

STUDY = """
title = "Commons"
[[room]]
name = "pair"
seats = {any = 2}
[[treatment]]
name = "punishment"
levels = ["yes", "no"]
[[treatment]]
name = "stakes"
levels = ["low", "high"]
[[treatment]]
name = "rank"
levels = ["leader", "follower"]
by = "player"
within = "room"
[[step]]
page = "talk"
name = "give"
limit = "60s"
[[step]]
page = "talk"
name = "punish"
limit = "60s"
only = {punishment = "yes"}
[[step]]
page = "talk"
name = "lead"
limit = "60s"
only = {rank = "leader"}
"""
TREATED = """{% extends "player/_step_opened.html" %}{% block before %}
<p>Stakes are {{ treatment.stakes }} and you are {{ treatment.rank }}.</p>{% endblock %}"""


def files(toml: str = STUDY, page: str = TREATED) -> dict[str, bytes]:
    return {"study.toml": toml.encode(), "pages/talk.html": page.encode()}


def place(old: str, new: str = "") -> str:
    return changed(STUDY, old, new)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (place('levels = ["yes", "no"]'), "`levels` is missing. Add"),
        (place('["yes", "no"]', '["yes"]'), "A treatment has two levels at least."),
        (place('["yes", "no"]', '["yes", "yes", "no"]'), '`levels` has "yes" twice.'),
        (place('"stakes"', '"punishment"'), "There are two treatments named `punishment`."),
        (place('"stakes"', '"high stakes"'), "`high stakes` can't be the name of a treatment."),
        (place('"stakes"', '"items"'), "`items` can't be the name of a treatment."),
        (
            place('["low", "high"]', '["low", "high"]\nblock = 6'),
            "`block` is 6, but `punishment` and `stakes` together takes a multiple of 4 to be balanced.",
        ),
        (
            place('["low", "high"]', '["low", "high"]\nmethod = "complete"\nblock = 2'),
            "`block` means nothing where each is drawn by itself.",
        ),
        (place('["low", "high"]', '["low", "high"]\nweights = [1]'), "`weights` has 1, and must have one for each"),
        (place('["low", "high"]', '["low", "high"]\nweights = [1, 0]'), "`weights` must be a list of"),
        (
            place('["low", "high"]', '["low", "high"]\nwithin = "type"'),
            "`within` is `type`, but what is drawn for a room can't be balanced within that. Write kind",
        ),
        (place('{punishment = "yes"}', '{punish = "yes"}'), "There is no treatment `punish`."),
        (place('{punishment = "yes"}', '{punishment = "yess"}'), "`punishment` has no level `yess`"),
        (
            place('name = "give"\n', 'name = "give"\nonly = {punishment = "yes", rank = "leader"}\n'),
            "With punishment = no and rank = follower there is no step",
        ),
        (
            place("[[room]]", '[entry]\nfields = [{name = "treatment_rank", ask = "?", kind = "text"}]\n[[room]]'),
            "The entry form has a field `treatment_rank`",
        ),
    ],
)  # fmt: skip
def test_a_treatment_that_cannot_be_drawn_is_told_before_the_session(toml: str, sentence: str) -> None:
    with pytest.raises(StudyError) as told:
        parse(files(toml))

    assert [str(mistake) for mistake in told.value.mistakes if sentence in str(mistake)], told.value


def test_a_page_that_names_another_treatment_is_told_and_so_is_a_treatment_that_nothing_names() -> None:
    assert [mistake.sentence for mistake in check(files())] == []

    found = check(files(page=TREATED.replace("treatment.stakes", "treatment.steaks")))

    assert [(mistake.sentence, mistake.suggestion) for mistake in found if mistake.grave] == [
        ("There is no treatment `steaks`.", "Did you mean `stakes`?")
    ]
    assert [mistake.sentence for mistake in found if not mistake.grave] == [
        "Nothing depends on `stakes`: no `only`, no page and no hook names it."
    ]


async def races(house: House, session: Opened, at_once: int) -> None:
    """Everybody signs in and is seated, by so many processes that don't know of each other."""
    study, tokens = parse(files()), list(session.tokens.values())
    async with open_pool(house.database, at_once) as pool:

        async def process(nth: int) -> None:
            async with pool.connection() as conn:
                for token in tokens[nth::at_once]:
                    await players.sign_in(conn, [players.Arrival(token, {})])
                    async with conn.transaction():
                        await lobby.seat(conn, session.id, study)

        await asyncio.gather(*map(process, range(at_once)))


def test_rooms_that_racing_processes_open_are_balanced_and_drawn_as_the_seed_says(house: House) -> None:
    session = house.open_files(files(), {"any": 48})

    house.tell(races(house, session, at_once=6))

    rooms = house.sql("select number, treatment from room where session_id = %s order by id", session.id)
    assert [number for number, _ in rooms] == list(range(1, 25))
    levels = [(got["punishment"], got["stakes"]) for _, got in rooms]
    assert all(len(set(levels[at : at + 4])) == 4 for at in range(0, 24, 4)), (
        "each block of four has all four"
    )
    [(seed,)] = house.sql("select seed from session where id = %s", session.id)
    again = Draws(parse(files()).treatments, seed)
    assert [got for _, got in rooms] == [again.room("pair", number) for number, _ in rooms]
    seats = house.sql(
        "select room_id, array_agg(treatment->>'rank') from player where room_id is not null group by 1"
    )
    assert len(seats) == 24 and all(sorted(roles) == ["follower", "leader"] for _, roles in seats)
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []


def test_a_step_is_for_those_of_its_level_only(house: House) -> None:
    session = house.open_files(files(), {"any": 8})

    def steps() -> list[tuple[Any, ...]]:
        return house.sql(
            """select r.step, count(*), bool_and(r.asked is null or r.asked = array(
                select p.slot from player p where p.room_id = r.id
                    and (r.step <> 'lead' or p.treatment->>'rank' = 'leader') order by p.slot))
            from room r where r.session_id = %s group by r.step order by r.step""",
            session.id,
        )

    async def story() -> None:
        await races(house, session, at_once=1)

        async def next_step() -> None:
            house.sql("update room set deadline = now() where session_id = %s", session.id)
            await asyncio.to_thread(conduct, house)

        assert steps() == [("give", 4, True)]
        await next_step()
        assert steps() == [("lead", 2, True), ("punish", 2, True)]
        await next_step()
        await next_step()
        ended = "select distinct status::text from room where session_id = %s"
        assert house.sql(ended, session.id) == [("ended",)]

    house.tell(story())


def test_players_are_shown_what_the_page_says_and_the_researcher_and_the_export_all(
    shared: House, server: Server
) -> None:
    house, session = shared, shared.open_files(files(), {"any": 2})
    guests = [house.guest(server, session, label) for label in session.tokens]
    researcher = house.researcher(server)

    async def story() -> None:
        for guest in guests:
            await guest.sign_in()
        [(room_id, got)] = house.sql("select id, treatment from room where session_id = %s", session.id)
        roles = set()
        for guest in guests:
            page = await seated(guest)
            assert f"Stakes are {got['stakes']} and you are " in page and "punishment" not in page
            roles.add("leader" if "you are leader" in page else "follower")
            pages = 1 + (got["punishment"] == "yes") + ("you are leader" in page)
            assert f"page 1 of {pages}" in page if pages > 1 else "page 1" not in page, (
                "only theirs are counted"
            )
        assert roles == {"leader", "follower"}
        about = (await researcher.get(f"/admin/sessions/{session.id}/rooms/{room_id}")).text
        assert f"<dt>punishment</dt><dd>{got['punishment']}</dd>" in about
        watch = (await researcher.get(f"/admin/sessions/{session.id}")).text
        assert all(f", {factor} = {level}" in watch for factor, level in got.items())

    house.tell(story())
    archive = house.folder / "treated.zip"
    asyncio.run(write_zip(house.database, session.id, parse(files()), archive))
    rows = {}
    with zipfile.ZipFile(archive) as zipped:
        for name in ("players.csv", "rooms.csv", "codebook.csv"):
            rows[name] = list(csv.DictReader(io.StringIO(zipped.read(name).decode())))
    [room] = rows["rooms.csv"]
    columns = [column for column in room if column.startswith("treatment")]
    assert columns == ["treatment_punishment", "treatment_stakes"] and all(room[one] for one in columns)
    for player in rows["players.csv"]:
        assert list(player)[-4:-1] == [*columns, "treatment_rank"]
        assert [player[one] for one in columns] == [room[one] for one in columns]
    assert Counter(player["treatment_rank"] for player in rows["players.csv"]) == {"leader": 1, "follower": 1}
    drawn = {(line["file"], line["column"]): line["meaning"] for line in rows["codebook.csv"]}
    assert drawn["players.csv", "treatment_rank"] == (
        "The treatment rank, drawn for each player in blocks within each room: leader, follower."
    )
    assert ("rooms.csv", "treatment_rank") not in drawn


def test_whoever_takes_a_slot_over_gets_its_treatment(house: House) -> None:
    session = house.open_files(files(), {"any": 3})
    house.tell(races(house, session, at_once=1))
    [(newcomer,)] = house.sql("select id from player where slot is null")
    [(leaver, got)] = house.sql("select id, treatment from player where slot = 1")

    house.do(lambda conn: replace(conn, session.id, parse(files()), leaver, newcomer, "withdrawn", "ada"))

    assert house.sql("select treatment from player where id = %s", newcomer) == [(got,)] and got["rank"]
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    assert contradicted(house, session) == []


def contradicted(house: House, session: Opened) -> list[str]:
    """What `verify` says of treatments."""
    found = house.tell(verify(house.database, session.id, parse(files())))
    [check] = [one for one in found.checks if one.name == "treatments_are_drawn_again"]
    return list(check.rows)


def test_verify_draws_again_and_names_whose_treatment_was_changed_by_hand(house: House) -> None:
    session = house.open_files(files(), {"any": 12})
    house.tell(races(house, session, at_once=3))
    assert contradicted(house, session) == []
    [(player, label, slot, rank, other)] = house.sql(
        """select p.id, p.label, p.slot, p.treatment->>'rank', q.treatment->>'rank'
        from player p join player q on q.room_id = p.room_id and q.slot <> p.slot
        join room r on r.id = p.room_id where r.name = 'pair-4' order by p.slot limit 1"""
    )
    assert rank != other
    house.sql(
        "update player set treatment = treatment || jsonb_build_object('rank', %s::text) where id = %s",
        other,
        player,
    )
    assert contradicted(house, session) == [
        f"player {player} ({label}), slot {slot} of room pair-4: rank is {other}, where the seed draws {rank}"
    ]
    house.sql(
        "update player set treatment = treatment || jsonb_build_object('rank', %s::text) where id = %s",
        rank,
        player,
    )
    house.sql("update room set treatment = treatment - 'stakes' where name = 'pair-2'")
    [told] = contradicted(house, session)
    assert told.startswith("room pair-2: stakes is nothing, where the seed draws ")
