"""Digits that somebody sent, or typed, as the number that they are."""

from __future__ import annotations


def whole(text: str, most: int) -> int | None:
    """The number that these digits are; None for anything else, and for more than `most`.

    Before it is made: Python refuses to read a number of some thousand digits.
    """
    digits = text.lstrip("0") or text[-1:]
    if not (text.isascii() and text.isdecimal() and len(digits) <= len(str(most))):
        return None
    number = int(digits)
    return number if number <= most else None
