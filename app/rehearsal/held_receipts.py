"""The receipts that somebody holds: for one form there is one, and it says what was sent."""

from __future__ import annotations

import time
from collections.abc import Sequence

from app.rehearsal.browser import Reply
from app.rehearsal.diary import Diary, Told
from app.rooms.receipts import as_kept, digest

Said = tuple[tuple[str, str], ...]  # field and stored value


class HeldReceipts:
    """One person's. The diary has each, and what is wrong with it."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary
        self.first: dict[tuple[str, Said], str] = {}

    def note(self, key: str, said: Said, answer: Reply) -> None:
        """What came back for a form with this key and these values."""
        if answer.status != 200:
            return
        receipt = answer.headers.get("receipt", "")
        first = self.first.setdefault((key, said), receipt)
        if not receipt:
            self.diary.wrong(1, "an answer was taken without a receipt")
        elif first != receipt:
            self.diary.wrong(3, f"the same form has two receipts, {first[:40]} and {receipt[:40]}")
        elif not _says(receipt, said):
            self.diary.wrong(1, f"the receipt {receipt[:40]}… does not say what was sent")
        else:
            self.diary.told.append(Told(receipt, key, said, time.monotonic()))


def _says(receipt: str, said: Sequence[tuple[str, str]]) -> bool:
    kept = as_kept(receipt)
    if kept is None:
        return False
    return kept.digest == digest((number, *one) for number, one in zip(kept.records, said, strict=False))
