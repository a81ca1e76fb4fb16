"""Stories of what programs are told in place of a button, over all sentences by which something is refused."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from app.config import PROJECT
from app.web.program_words import WORDS, as_to_program
from tests.house.programs import OF_PAGES

APP = PROJECT / "app"
REFUSALS = {
    *(
        "SessionError",
        "StartError",
        "RightsError",
        "PeopleError",
        "UploadError",
        "CheckError",
        "OpenedAlready",
    ),
    *("RehearsalRefused", "RecruitingError", "SentOn", "NotOnSession", "NotFoundException", "HTTPException"),
    *("ClientException", "PermissionDeniedException", "NotAuthorizedException", "ValidationException"),
}
# Modules that no program reaches: commands, what players see, and what a page alone asks for.
APART = {"commands", "preview", "rehearsal", "replay", "study"}
ON_PAGES_ALONE = {
    "There is no such file. Reload the page that shows it.",
    "This form was sent from another site. Open your own link and try again.",
    "The form has bytes that are no text.",
    "Nothing was erased: tick that you are sure, and choose which answers go.",
    "Nobody was paid: tick that you have looked at the lines and their sum.",
    "The form",  # has no list
}


def text_of(node: ast.AST, constants: dict[str, str]) -> str:
    """What a sentence says for certain; … for the rest."""
    match node:
        case ast.Constant(value=str() as said):
            return said
        case ast.JoinedStr(values=parts):
            return "".join(text_of(one, constants) for one in parts)
        case ast.FormattedValue(value=inner):
            return text_of(inner, constants)
        case ast.Name(id=name):
            return constants.get(name, "…")
        case ast.Call(func=ast.Name(id="Sentence"), args=[said, *_]):
            return text_of(said, constants)
        case _:
            return "…"


def constants_in(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in tree.body:
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.JoinedStr() as said):
                found[name] = text_of(said, found)
    return found


@cache
def parsed(path: Path) -> tuple[ast.Module, dict[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tree, constants_in(tree)


def refusals() -> Iterator[tuple[str, str]]:
    """Where, and what is said there."""
    for path in sorted(APP.rglob("*.py")):
        if path.relative_to(APP).parts[0] in APART:
            continue
        tree, constants = parsed(path)
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), args=args, keywords=named) if name in REFUSALS:
                    said = [*args, *(one.value for one in named if one.arg == "detail")]
                case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr="wrong"))], value=sentence):
                    said = [sentence]
                case _:
                    continue
            for one in said:
                yield str(path.relative_to(APP)), text_of(one, constants)


def test_no_refusal_sends_a_program_to_a_page() -> None:
    said = [*refusals()]
    assert len(said) > 150, "they are found"
    left = [
        (where, sentence)
        for where, sentence in said
        if OF_PAGES.search(as_to_program(sentence)) and sentence not in ON_PAGES_ALONE
    ]
    assert left == [], "say it for programs in app/web/program_words.py, too"


def test_what_is_said_in_other_words_is_said_somewhere() -> None:
    texts = {
        text for path in sorted(APP.rglob("*.py")) if path.stem != "program_words" for text in all_texts(path)
    }
    assert [one for one in WORDS if not any(one in text for text in texts)] == []
    assert [one for one in WORDS.values() if OF_PAGES.search(one)] == []


def all_texts(path: Path) -> Iterator[str]:
    tree, constants = parsed(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            yield text_of(node, constants)
