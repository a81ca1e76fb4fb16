"""Stories of what one person is handed who asks what is kept about them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.house.house import House
from tests.house.lively import NASTY, Lively, open_lively
from tests.house.shell import Shell, is_refused


def two_people(house: House) -> tuple[Lively, int]:
    lively = open_lively(house)
    who = {label: lively.comes(label, age="44", outcome=f"hope of {label}") for label in lively.tokens}
    lively.seat()
    for label in ("P4", "P5"):
        lively.answers(who[label], 1, belief="61", why=f"words of {label}")
        house.do(lambda conn, label=label: lively.say(conn, who[label], f"message of {label}"))  # type: ignore[misc]
    return lively, who["P4"]


def test_it_has_all_of_theirs_in_tables_and_in_words_and_nothing_of_anybody_else(
    house: House, tmp_path: Path
) -> None:
    lively, number = two_people(house)
    shell, out = Shell(house, tmp_path), tmp_path / "out"
    assert "is called “P99”" in is_refused(
        shell.type("export", lively.session_id, "--player", "P99", "--to", out)
    )
    both = shell.type("export", lively.session_id, "--player", "P4", "--anonymous", "--to", out)
    assert "leave --anonymous or --player out" in is_refused(both)
    done = shell.type("export", lively.session_id, "--player", "P4", "--to", out)
    assert done.returncode == 0, done.stderr
    logged = (
        "select data->>'file', about from public.security_event where session_id = %s and what = 'exported'"
    )
    assert house.sql(logged, lively.session_id) == [("person", str(number))]
    texts = {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}
    told = texts["person.txt"]
    for words in ("words of P4", "message of P4", "hope of P4", "Your age 44", "Why?", "  wave: 100%"):
        assert words in told, words
    for name, text in texts.items():
        assert not any(words in text for words in ("of P5", *NASTY[:1], "of P6")), name
    for name in ("players.csv", "history.csv", "messages.csv", "events.csv"):
        found = list(csv.DictReader(texts[name].splitlines(keepends=True)))
        assert found and {row["player"] for row in found} == {str(number)}, name
    manifest = json.loads(texts["manifest.json"])
    assert manifest["person"] == "P4" and set(manifest["files"]) | {"manifest.json"} == set(texts)
