"""Lists of people as a researcher's form brings them: a file, or what was pasted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import ClientException

from app.players.lists import PeopleError
from app.players.people import Limits, Listed, Person, There, people_in
from app.players.tokens import guessable
from app.study.model.study import Study
from app.web.lab import Query

LARGEST_LIST = 2_000_000  # bytes
# This process has players to answer, too.
OF_PAGES = Limits(20_000_000, 5_000, "add 5,000 at a time, or all of them by `networklab add`")
FORM_KEY = re.compile("[a-z0-9]{12}")


@dataclass(frozen=True, slots=True)
class SentList:
    name: str
    content: bytes


async def form_with_list(request: Query) -> FormMultiDict:
    """Raises a 400."""
    try:
        return await request.form()
    except (LookupError, ValueError):
        raise ClientException("This was not sent as a form.") from None


async def list_in(form: FormMultiDict) -> SentList | None:
    """None: it has none."""
    file, pasted = form.get("list"), form.get("pasted")
    if isinstance(file, UploadFile) and (content := await file.read()):
        return SentList(PurePath(file.filename.replace("\\", "/")).name[:100] or "The file", content)
    if isinstance(pasted, str) and pasted.strip():
        return SentList("What was pasted", pasted.encode())
    return None


def known_by(form: FormMultiDict, content: bytes) -> str:
    """By what the form is known if it comes again. Raises a 400 for what no page of ours sends.

    With what it says: a browser that goes back to a form may send another list by it.
    """
    form_key = str(form.get("form_key", ""))
    if not FORM_KEY.fullmatch(form_key):
        raise ClientException("The form does not say what it means. Reload the page and try again.")
    return hashlib.sha256(form_key.encode() + content).hexdigest()[:24]


def read_list(sent: SentList, study: Study, there: There | None = None) -> Listed:
    """Raises PeopleError."""
    listed = people_in(sent.name, sent.content, study, there, OF_PAGES)
    _refuse_guessable(sent.name, listed.people)
    return listed


def _refuse_guessable(name: str, people: Sequence[Person]) -> None:
    if found := guessable(people):
        wrong = f"has a token that somebody could guess, “{found[0].token}” for example"
        cure = "leave tokens empty to have them made, or use `networklab add --short-tokens` if they are meant so"
        raise PeopleError(name, wrong, cure)
