"""Stories of receipts that people kept: what the last page says, and what is found with them afterwards."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import html
import json
import re
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from app.config import PROJECT
from app.export import codebook, export
from app.rooms.receipts import Kept, Receipt, ReceiptsError, Saved, digest, read_receipts, saved_by, spans
from tests.house.guests import seated, sign_everyone_in
from tests.house.house import House
from tests.house.lively import Lively, a_lively_session, open_lively
from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.studies import TALK
from tests.house.waits import until

FAKE = "17,18:" + "5f" * 32


@pytest.fixture
def shell(house: House, tmp_path: Path) -> Shell:
    return Shell(house, tmp_path)


def test_who_is_done_reads_that_all_is_stored_and_the_receipt_is_found_in_the_export(
    shared: House, server: Server, tmp_path: Path
) -> None:
    shell = Shell(shared, tmp_path)
    session = shared.open(TALK)
    guests = [shared.guest(server, session, label) for label in session.tokens]
    kept: dict[str, list[str]] = {guest.label: [] for guest in guests}

    def in_round(number: int) -> bool:
        return shared.sql("select round from room") == [(number,)]

    async def story() -> dict[str, str]:
        await sign_everyone_in(guests)
        await asyncio.gather(*(seated(guest) for guest in guests))
        await guests[0].say("hello")
        for round_ in (1, 2, 3):
            await until(partial(in_round, round_), "the next round")
            for guest in guests:
                answer = await guest.answer({"belief": str(round_), "why": f'=1+1, "{guest.label}"'})
                kept[guest.label].append(answer.headers["receipt"])
        await until(lambda: shared.sql("select 1 from room where status = 'ended'"), "the end of the room")
        return {guest.label: await guest.page() for guest in guests}

    pages = shared.tell(story())
    lines = ["", *(f"{label}\t{one}" for label, receipts in kept.items() for one in receipts)]
    for label, page in pages.items():
        messages = " and 1 message." if label == guests[0].label else "."
        assert f"All that you saved is stored: 6 answers{messages}" in page
        summary = receipt_on(page)
        assert records_of(summary) == [number for one in kept[label] for number in records_of(one)]
        lines.append(f"{label},{summary}")

    (shell.folder / "kept.txt").write_text("\r\n".join(lines), encoding="utf-8-sig")
    found = shell.type("verify", session.id, "--receipts", "kept.txt")
    assert found.returncode == 0, found.stdout
    assert "ok   The export has all 16 receipts: 24 records, as they were acknowledged." in found.stdout


def receipt_on(page: str) -> str:
    [found] = re.findall(r'id="receipt">([^<]*)</p>', page)
    return html.unescape(found)


def records_of(receipt: str) -> list[int]:
    numbers: list[int] = []
    for span in receipt.partition(":")[0].split(","):
        first, _, last = span.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def test_who_saved_nothing_reads_nothing_about_it(shared: House, server: Server) -> None:
    session = shared.open(TALK)
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> tuple[str, str]:
        await sign_everyone_in(guests)
        await asyncio.gather(*(seated(guest) for guest in guests))
        await guests[1].answer({"belief": "1"})
        for guest in guests[:2]:
            await guest.browser.post("/play/leave", {})
        return await guests[0].page(), await guests[1].page()

    silent, spoke = shared.tell(story())
    assert 'id="code"' in silent and "All that you saved" not in silent and "eceipt" not in silent
    assert "All that you saved is stored: 2 answers." in spoke and receipt_on(spoke)


def test_the_page_reads_one_room_of_the_table_and_no_more(house: House) -> None:
    lively = open_lively(house)
    who = [lively.comes(label, age="30") for label in lively.tokens]
    lively.seat()
    room_id = house.sql("select room_id from player where id = %s", who[0])[0][0]
    # As big as a session of 700, and never analysed: the moment at which all have just finished.
    house.sql(
        """insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
        select %s, 1000 + n %% 700, 1000 + n %% 175, 'talk', 1 + n / 700, 'belief', 'x', 1, false, gen_random_uuid()
        from generate_series(1, 100000) n""",
        lively.session_id,
    )
    query = (PROJECT / "sql" / "rooms" / "receipts.sql").read_text().partition("-- name: saved")[2]
    plan = house.sql(
        "explain " + query.replace("%(room_id)s", str(room_id)).replace("%(player_id)s", str(who[0]))
    )
    text = "\n".join(line for (line,) in plan)
    assert "Seq Scan on record" not in text and "versions_count_up" in text, text


def saved(house: House, player: int) -> Saved:
    [(room_id,)] = house.sql("select room_id from player where id = %s", player)
    return house.do(lambda conn: saved_by(conn, room_id, player))


@pytest.fixture
def played(house: House) -> tuple[Lively, dict[str, int]]:
    return a_lively_session(house)


def test_a_receipt_for_all_is_made_as_the_manifest_says(played: tuple[Lively, dict[str, int]]) -> None:
    lively, who = played
    folder = lively.house.folder / "out"
    manifest = asyncio.run(
        export.write_folder(lively.house.database, lively.session_id, lively.study, folder)
    )
    assert manifest["acknowledged"] == manifest["stored"]
    assert "number" in manifest["receipts"] and "SHA-256" in manifest["receipts"]
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        history = list(csv.DictReader(file))
    for player in who.values():
        own = [row for row in history if row["player"] == str(player)]
        told = "".join(f"{row['record']}\t{row['field']}\t{codebook.unescape(row['value'])}\n" for row in own)
        numbers = [int(row["record"]) for row in own]
        assert (
            saved(lively.house, player).receipt
            == f"{spans(numbers)}:{hashlib.sha256(told.encode()).hexdigest()}"
        )


def test_what_is_missing_or_changed_is_named_and_all_of_it_for_programs(
    played: tuple[Lively, dict[str, int]], shell: Shell
) -> None:
    lively, who = played
    house = lively.house
    receipts = [lively.answers(who["P4"], 2, belief=str(n), why=f"answer {n}") for n in range(30)]
    first, second, third, *_, last = receipts
    other = who["P5"]
    whole = saved(house, who["P4"]).receipt
    lines = [*(f"{n};{receipt}" for n, receipt in enumerate(receipts, 1)), "", f"all of P4 {whole}"]
    file = kept_in(shell, "\n".join(lines))

    def lookup(*more: str | Path) -> tuple[int, Mapping[str, object], str]:
        ended = shell.type("verify", lively.session_id, "--receipts", file, "--json", *more)
        verdict = json.loads(ended.stdout)
        (check,) = (check for check in verdict["checks"] if check["name"] == "receipts_are_exported")
        return (
            ended.returncode,
            check,
            shell.type("verify", lively.session_id, "--receipts", file, *more).stdout,
        )

    code, check, _ = lookup()
    assert (code, check["found"], check["rows"]) == (0, 0, [])
    asyncio.run(export.write_folder(house.database, lively.session_id, lively.study, house.folder / "before"))

    house.sql("alter table record disable trigger user")
    house.sql("delete from record where id = %s", first.records[1])
    house.sql("update record set value = 'better' where id = %s", second.records[0])
    house.sql("update record set player_id = %s, version = 99 where id = %s", other, third.records[0])
    house.sql("delete from record where id = any(%s)", list(last.records))
    code, check, told = lookup()
    a, b = third.records
    assert code == 1
    assert check["rows"] == [
        f"line 1 (1): record {first.records[1]} of player {who['P4']}: not in history.csv",
        f"line 2 (2): record {shown(second)} of player {who['P4']}: not what the receipt says",
        f"line 3 (3): record {a}-{b} of player {who['P4']}, {other}: not all of one player",
        f"line 30 (30): record {shown(last)}: not in history.csv",
        f"line 32 (all of P4): record {first.records[1]}, {shown(last)} of player {who['P4']}, {other}: "
        "not in history.csv",
    ]
    assert all(row in told for row in check["rows"])
    # An export from before is asked in place of what is there now.
    code, check, _ = lookup("--export", house.folder / "before")
    assert (code, check["found"]) == (1, 0), "the rest of the verdict still holds what is broken now"

    house.sql("update record set value = value || '?'")
    code, check, told = lookup()
    assert check["found"] == len(check["rows"]) == 31  # type: ignore[arg-type]
    assert "… and 11 more" in told


def shown(receipt: Receipt) -> str:
    return spans(receipt.records)


def test_receipts_of_another_session_are_not_found(
    played: tuple[Lively, dict[str, int]], shell: Shell
) -> None:
    lively, who = played
    elsewhere = open_lively(lively.house)
    file = kept_in(shell, str(lively.answers(who["P4"], 2)))
    assert shell.type("verify", lively.session_id, "--receipts", file).returncode == 0
    ended = shell.type("verify", elsewhere.session_id, "--receipts", file)
    assert ended.returncode == 1 and "NOT  The export has the receipt" in ended.stdout
    assert "not in history.csv" in ended.stdout
    broken = shell.type("verify", lively.session_id, "--receipts", file, "--export", shell.folder / "nowhere")
    assert broken.returncode == 1 and "so no receipt was found" in broken.stdout


def kept_in(shell: Shell, text: str | bytes) -> Path:
    return shell.people(text, "kept.csv")


def test_a_file_of_receipts_is_read_as_people_and_programs_keep_it(tmp_path: Path) -> None:
    digest_, file = "5f" * 32, tmp_path / "kept"
    expected = [(17, 18), (21,), (4, 5, 6, 9)]
    for text in (
        f"17,18:{digest_}\n21:{digest_}\n4-6,9:{digest_}",
        f"\ufeff\r\n17,18:{digest_}\r\n\r\n  21:{digest_.upper()}  \r\n4-6,9:{digest_}\r\n\r\n",
        f"R1 17,18:{digest_}\rReceipt: 21:{digest_}\rat 10:42\tB2\t4-6,9:{digest_}",
        f'R1,"17,18:{digest_}"\nR1,21:{digest_}\nR2;4-6,9:{digest_};',
        f'player,receipt,at\n1,"17,18:{digest_}",10:42\n2,21:{digest_},\n3,"4-6,9:{digest_}","a ""b"""\n',
        f"Receipt;label\n17,18:{digest_};R1\n21:{digest_};\n4-6,9:{digest_}\n",
        f'"label"\t"receipt"\nR1\t17,18:{digest_}\nR1\t21:{digest_}\n\nR2\t4-6,9:{digest_}\n',
    ):
        file.write_bytes(text.encode())
        kept = read_receipts(file)
        assert [one.records for one in kept] == expected, text
        assert {one.digest for one in kept} == {digest_}
    assert [(one.line, one.beside) for one in kept] == [(2, "R1"), (3, "R1"), (5, "R2")]


@settings(deadline=None)
@given(
    strategies.sets(strategies.integers(1, 60), min_size=1),
    strategies.sampled_from(["", "R1 ", "B2\t", "a,"]),
)
def test_a_receipt_that_was_written_is_read_again(numbers: set[int], before: str) -> None:
    ordered = sorted(numbers)
    said = digest((number, "why", f"because {number}") for number in ordered)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        print(f"{before}{spans(ordered)}:{said}", file=file, flush=True)
        assert read_receipts(Path(file.name)) == [Kept(1, before.strip(" \t,"), tuple(ordered), said)]


def test_what_holds_no_receipt_is_refused_with_its_line(shell: Shell, house: House) -> None:
    session = house.open(TALK)
    refused: dict[str | bytes, str] = {
        f"{FAKE}\nhello there\n": "line 2 has no receipt but “hello there”",
        f"{FAKE}\n17,18:5f0c\n": "line 2 has no receipt but “17,18:5f0c”",
        f"{FAKE}\n\n17,17:{'5f' * 32}": "line 3 has no receipt",
        f"18-17:{'5f' * 32}": "line 1 has no receipt",
        f"1-99999999999:{'5f' * 32}": "line 1 has no receipt",
        f"x17:{'5f' * 32}": "line 1 has no receipt",
        f"{FAKE}0": "line 1 has no receipt",
        f"label,receipt\nR1,{FAKE}\n": "line 2 has no receipt but “17”",
        'label,receipt\nR1,"17:5f': "line 2 has a quotation mark out of place",
        "label,receipt\n": "has a header but no receipts",
        "\n\r\n ": "has no receipts in it",
        b"\xff\xfeR\x001\x00": "line 1 is not UTF-8 text",
        FAKE.encode() + b"\nR\xe9mi " + FAKE.encode(): "line 2 is not UTF-8 text",
    }
    for text, sentence in refused.items():
        file = kept_in(shell, text)
        with pytest.raises(ReceiptsError, match=re.escape(sentence)):
            read_receipts(file)
    for name in (file, shell.folder / "nowhere", shell.folder):
        assert str(name) in is_refused(shell.type("verify", session.id, "--receipts", name))
