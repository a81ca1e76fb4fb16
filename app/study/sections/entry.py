"""[entry] of study.toml: what people are asked at the door, and what stands there beside."""

from app.study.model.entrance import ATTEMPTS, DECLINED, FAILED, MOST_ATTEMPTS, SCREENED_OUT, Entrance
from app.study.model.fields import Field
from app.study.pages import OWN_PAGES
from app.study.sections.fields import FORM_NAMES, PLAYER_COLUMNS, read_fields
from app.study.syntax.table import Table


def read_entry(document: Table) -> tuple[tuple[Field, ...], Entrance]:
    entry = document.table("entry", "[entry] once, and its fields below")
    if entry is None:
        return (), Entrance()
    found = read_fields(entry, reserved=(*FORM_NAMES, *PLAYER_COLUMNS), at_door=True)
    for index, field in enumerate(found):
        if field.kind.is_about_others:
            sentence = "At the door nobody else is there whom a question could be about."
            entry.findings.wrong((*entry.path, "fields", index, "kind"), sentence, "Ask it in a step.")
    entrance = Entrance(
        _page(entry),
        entry.one_of("decline", (DECLINED,), ""),
        entry.whole("attempts", ATTEMPTS, largest=MOST_ATTEMPTS),
        entry.one_of("then", (SCREENED_OUT, FAILED), SCREENED_OUT),
    )
    _check_attempts(entry, any(field.correct for field in found))
    entry.report_unknown_keys("[entry]")
    return found, entrance


def _check_attempts(entry: Table, some_right: bool) -> None:
    if some_right and not entry.has("attempts") and entry.sound("fields"):
        sentence = f"Whoever does not have all right after {ATTEMPTS} attempts is out."
        entry.note("fields", sentence, f"Write attempts = {ATTEMPTS} in [entry], or as many as you mean.")
    for key in ("attempts", "then"):
        if entry.has(key) and not some_right and entry.sound("fields"):
            sentence = f"No question here has a right answer, so `{key}` is never looked at."
            entry.wrong(key, sentence, 'Add correct = "…" to one, or remove the line.')


def _page(entry: Table) -> str:
    page = entry.text("page", default="").removeprefix("pages/").removesuffix(".html")
    if page in OWN_PAGES:
        sentence = f"pages/{page}.html stands in place of a page of ours, and can't stand above the form."
        entry.wrong("page", sentence, 'Give the text a page of its own, such as page = "consent".')
        return ""
    return page
