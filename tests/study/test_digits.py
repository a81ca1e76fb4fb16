"""Stories of digits that somebody sent, as numbers."""

from __future__ import annotations

import pytest

from app.study.digits import whole


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), ("100", 100), ("000", 0), ("0" * 9_000 + "9", 9)]
    + [(text, None) for text in ("", "101", "-1", "1.0", "1 0", "٣", "²", "9" * 9_000, "0" * 9_000 + "101")],
)
def test_a_whole_number_is_read_up_to_a_bound_however_many_digits_somebody_sends(
    text: str, number: int | None
) -> None:
    assert whole(text, 100) == number
