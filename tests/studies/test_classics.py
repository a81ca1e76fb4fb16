"""The classics: each is said in a few lines, runs from the link to the payments, and pays what one reckons by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.export.verify import verify
from app.study.reading import check, parse
from tests.house.files import Tables, tables_of
from tests.house.guests import Guest, sign_everyone_in
from tests.house.house import House
from tests.house.server import Server
from tests.house.waits import until

FOLDER = Path(__file__).with_name("classics")
PAGE = b'{% extends "player/_step_opened.html" %}'
CODE = "CLASSIC-DONE"

# What each person answers, whatever slot they get: by field, a round after the other. Then what they are paid, sorted.
Answers = Sequence[Mapping[str, Sequence[str]]]
CLASSICS: dict[str, tuple[Answers, list[str]]] = {
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
    "common_value": ([{"bid": ["20"]}, {"bid": ["10"]}], []),
    "survey": ([{"age": ["30"], "mood": ["4"], "ball": ["1"]}], ["2.00"]),
}
IN_THE_GATE = ("trust", "cascade")


def files_of(name: str) -> dict[str, bytes]:
    files = {"study.toml": (FOLDER / f"{name}.toml").read_bytes()}
    if (hooks := FOLDER / f"{name}.py").exists():
        files["hooks.py"] = hooks.read_bytes()
    pages = {
        line.split('"')[1] for line in files["study.toml"].decode().splitlines() if line.startswith("page ")
    }
    return files | {f"pages/{page}.html": PAGE for page in pages}


async def play(guest: Guest, answers: Mapping[str, Sequence[str]]) -> None:
    """Answers each form once, with what comes next for its fields, up to the code."""
    left, answered = {name: list(values) for name, values in answers.items()}, set[str]()

    async def is_through() -> bool:
        page = await guest.page()
        names = [name for name in left if f'name="{name}"' in page and left[name]]
        if CODE not in page and names:
            hidden = await guest.form()
            position = hidden["form_key"].split(".")[1] if hidden else ""
            if position and position not in answered:
                answered.add(position)
                reply = await guest.answer({name: left[name].pop(0) for name in names}, hidden)
                assert reply.status == 200, reply.text
        return CODE in page

    await until(is_through, f"the code of {guest.label}", 60)


def reckoned(name: str, tables: Tables) -> list[str]:
    """What is paid where chance had a part: by hand, from what it dealt."""
    dealt = {row["name"]: row["value"] for row in tables["results"]}
    if name == "cascade":  # who named the urn gets 50 cents, and all said red
        return ["1.50" if dealt["urn"] == "Red" else "1.00"] * 3
    # The bid of 20 wins what it is worth, at a cent a point.
    return sorted(("5.00", f"{5 + (int(dealt['worth']) - 20) / 100:.2f}"), key=float)


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in IN_THE_GATE else pytest.mark.slow) for one in CLASSICS]
)
def test_a_classic_pays_what_one_reckons_by_hand(shared: House, server: Server, name: str) -> None:
    files = files_of(name)
    assert [str(one) for one in check(files) if one.grave] == []
    study, (answers, paid) = parse(files), CLASSICS[name]
    session, ada = shared.open_study(study, {"x": len(answers)}), shared.researcher(server)
    tables: Tables = {}

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        await asyncio.gather(*(play(guest, said) for guest, said in zip(guests, answers, strict=True)))
        tables.update(await tables_of(ada, session.id, "payments", "results"))

    shared.tell(story())
    assert sorted((row["total"] for row in tables["payments"]), key=float) == (paid or reckoned(name, tables))
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)
