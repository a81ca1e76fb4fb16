"""Which of our languages somebody means: by what their browser asks for, or by its name."""

import re
from collections.abc import Collection

from babel import Locale

from app.study.languages.catalogues import DEFAULT, LANGUAGES


def preferred(accept_language: str, among: Collection[str] = LANGUAGES, default: str = DEFAULT) -> str:
    """The one of these languages that a browser asks for most, from what its header says (RFC 9110, 12.5.4)."""
    best, wish = default, 0.0
    for part in accept_language[:1000].split(","):
        tag, _, quality = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language in among and weight > wish:
            best, wish = language, weight
    return best


def english_name(code: str) -> str:
    return str(Locale.parse(code).english_name)


def own_name(code: str) -> str:
    """As those who speak it call it: Deutsch."""
    name = str(Locale.parse(code).display_name)
    return name[:1].upper() + name[1:]


def language_named(word: str) -> str:
    """The code of a language by its name, in English or in itself, or by a longer code; "" if it is none of ours."""
    for code in LANGUAGES:
        locale = Locale.parse(code)
        if word.lower() in (english_name(code).lower(), str(locale.display_name).lower()):
            return code
    code = re.split("[-_]", word.lower())[0]
    return code if code in LANGUAGES else ""
