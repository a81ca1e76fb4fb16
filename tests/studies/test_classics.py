"""The classics: each is said in a few lines, runs from the link to the payments, and pays what one reckons by hand."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from app.config import PROJECT
from app.export.verify import verify
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.study.reading import check, parse
from tests.house.classics import CLASSICS, files_of, size_of
from tests.house.files import Tables, tables_of
from tests.house.guests import Guest, hidden_fields, sign_everyone_in
from tests.house.house import House
from tests.house.rounds import unlike_joins
from tests.house.server import Server
from tests.house.waits import until

CODE = "CLASSIC-"  # and how it ended
ASKED = re.compile(r'<(?:input(?![^>]*type="hidden")|textarea|select)[^>]* name="(?!body)')

# What each person answers, whatever slot they get: by field, a round after the other. Then what they are paid, sorted.
Answers = Sequence[Mapping[str, Sequence[str]]]
BY_FORMS: dict[str, tuple[Answers, list[str]]] = {
    "prisoner": ([{"choice": ["Cooperate"]}, {"choice": ["Defect"]}], ["1.00", "4.00"]),
    # 60 are sent and become 180, of which 80 come back: 100 - 60 + 80, and 180 - 80.
    "trust": ([{"sent": ["60"], "returned": ["80"]}] * 2, ["2.00", "2.20"]),
    "dictator": ([{"kept": ["70"]}] * 2, ["1.30", "1.70"]),
    # 0.6 times 150 is 90 for each, beside what they kept.
    "public_goods": ([{"given": ["100"]}, {"given": ["50"]}, {"given": ["0"]}], ["1.90", "2.40", "2.90"]),
    "bertrand": ([{"price": ["40"]}, {"price": ["60"]}], ["1.00", "1.40"]),
    # 60 - 10 - 20 are 30 for each unit.
    "cournot": ([{"units": ["10"]}, {"units": ["20"]}], ["1.30", "1.60"]),
    # Each meets each once. Who gives all gets 30 from the other who does; who gives nothing keeps 10, three times, and
    # gets 30 from each of those two.
    "strangers": (
        [{"given": ["10"] * 3}, {"given": ["10"] * 3}, {"given": ["0"] * 3}, {"given": ["0"] * 3}],
        ["4.00", "4.00", "10.00", "10.00"],
    ),
    "one_round_paid": ([{"points": ["10", "10", "10"]}, {"points": ["40", "40", "40"]}], ["1.10", "1.40"]),
    "cascade": ([{"guess": ["Red"]}] * 3, []),
    # One against two in the first round, all on one side in the second.
    "minority": (
        [{"side": ["A", "A"]}, {"side": ["B", "A"]}, {"side": ["B", "A"]}],
        ["1.00", "1.00", "1.50"],
    ),
    # The other way round.
    "majority": (
        [{"side": ["A", "A"]}, {"side": ["A", "B"]}, {"side": ["B", "B"]}],
        ["1.50", "1.50", "2.00"],
    ),
    "common_value": ([{"bid": ["20"]}, {"bid": ["10"]}], []),
    # Refused twice, then 64 are left, of which 40 are offered and accepted.
    "alternating": ([{"offer": ["30", "40"], "reply": ["I refuse", "I accept"]}] * 2, ["1.24", "1.40"]),
    "random_end": ([{"choice": ["Cooperate"] * 20}, {"choice": ["Defect"] * 20}], []),
    # The third says “4” twice, and is out; the others claim 60 and 30.
    "quiz": (
        [{"size": ["4", "2"], "claim": ["60"]}, {"size": ["2"], "claim": ["30"]}, {"size": ["4", "4"]}],
        ["0.20", "1.30", "1.60"],
    ),
    "whole": (
        [
            {"consent": ["yes"], "prey": ["Stag"], "trust": ["4"]},
            {"consent": ["yes"], "prey": ["Hare"], "trust": ["2"]},
            {"decline": ["yes"]},
        ],
        ["0.00", "1.00", "1.30"],
    ),
    # From one to both sides of the ring: in four rounds it is had for 4, 3, 3, 2, 2 and 1 rounds, at 10 cents.
    "diffusion": ([{"adopt": ["yes"]}] * 6, ["1.10", "1.20", "1.20", "1.30", "1.30", "1.40"]),
    # Three of the six are words; who says so of all has three right, whatever the order; who never does, too.
    "stimuli": (
        [
            {"real": ["yes"] * 6, "plum": ["yes"], "glove": ["yes"], "brick": ["no"]},
            {"real": ["no"] * 6, "plum": ["yes"], "glove": ["no"], "brick": ["no"]},
        ],
        ["1.30", "1.30"],
    ),
    # Each keeps 10 and has 0.75 times 20; at 40 nobody sells, since both ask as much.
    "two_games": ([{"given": ["10"], "price": ["40"]}] * 4, ["1.25"] * 4),
    "survey": (
        [{"age": ["30"], "gender": ["Woman"], "ball": ["1"], "widgets": ["5"], "lake": ["47"]}],
        ["2.00"],
    ),
    "demand": ([{"demand": ["60"]}, {"demand": ["40"]}], ["1.40", "1.60"]),
    # The lower claim for both, and 2 from one to the other.
    "traveler": ([{"claim": ["80"]}, {"claim": ["90"]}], ["1.78", "1.82"]),
    "volunteer": (
        [{"volunteer": ["yes"]}, {"volunteer": ["no"]}, {"volunteer": ["no"]}],
        ["1.60", "2.00", "2.00"],
    ),
    # Both show heads each time: whichever round is paid, the matcher has it.
    "matching_pennies": ([{"side": ["Heads"] * 4}] * 2, ["1.00", "2.00"]),
    # The mean is 60, and 30 is nearest to 40, three times.
    "two_thirds": (
        [{"guess": ["30"] * 3}, {"guess": ["60"] * 3}, {"guess": ["90"] * 3}],
        ["1.00", "1.00", "4.00"],
    ),
}
TABLES, MORE = ("payments", "results", "records"), {"stimuli": ("orders",)}
IN_THE_GATE = ("trust", "cascade")


async def play(guest: Guest, answers: Mapping[str, Sequence[str]]) -> None:
    """Answers each form once, with what comes next for its fields, up to the code."""
    left, answered = {name: list(values) for name, values in answers.items()}, set[str]()

    async def is_through() -> bool:
        page = await guest.page()
        if CODE in page or "form-key" not in page:
            return CODE in page
        hidden = hidden_fields(page, "/play/records")
        position = hidden["form_key"].split(".")[1]
        names = [name for name in left if f'name="{name}"' in page and left[name]]
        clicks = not names and "main big" in page and not ASKED.search(page)
        if position not in answered and (names or clicks):
            answered.add(position)
            values = {name: left[name].pop(0) for name in names}
            if "decline" in values:
                form = hidden_fields(page[page.index('id="decline"') :], "/play/leave")
                reply = await guest.browser.post("/play/leave", {**form, **values})
            else:
                reply = await guest.answer(values, hidden)
            assert reply.status in (200, 303), reply.text
        return False

    await until(is_through, f"the code of {guest.label}", 60)


def reckoned(name: str, tables: Tables) -> list[str]:
    """What is paid where chance had a part: by hand, from what it dealt."""
    dealt = {row["name"]: row["value"] for row in tables["results"]}
    if name == "cascade":  # who named the urn gets 50 cents, and all said red
        return ["1.50" if dealt["urn"] == "Red" else "1.00"] * 3
    if name == "random_end":  # the one who defects has 3 in each round that there was, and the other nothing
        return ["1.00", f"{1 + 3 * len({row['round'] for row in tables['records']}):.2f}"]
    # The bid of 20 wins what it is worth, at a cent a point.
    return sorted(("5.00", f"{5 + (int(dealt['worth']) - 20) / 100:.2f}"), key=float)


def told(name: str, tables: Tables) -> None:
    """What the files say besides, where a study is about that."""
    if name == "two_games":  # in each order one pair
        steps = defaultdict[str, list[str]](list)
        for row in tables["records"]:
            steps[row["room"]].append(row["step"])
        assert sorted(steps.values()) == [["give"] * 2 + ["price"] * 2, ["price"] * 2 + ["give_last"] * 2]
    if name == "stimuli":  # each has seen all of them, in an order that is told
        seen = defaultdict[str, list[tuple[int, str]]](list)
        for row in tables["results"]:
            seen[row["player"]].append((int(row["round"]), row["value"]))
        for words in seen.values():
            assert [nth for nth, _ in sorted(words)] == [*range(1, 7)] and len({*words}) == 6
        assert len(tables["orders"]) == 6
        for player in seen:
            asked = {one["nth"]: one["shown"] for one in tables["orders"] if one["player"] == player}
            assert sorted(asked) == ["1", "2", "3"] and sorted(asked.values()) == ["brick", "glove", "plum"]


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in IN_THE_GATE else pytest.mark.slow) for one in BY_FORMS]
)
def test_a_classic_pays_what_one_reckons_by_hand(shared: House, server: Server, name: str) -> None:
    files = files_of(name)
    assert [str(one) for one in check(files) if one.grave] == []
    study, (answers, paid) = parse(files), BY_FORMS[name]
    session = shared.open_study(study, {"x": len(answers)})
    tables: Tables = {}

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        await asyncio.gather(*(play(guest, said) for guest, said in zip(guests, answers, strict=True)))
        tables.update(await tables_of(shared, session.id, *TABLES, *MORE.get(name, ())))

    shared.tell(story())
    assert sorted((row["total"] for row in tables["payments"]), key=float) == (paid or reckoned(name, tables))
    told(name, tables)
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)
    assert unlike_joins(shared, session.id, study) == []


# As long as it takes where everybody has played: nobody waits for a clock in a story.
CALM = Habits(talk=0, fallible=False)
QUICK = {
    "english": {'"5m"': '"3s"', '"10s"': '"2s"'},
    "english_clock": {'"3m"': '"3s"'},
    "dutch_clock": {'"2m"': '"3s"'},
    "continuous": {"seconds = 30": "seconds = 3"},
}


def test_the_manual_says_truly_how_long_they_are_beside_others() -> None:
    manual = (PROJECT / "docs" / "from-otree.md").read_text(encoding="utf-8")
    told = re.findall(r"classics/(\w+)\.toml\) \| [^|]+ \| ([\d,]+) · ([\d,]+) · (\d+) \|", manual)
    sizes = {name: tuple(int(one.replace(",", "")) for one in size) for name, *size in told}
    assert len(sizes) == 13 and sizes == {name: size_of(name) for name in sizes}
    total = [sum(column) for column in zip(*sizes.values(), strict=True)]
    assert f"| {total[0]} · {total[1]:,} · {total[2]} | |" in manual


@pytest.mark.parametrize("name", ["market", "bargain", "ultimatum", "beauty", "effort", "groupchat"])
def test_a_study_that_comes_along_names_its_paper_and_takes_less_than_sixty_lines_of_python(
    name: str,
) -> None:
    folder = PROJECT / "studies" / name
    lines = [line for line in (folder / "hooks.py").read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) < 60
    assert re.search(
        r"^After .*\(\d{4}\)\.", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_bots_play_each_to_its_end_and_all_formats_say_what_joins_give(shared: House, server: Server) -> None:
    """The files of those of studies/ are held so where each is played."""
    names = [one for one in CLASSICS if one != "wave_two"]  # no bot has been in a first wave
    studies = {name: parse(files_of(name, **QUICK.get(name, {}))) for name in names}
    sessions = {
        name: shared.open_study(study, {"x": sum(study.rooms[0].seats.values()) if study.rooms else 2})
        for name, study in studies.items()
    }

    async def of_one(name: str) -> None:
        bots = [
            Bot(server.base, token, studies[name], CALM, label, speed=40, seed=label)
            for label, token in sessions[name].tokens.items()
        ]
        assert {*await asyncio.gather(*(bot.play() for bot in bots))} == {"CLASSIC-DONE"}, name
        assert [wrong for bot in bots for wrong in bot.diary.wrongs] == [], name

    async def story() -> None:
        for some in (names[first::4] for first in range(4)):  # of all at once some would be late
            await asyncio.gather(*map(of_one, some))

    shared.tell(story())
    for name in names:
        assert unlike_joins(shared, sessions[name].id, studies[name]) == [], name
