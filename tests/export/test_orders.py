"""Every kind of question, from the page to the files: what is stored is what was said, and what stood where is told."""

from __future__ import annotations

import csv
import html
import io
import random
import re
import zipfile

from app.study.model.kinds.rows import Rows
from app.study.model.orders import orders_of, shuffled, step_for
from app.study.model.plausible import plausible
from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import House
from tests.house.questions import question_files

NAMED = re.compile(r'id="field-p\d+-(\w+)"')
STUDY = parse(question_files())


def test_each_answer_is_exported_as_it_was_stored_and_each_order_as_it_was_shown(house: House) -> None:
    server = house.serve()
    session, ada = house.open_files(question_files(), {"x": 2}), house.researcher(server)
    said, shown = dict[str, dict[str, str]](), dict[str, list[str]]()

    async def goes_through(guest: Guest) -> None:
        await guest.sign_in()
        for step in STUDY.before:
            page = (await guest.browser.get("/play")).text
            shown[guest.label] = NAMED.findall(page)
            if step.shuffles:
                [(number,)] = house.sql("select id from player where label = %s", guest.label)
                replayed = (await ada.get(f"/admin/sessions/{session.id}/replay?player={number}")).text
                assert NAMED.findall(html.unescape(replayed)) == shown[guest.label]
            wrong = {one.name: one.kind.slip(one, random.Random(2)) for one in step.fields}
            refused = await guest.answer({name: slip for name, slip in wrong.items() if slip})
            told = [
                one.name
                for one in step.fields
                if f'id="error-p{step_index(step)}-{one.name}"' in refused.text
            ]
            assert refused.status == 422 and set(told) >= {name for name, slip in wrong.items() if slip}
            right = {one.name: plausible(one, random.Random(guest.label)) for one in step.fields}
            assert (await guest.answer(right)).status == 200
            said[guest.label] = said.get(guest.label, {}) | {
                one.name: one.read([right[one.name]]) for one in step.fields
            }

    async def story() -> bytes:
        empty = (await ada.get(f"/admin/sessions/{session.id}/answers")).text
        assert "0 answers" in empty and "<rect" not in empty
        for label in ("X1", "X2"):
            await goes_through(house.guest(server, session, label))
        drawn = (await ada.get(f"/admin/sessions/{session.id}/answers")).text
        for step in STUDY.before:
            for one in step.fields:
                assert f'id="of-{step.name}-{one.name}"' in drawn
        mood = drawn.partition('id="of-numbers-mood"')[2].partition("</section>")[0]
        numbers = [int(values["mood"]) for values in said.values()]
        assert "2 answers" in mood and f"mean {sum(numbers) / 2:.2f}" in mood and mood.count("<tr>") == 7
        assert STUDY.step_named("words").fields[1].more["example"] not in drawn  # words are only counted
        return (await ada.get(f"/admin/sessions/{session.id}/export.zip")).body

    packed = house.tell(story())
    with zipfile.ZipFile(io.BytesIO(packed)) as out:
        players, records, orders = (
            list(csv.DictReader(io.StringIO(out.read(name).decode())))
            for name in ("players.csv", "records.csv", "orders.csv")
        )
    labels = {one["player"]: one["label"] for one in players}
    for label, values in said.items():
        found = {one["field"]: one["value"] for one in records if labels[one["player"]] == label}
        assert found == values
        told = [one for one in orders if labels[one["player"]] == label]
        assert [one["shown"] for one in told if one["step"] == "words" and not one["field"]] == shown[label]
        ways = [one["shown"] for one in told if one["field"] == "way"]
        assert sorted(ways) == sorted(STUDY.step_named("words").fields[2].options)
    assert shown["X1"] != shown["X2"] and sorted(shown["X1"]) == sorted(shown["X2"])
    assert house.sql("select count(distinct seed) from player")[0][0] == 2


def step_index(step: object) -> int:
    return next(one.index for one in STUDY.plan if one.step is step)


def test_an_order_is_the_same_at_each_look_and_any_is_as_likely() -> None:
    words = STUDY.step_named("words")
    assert step_for(words, 7) == step_for(words, 7) != step_for(words, 8)
    firsts = [shuffled(("a", "b", "c"), seed, "words", "way")[0] for seed in range(3000)]
    assert all(900 < firsts.count(letter) < 1100 for letter in "abc")
    assert step_for(STUDY.step_named("numbers"), 7) is STUDY.step_named("numbers")
    [game] = [one for one in step_for(words, 7).fields if one.name == "game"]
    assert isinstance(game.kind, Rows)
    assert game.kind.drawn_rows(game) != [(1, "The talk"), (2, "The waiting"), (3, "The pay")]
    assert [one.shown for one in orders_of(STUDY, 7) if one.field == "game"] == [*game.drawn]
    assert sorted(game.kind.drawn_rows(game)) == [(1, "The talk"), (2, "The waiting"), (3, "The pay")]
