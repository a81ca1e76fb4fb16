"""A JSON schema of study.toml, from what the reader itself asks for.

The reader goes through a file in which everything is missing, and through those of the studies that ship, and each key
that it asks for is noted, with the kind of value that it takes. So the schema can't say what the reader doesn't.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.config import PROJECT
from app.study.keys import FILE, KEYS, table_at
from app.study.model.kinds.known import COMPUTED, KINDS
from app.study.model.networks import KINDS as NETWORKS
from app.study.model.steps import AFTER, BEFORE
from app.study.reading import STUDY_FILE, read_folder, sections_of
from app.study.syntax.constants import Constants
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings
from app.study.syntax.table import Table, open_toml

NAMED = {"type": "string", "description": "the name of a constant or, for a limit, of a result"}
TAKES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "whole": {"anyOf": [{"type": "integer"}, NAMED]},
    "decimal": {"anyOf": [{"type": "number"}, NAMED]},
    "truth": {"type": "boolean"},
    "duration": {"anyOf": [{"type": "number"}, {"type": "string"}]},
    "texts": {"type": "array", "items": {"type": "string"}},
}


class KeysAsked:
    """What was asked of one table, wherever it stood."""

    def __init__(self, name: str = FILE) -> None:
        self.says = KEYS.get(name, {})
        self.keys: dict[str, list[dict[str, Any]]] = {}
        self.tables: dict[str, KeysAsked] = {}
        self.listed: set[str] = set()  # keys of `tables` that may be lists of them …
        self.alone: set[str] = set()  # … and that may be one
        self.whole = False  # all its keys are known
        self.required: set[str] | None = None  # keys without which none of them was; None: none was seen

    def note(self, key: str, takes: dict[str, Any] | None) -> None:
        known = self.keys.setdefault(key, [])
        if takes is not None and takes not in known:
            known.append(takes)

    def schema(self) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for key in sorted({*self.keys, *self.tables}):
            ways = list(self.keys.get(key, ()))
            if key in self.tables:
                inner = self.tables[key].schema()
                ways += [inner] if key in self.alone else []
                ways += [{"type": "array", "items": inner}] if key in self.listed else []
            takes = ways[0] if len(ways) == 1 else {"anyOf": ways} if ways else {}
            properties[key] = {"description": self.says[key], **takes} if key in self.says else takes
        found: dict[str, Any] = {"type": "object", "properties": properties}
        found |= {"required": sorted(self.required)} if self.required else {}
        return found | ({"additionalProperties": False} if self.whole else {})


class Recorder(Table):
    """A table that notes what is asked of it. Lists of tables that are missing have one, in which all is missing."""

    def __init__(
        self,
        values: Mapping[str, object],
        path: Path,
        findings: Findings,
        constants: Constants,
        seen: KeysAsked,
    ) -> None:
        super().__init__(values, path, findings, constants)
        self.seen = seen
        self.needed: set[str] = set()

    def text(self, key: str, default: str | None = None, longest: int = 1000, example: str = "…") -> str:
        of_field = key == "kind" and {"fields", "results", "show"} & {*self.path}
        kinds = {"enum": [*KINDS, *(COMPUTED if "fields" not in self.path else ())]}
        self.seen.note(key, kinds if of_field else TAKES["text"])
        if default is None:
            self.needed.add(key)
        return super().text(key, default, longest, example)

    def whole(self, key: str, default: int, smallest: int = 1, largest: int = 10**15) -> int:
        self.seen.note(key, TAKES["whole"])
        return super().whole(key, default, smallest, largest)

    def decimal(self, key: str) -> Any:
        self.seen.note(key, TAKES["decimal"])
        return super().decimal(key)

    def truth(self, key: str, default: bool) -> bool:
        self.seen.note(key, TAKES["truth"])
        return super().truth(key, default)

    def duration(self, key: str, default: float | None = None, zero: bool = False) -> float:
        self.seen.note(key, TAKES["duration"])
        return super().duration(key, default, zero)

    def one_of(self, key: str, options: Collection[str], default: str) -> str:
        self.seen.note(key, {"enum": list(options)})
        return super().one_of(key, options, default)

    def texts(self, key: str) -> tuple[str, ...]:
        self.seen.note(key, TAKES["texts"])
        return super().texts(key)

    def value(self, key: str) -> object:
        self.seen.note(key, None)
        return super().value(key)

    def table(self, key: str, example: str) -> Table:
        self.seen.alone.add(key)
        found = super().table(key, example)
        return self._inside(key, found.values if found else {}, (key,))

    def tables(self, key: str, example: str) -> list[Table]:
        self.seen.listed.add(key)
        found = super().tables(key, example)
        values = [one.values for one in found] or [{}]
        return [self._inside(key, one, (key, nth)) for nth, one in enumerate(values)]

    def report_unknown_keys(self, where: str, elsewhere: Mapping[str, str] = {}) -> None:
        self.seen.whole = True
        self.seen.required = self.needed if self.seen.required is None else self.seen.required & self.needed
        super().report_unknown_keys(where)

    def _inside(self, key: str, values: Mapping[str, object], path: Path) -> Recorder:
        seen = self.seen.tables.setdefault(key, KeysAsked(table_at((*self.path, *path))))
        return Recorder(values, (*self.path, *path), self.findings, self.constants, seen)


def schema() -> dict[str, Any]:
    """Draft 2020-12."""
    seen = KeysAsked()
    ours = (read_folder(path) for path in sorted((PROJECT / "studies").iterdir()) if path.is_dir())
    for files in ({STUDY_FILE: b""}, {STUDY_FILE: _every_way().encode()}, *ours):
        table = open_toml(STUDY_FILE, files[STUDY_FILE])
        recorder = Recorder(table.values, (), table.findings, Constants(), seen)
        sections_of(recorder, files)
    whole = seen.schema()
    for section, key in (("finish", "codes"), ("finish", "redirect"), ("pay", "outcomes")):
        _open_up(whole["properties"][section]["properties"][key])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "study.toml of NetworkLab",
        **whole,
    }


def _open_up(named: dict[str, Any]) -> None:
    """Keys that may be a study's own, here outcomes: such tables take others, too."""
    for one in (named, *named.get("anyOf", ())):
        one.pop("additionalProperties", None)


def _every_way() -> str:
    """A study.toml that runs nowhere, with what is only asked for where something else stands."""
    kinds = [f'{{name = "f", ask = "?", kind = "{kind}", correct = "x", hint = "?"}}' for kind in KINDS]
    kinds += ['{name = "f", ask = "?", kind = "choice", options = "listed", dont_know = "No idea"}']
    kinds += ['{name = "f", ask = "?", kind = "matrix", rows = "listed"}']
    fields = ",\n".join(kinds)
    shows = '{hook = "h", ask = "?", kind = "text"}, {field = "f"}'
    tables = [
        f"[entry]\nfields = [{fields}]",
        '[[room]]\nname = "r"\nseats = {any = 4}\nbots_after = "1m"\npeople = 1',
        '[lobby]\nready = "20s"\npresent = "90s"',
        *(f'[[network]]\nkind = "{kind}"' for kind in NETWORKS),
        '[[network]]\nkind = "edges"\nedges = "ties.csv"\n[[network]]\nkind = "edges"\nedges = [[1, 2, 0.5]]',
        '[finish]\nredirect = {complete = "https://example.org/{code}"}\ncodes = {complete = "C"}',
    ]
    tables += [
        f'[[{part}]]\nfield = "f"\nis = {answer}'
        for part in ("quota", "screen_out")
        for answer in ('"a"', '["a"]')
    ]
    tables.append('[[step]]\nchat = [{name = "all", types = ["any"]}]')
    for part in (BEFORE, "step", AFTER):
        tables.append(f"[[{part}]]\nfields = [{fields}]\nresults = [{fields}]\nshow = [{shows}]")
    return "\n".join(tables)
