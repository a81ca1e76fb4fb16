"""Characters that nobody sees: which of them belong into words, and which change how others read."""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"  # within words of Persian or Hindi, and within emoji
MARKS = "\u200e\u200f"  # a direction, for the signs beside them
# What sets the direction of all that follows, which a page does by its language.
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def name_of(character: str) -> str:
    return f"U+{ord(character):04X}"


def direction_in(text: str) -> str:
    """The name of the first character that sets one; "" where there is none."""
    return next((name_of(one) for one in text if one in DIRECTIONS), "")


def unwanted_in(text: str) -> str:
    """Why this is no plain text on one line, as it follows "which"; "" where it is."""
    if not text.strip():
        return "is blank"
    if text != text.strip():
        return "has blanks around it"
    if "\n" in text or "\t" in text:
        return "has a line break or a tab in it"
    wrong = next((one for one in text if not _may_stand(one)), "")
    if wrong:
        return f"has the character {name_of(wrong)} in it, which nobody sees"
    outer = next((one for one in (text[0], text[-1]) if one in JOINERS + MARKS), "")
    return f"has the character {name_of(outer)} around it, which nobody sees" if outer else ""


def one_line(text: str) -> str:
    """The text as it may be chosen: "" where there is nothing in it that can be seen."""
    if text.isascii() and text.isprintable():
        return text.strip()
    seen = "".join(one for one in " ".join(text.split()) if _may_stand(one))
    return seen.strip(JOINERS + MARKS + " ")


def spelt(text: str) -> str:
    """For a terminal: what is not to be seen there by its name."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if _may_stand(one) or one in "\n\t" else f"<{name_of(one)}>" for one in text)


def _may_stand(character: str) -> bool:
    return character.isprintable() or character in JOINERS + MARKS or unicodedata.category(character) == "Zs"
