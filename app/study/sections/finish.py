"""How it ends for a player, from study.toml: codes and the way back to the recruiter."""

import re
from urllib.parse import urlsplit

from app.study.model.study import CODES_LIKE, DEFAULT_CODES, Finish
from app.study.syntax.table import Table

OUTCOMES = (*DEFAULT_CODES, *CODES_LIKE)

_CODE = re.compile(r"[^\s\x00-\x1f\x7f]{1,100}")


def read_finish(document: Table) -> Finish:
    finish = document.table("finish", "[finish] with single brackets, and its settings below")
    if finish is None:
        return Finish()
    redirect = _redirect(finish)
    table = finish.table("codes", 'codes = {complete = "C1", lobby = "C2"}')
    codes = dict(Finish().codes) if table is None else _codes(table)
    finish.report_unknown_keys("[finish]")
    return Finish(redirect, codes)


def _codes(table: Table) -> dict[str, str]:
    codes = {outcome: table.text(outcome, default=DEFAULT_CODES.get(outcome, "")) for outcome in OUTCOMES}
    for outcome, code in codes.items():
        if table.has(outcome) and table.sound(outcome) and not _CODE.fullmatch(code):
            sentence = f"`{outcome}` is no code that a recruiter can take."
            table.wrong(outcome, sentence, "Write up to 100 plain characters without blanks.")
    table.report_unknown_keys("the codes")
    return codes | {outcome: codes[outcome] or codes[like] for outcome, like in CODES_LIKE.items()}


def _redirect(finish: Table) -> str | None:
    if not finish.has("redirect"):
        finish.text("redirect", default="")
        return None
    address = finish.text("redirect")
    if not finish.sound("redirect"):
        return None
    example = "https://example.org/complete?cc={code}"
    try:
        parts = urlsplit(address)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", address)
    except ValueError:
        web = False
    others = [name for name in re.findall(r"\{([^{}]*)\}", address) if name != "code"]
    if not web:
        finish.wrong("redirect", f"`{address}` is not a web address.", f"Write one such as {example}.")
    elif others:
        cure = "Only {code} is filled in; write the rest out."
        finish.wrong("redirect", f"`redirect` has {{{others[0]}}} in it, which is not known.", cure)
    elif "{code}" not in address:
        cure = f"Put {{code}} where the code belongs, as in {example}."
        sentence = "`redirect` has no {code} in it, so the code never reaches the recruiter."
        finish.wrong("redirect", sentence, cure)
    return address
