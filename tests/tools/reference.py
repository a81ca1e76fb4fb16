"""Write the chapters of the reference from what the code itself declares: `python -m tests.tools.reference`.

Keys of a study file from the schema that its reader makes, commands from their parsers, columns from the codebook, the
words of hooks from the module that they import, addresses from their handlers.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from app.__main__ import COMMANDS
from app.commands.arguments import Parser
from app.commands.schema import stubs
from app.config import PROJECT
from app.export.codebook import COLUMNS
from app.study.keys import FILE, KEYS, table_at
from app.study.schema import NAMED, TAKES, schema
from app.web.api.description import addresses, document
from app.web.api.routes import router

DOCS = PROJECT / "docs"
SAID = {
    "text": "a text",
    "whole": "a whole number, or a name",
    "decimal": "a number, or a name",
    "truth": "`true` or `false`",
    "duration": "a time",
    "texts": "a list of texts",
}
OTHERS = {  # what the reader judges by itself
    "weights": "a list of numbers",
    "edges": "a list, or a text",
    "wait_for": "`all`, `none` or a share",
    "dropout": "a table, or `none`",
    "slots": "a list of whole numbers",
    "decimals": "a whole number",
    "safe": "a list of two amounts",
    "risky": "a list of two amounts",
    "correct": "an answer, a list or a table",
}
HEADINGS = {
    FILE: "The file itself",
    "step": "[[before]], [[step]] and [[after]]",
    "fields": "A question, or a result",
    "move": "[[step.move]]",
    "clock": "A step’s clock",
    "chat": "A channel of a step’s chat",
    "show": "What a step shows",
    **{name: f"[[{name}]]" for name in ("screen_out", "quota", "room", "treatment", "network")},
}


def keys() -> str:
    """docs/keys.md"""
    found: dict[str, dict[str, set[str]]] = {}
    required: dict[str, set[str]] = {}
    for name, table in _tables((), schema()):
        asked = found.setdefault(name, {})
        required.setdefault(name, {*table["properties"]}).intersection_update(table.get("required", ()))
        for key, value in table["properties"].items():
            asked.setdefault(key, set()).update(_taken(value))
    text = (
        "# Every key of the study file\n\n"
        "What `study.toml` may say, and what each key takes; `networklab schema DIR` brings the same into an\n"
        "editor. A time is written `90s`, `5m` or `1h`; where a name is taken it is that of a constant, for a\n"
        "limit also of a result. [The study file](study.md), [What else a step can say](steps.md) and\n"
        "[Moves](moves.md) explain it with examples.\n"
    )
    for name, says in KEYS.items():
        text += f"\n## {HEADINGS.get(name, f'[{name}]')}\n\n| key | takes | what it says |\n|---|---|---|\n"
        for key, sentence in says.items():
            must = " (must be there)" if key in required[name] else ""
            ways = [
                one for one in found[name][key] if not any(_begins(one, other) for other in found[name][key])
            ]
            takes = " · ".join(sorted(ways)) or OTHERS[key]
            text += _row(f"`{key}`{must}", takes, sentence)
    return text


def commands() -> str:
    """docs/commands.md"""
    text = (
        "# Every command\n\n"
        "`networklab COMMAND --help` says the same. In a checkout it is `bin/networklab`. Exit codes: 0 done,\n"
        "1 a promise was found broken, or only some databases could tell, 2 what was asked can’t be done,\n"
        "with a sentence that says why.\n"
    )
    for name, says in COMMANDS.items():
        if says:
            parser = Parser(prog=f"networklab {name}", add_help=False)
            import_module(f"app.commands.{name.replace('-', '_')}").add(parser)
            text += f"\n## {name}\n\n{says[0].upper()}{says[1:]}.\n" + _options(parser, name)
    return text


def columns() -> str:
    """docs/columns.md"""
    text = (
        "# Every column of an export\n\n"
        "A study’s own questions, treatments and results have columns beside these: `codebook.csv` of each\n"
        "export has all of its own. [The data](data.md) says which file is for what.\n"
    )
    for file, meanings in COLUMNS.items():
        text += f"\n## {file}\n\n| column | what stands there |\n|---|---|\n"
        text += "".join(_row(f"`{column}`", meaning) for column, meaning in meanings.items())
    return text


def interface() -> str:
    """docs/addresses.md"""
    text = (
        "# Every address of the HTTP interface\n\n"
        "A server shows them at `/api/v1`, with what each answers, field by field, and at\n"
        "`/api/v1/openapi.json` for programs. [By programs](http.md) says how one begins. What is not a `GET`\n"
        "needs a token that does more than read; bodies are JSON, but for uploads of a study.\n"
        "\n| address | does | takes | needs |\n|---|---|---|---|\n"
    )
    for one in addresses(document(router())):
        fields = [*one.asked, *one.sent]
        takes = ", ".join(f"`{name}`" for name, *_ in fields if f"{{{name}}}" not in one.path)
        needs = one.needs
        if one.method == "GET" and one.only_whole:
            needs += ", and a token that does more than read"
        text += _row(f"`{one.method} {one.path}`", " ".join(one.text.split()), takes, needs)
    return text


def hook_words() -> str:
    """docs/hook-words.md"""
    text = (
        "# Every word of hooks\n\n"
        "What a study’s `hooks.py` takes from `networklab`, as in `from networklab import Room`. All of it is\n"
        "frozen. [Hooks: a study’s own functions](hooks.md) says when each is called, and with what.\n"
    )
    for one in ast.parse(stubs()).body:
        if isinstance(one, ast.ClassDef):
            text += f"\n## {one.name}\n\n{ast.get_docstring(one)}\n"
            text += "".join(_members(one))
    return text


CHAPTERS: Mapping[str, Callable[[], str]] = {
    "keys": keys,
    "commands": commands,
    "columns": columns,
    "hook-words": hook_words,
    "addresses": interface,
}


def _begins(one: str, other: str) -> bool:
    """A list of words that another list goes on after."""
    return other.startswith(f"{one}, ")


def _tables(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each table whose keys are ours, by its name in `KEYS`."""
    name = table_at(path)
    if name in KEYS:
        yield name, table
    for key, value in table.get("properties", {}).items():
        for way in value.get("anyOf", [value]):
            inner = way.get("items", {}) if way.get("type") == "array" else way
            if inner.get("type") == "object":
                yield from _tables((*path, key), inner)


def _taken(value: Mapping[str, Any]) -> Iterator[str]:
    """In words, what stands behind a key."""
    bare = {key: one for key, one in value.items() if key != "description"}
    known = next((SAID[name] for name, takes in TAKES.items() if takes == bare), None)
    if known:
        yield known
    elif "enum" in bare:
        yield ", ".join(f"`{one}`" for one in bare["enum"])
    elif "anyOf" in bare:
        for one in bare["anyOf"]:
            if one != NAMED:
                yield from _taken(one)
    elif bare.get("type") == "array":
        yield "tables" if bare["items"].get("type") == "object" else "a list"
    elif bare.get("type") == "object":
        yield "a table"
    elif bare.get("type") in ("integer", "number", "string"):
        yield {"integer": "a whole number", "number": "a number", "string": "a text"}[bare["type"]]


def _options(parser: argparse.ArgumentParser, path: str) -> str:
    inner, rows = "", ""
    for action in parser._actions:  # argparse has no public way to ask what it takes
        if isinstance(action, argparse._SubParsersAction):
            says = {one.dest: one.help or "" for one in action._choices_actions}
            for name, one in action.choices.items():
                if name in says:
                    said = says[name] % {"prog": one.prog}
                    inner += f"\n### {path} {name}\n\n{said[:1].upper()}{said[1:]}.\n" + _options(
                        one, f"{path} {name}"
                    )
        elif not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS:
            rows += _row(_written(action), (action.help or "") % {**vars(action), "prog": parser.prog})
    return (f"\n| | |\n|---|---|\n{rows}" if rows else "") + inner


def _written(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}`" + (" (may be left out)" if action.nargs in ("?", "*") else "")
    behind = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{one}{behind}`" for one in action.option_strings)


def _members(one: ast.ClassDef) -> Iterator[str]:
    fields = [
        ast.unparse(member)
        for member in one.body
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    ]
    if fields:
        yield "\n```python\n" + "\n".join(fields) + "\n```\n"
    for member in one.body:
        if isinstance(member, ast.FunctionDef) and (
            not member.name.startswith("_") or member.name == "__getitem__"
        ):
            given = ast.unparse(member.args).removeprefix("self, ").removeprefix("self")
            is_value = any(ast.unparse(by) == "property" for by in member.decorator_list)
            called = (
                f"[{given}]"
                if member.name == "__getitem__"
                else f".{member.name}" + ("" if is_value else f"({given})")
            )
            returns = f" → `{ast.unparse(member.returns)}`" if member.returns else ""
            yield f"\n`{called}`{returns}\n\n{ast.get_docstring(member) or ''}".rstrip() + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def main() -> None:
    for name, write in CHAPTERS.items():
        (DOCS / f"{name}.md").write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
