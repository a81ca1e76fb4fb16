"""Who is what in each round: dealt without a hook, in turn or for good, and who is shown a step for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from itertools import pairwise, product

import pytest

from app.export.verify import verify
from app.study.model.networks import Network
from app.study.model.roles import deal, groups_in
from app.study.reading import check, parse
from app.study.syntax.mistakes import Mistake
from tests.house.guests import seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.pages import shown
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.waits import until

TRUST = """
title = "Trust"
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "pairs"
each_round = "new"
[role]
deal = {sender = 1, receiver = 1}
change = "each_round"
[[step]]
page = "talk"
name = "send"
repeat = 3
limit = "60s"
only = {role = "sender"}
fields = [{name = "sent", ask = "How much do you send?", kind = "integer", min = 0, max = 10}]
show = [{field = "role", of = "me"}]
[[step]]
page = "talk"
name = "return"
repeat = 3
limit = "60s"
only = {role = "receiver"}
fields = [{name = "returned", ask = "How much do you return?", kind = "integer", min = 0, max = 30}]
show = [{field = "sent"}]
"""


def played(
    network: Network, size: int, names: tuple[str, ...], change: bool, rounds: int
) -> list[dict[int, str]]:
    """The roles of each round."""
    before: dict[int, list[str]] = {}
    found = []
    for nth in range(1, rounds + 1):
        groups = groups_in(network, size, network.ties(size, 1, nth=nth))
        dealt = deal(names, groups, before, change)
        for group in groups:
            assert sorted(dealt[slot] for slot in group) == sorted(names * (len(group) // len(names)))
        for slot, role in dealt.items():
            before.setdefault(slot, []).append(role)
        found.append(dealt)
    return found


@pytest.mark.parametrize("size", [2, 4, 8])
def test_who_keeps_a_role_meets_each_of_the_other_role_once_before_any_again(size: int) -> None:
    network = Network("pairs", each_round="new", halves=True)
    rounds = played(network, size, ("sender", "receiver"), False, size // 2)
    assert all(dealt == rounds[0] for dealt in rounds)
    senders = {slot for slot, role in rounds[0].items() if role == "sender"}
    met = [tie[:2] for nth in range(1, size // 2 + 1) for tie in network.ties(size, 1, nth=nth)]
    met = [pair for pair in met if pair[0] in senders]
    assert Counter(met) == Counter(product(sorted(senders), sorted(set(rounds[0]) - senders)))


@pytest.mark.parametrize(
    ("network", "size", "names"),
    [
        (Network("pairs", each_round="new"), 8, ("sender", "receiver")),
        (Network("pairs"), 2, ("sender", "receiver")),
        (Network("cliques", clique=4, each_round="new"), 12, ("leader", "member", "member", "member")),
        (Network("complete"), 3, ("a", "b", "c")),
    ],
)
def test_roles_that_change_come_to_everybody_about_equally_often(
    network: Network, size: int, names: tuple[str, ...]
) -> None:
    rounds = played(network, size, names, True, 24)
    for name in set(names):
        often = Counter(slot for dealt in rounds for slot, role in dealt.items() if role == name)
        fair = 24 * names.count(name) // len(names)
        assert all(abs(often[slot] - fair) <= 3 for slot in range(1, size + 1)), often
    if size in (2, 3):  # always the same ones: strictly in turn
        assert all(one[1] != next_[1] for one, next_ in pairwise(rounds))


def mistakes(old: str, new: str) -> list[Mistake]:
    toml = changed(TRUST, old, new)
    return [one for one in check(as_files(toml)) if one.grave]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('role = "sender"', 'role = "sendr"', "Did you mean `sender`?"),
        ("deal = {sender = 1, receiver = 1}", "deal = {sender = 1}", "two roles or more"),
        ("deal = {sender = 1, receiver = 1}", "", "`deal` is missing"),
        ("receiver = 1}", "receiver = 2}", "2 play together, and the roles are for 3"),
        ('[role]\ndeal = {sender = 1, receiver = 1}\nchange = "each_round"', "", "no roles that this step"),
        ('name = "sent"', 'name = "role"', "the name of what [role] deals"),
    ],
)
def test_check_says_which_roles_cannot_be(old: str, new: str, told: str) -> None:
    assert told in " ".join(map(str, mistakes(old, new)))


def test_senders_and_receivers_are_dealt_in_new_pairs_each_round(shared: House, server: Server) -> None:
    content = as_files(TRUST)
    session = shared.open_files(content, {"x": 4})

    async def story() -> None:
        guests = {label: shared.guest(server, session, label) for label in session.tokens}
        await sign_everyone_in(list(guests.values()))
        seats = await until(seats_taken, "seats")
        table = {slot: guests[label] for slot, label in seats}
        had: dict[int, list[str]] = {slot: [] for slot in table}
        for round in (1, 2, 3):
            dealt = await until(partial(roles_of, round), f"roles of round {round}")
            for slot, role in dealt.items():
                had[slot].append(role)
            senders = [slot for slot, role in dealt.items() if role == "sender"]
            for slot, guest in table.items():
                page = (await guest.browser.get("/play")).text
                assert ("How much do you send?" in page) == (slot in senders)
                assert slot not in senders or "sender" in shown(page)
            for slot in senders:
                await table[slot].answer({"sent": str(slot)})
            await until(partial(at, "return", round), f"return {round}")
            partner = dict(
                shared.sql(
                    """select t.from_slot, t.to_slot from tie t join room r on r.id = t.room_id
                    where r.session_id = %s and t.position = network_at(r.id, r.position)""",
                    session.id,
                )
            )
            for slot in set(table) - set(senders):
                page = (await table[slot].browser.get("/play")).text
                assert partner[slot] in senders and str(partner[slot]) in shown(page)
                await table[slot].answer({"returned": "1"})
        assert all(set(roles) == {"sender", "receiver"} for roles in had.values())

    def seats_taken() -> list[tuple[int, str]]:
        return shared.sql(
            "select slot, label from player where session_id = %s and slot is not null order by slot",
            session.id,
        )

    def roles_of(round: int) -> dict[int, str]:
        return dict(
            shared.sql(
                "select slot, value from result where session_id = %s and name = 'role' and round = %s",
                *(session.id, round),
            )
        )

    def at(step: str, round: int) -> bool:
        return shared.sql("select step, round from room where session_id = %s", session.id) == [(step, round)]

    shared.tell(story())
    verdict = asyncio.run(verify(shared.database, session.id, parse(content)))
    assert verdict.ok, str(verdict)
    networks = shared.sql(
        "select position, made_by from network where session_id = %s order by position", session.id
    )
    assert networks == [(0, "study"), (2, "study"), (4, "study")]


def test_a_role_is_known_from_the_first_step_on_and_holds_in_the_first_round(
    shared: House, server: Server
) -> None:
    intro = """[[step]]
page = "talk"
name = "welcome"
limit = "60s"
fields = [{name = "read", ask = "Read?", kind = "yes_no"}]
show = [{field = "role", of = "me"}]
[[step]]
page = "talk"
name = "rules"
limit = "60s"
only = {role = "receiver"}
fields = [{name = "known", ask = "Known?", kind = "yes_no"}]
show = [{field = "role", of = "me"}]
"""
    toml = changed(TRUST, "any = 4", "any = 2").replace("[[step]]", f"{intro}[[step]]", 1)
    session = shared.open_files(as_files(toml), {"x": 2})
    stored = """select step, round, slot, value from result where session_id = %s and name = 'role'
        order by step desc, round, slot"""

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        await seated(guests[0])
        roles = {slot: role for *_, slot, role in shared.sql(stored, session.id)}
        assert sorted(roles.values()) == ["receiver", "sender"]
        numbered = dict(shared.sql("select label, slot from player where session_id = %s", session.id))
        own = {guest: roles[numbered[guest.label]] for guest in guests}
        for guest, role in own.items():
            assert role in shown((await guest.browser.get("/play")).text), "as the room opens"
            await guest.answer({"read": "yes"})
        [receiver], [sender] = (
            [guest for guest, has in own.items() if has == role] for role in ("receiver", "sender")
        )
        await until(lambda: at(session, "rules"), "the rules")
        assert "receiver" in shown((await receiver.browser.get("/play")).text)
        assert "Known?" not in (await sender.browser.get("/play")).text
        await receiver.answer({"known": "yes"})
        for round in (1, 2, 3):
            await until(lambda: at(session, "send"), "a round")
            assert "How much do you send?" in (await sender.browser.get("/play")).text, round
            await sender.answer({"sent": "1"})
            await until(lambda: at(session, "return"), "the way back")
            await receiver.answer({"returned": "1"})
            sender, receiver = receiver, sender  # in turn, from the first round on

    def at(session: Opened, step: str) -> bool:
        return shared.sql("select step from room where session_id = %s", session.id) == [(step,)]

    shared.tell(story())
    assert [step for step, *_ in shared.sql(stored, session.id)] == ["welcome"] * 2 + ["send"] * 6
