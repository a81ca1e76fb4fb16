"""Stories of the words that a study keeps out of its talks."""

from __future__ import annotations

from app.study.model.words import WordList


def test_a_word_is_found_whole_in_any_case_and_with_a_star_by_its_beginning() -> None:
    words = WordList(("fool", "idiot*", "a.b"))
    for text in ("Fool!", "you,fool", "IDIOTIC ideas", "a.b"):
        assert words.stand_in(text), text
    for text in ("foolish", "tomfool", "an idiom", "axb", ""):
        assert not words.stand_in(text), text


def test_a_masked_word_keeps_its_length_and_all_around_it_stays() -> None:
    words = WordList(("fool", "idiot*"), "mask")
    assert (
        words.masked("You Fool, what an idiotic, foolish idea") == "You ••••, what an •••••••, foolish idea"
    )
