"""Patterns that an author writes and texts of players are held against: regular expressions that never take long."""

import re

LONGEST = 200
MOST_TURNS = (
    3  # parts that can be gone through in several ways: each multiplies the time that a text can take
)
_TURN = re.compile(r"[*+?]\??|\{\d*,\d*\}\??|\{\d{2,}\}")
_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|.", re.DOTALL)


def pattern_mistake(pattern: str) -> tuple[str, str] | None:
    """What is wrong with it, and what to do; None where nothing is."""
    if len(pattern) > LONGEST:
        return (
            f"This pattern has {len(pattern)} characters, and {LONGEST} is the most.",
            "Write it more simply.",
        )
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"This pattern can't be read: {error}.", "Write a regular expression, such as [0-9]{5}."
    turns, nested = _turns(pattern)
    if re.search(r"(?<!\\)\(\?(?!:)|(?<!\\)\\[0-9]", pattern):
        return "This pattern looks around itself or refers back.", "Write it with (?:…) brackets at most."
    if nested:
        sentence = "This pattern repeats something that can be read in several ways itself."
        return sentence, "Write it without the repetition around the bracket."
    if turns > MOST_TURNS:
        sentence = f"This pattern can turn in {turns} places (repetitions and choices), and {MOST_TURNS} is the most."
        return sentence, 'Write it more simply, or list the answers: correct = ["…", "…"].'
    return None


def _turns(pattern: str) -> tuple[int, bool]:
    """How many repetitions and choices there are, and whether one is around another."""
    within = [0]  # of each bracket that is open
    chosen = [False]
    last, nested, at = 0, False, 0  # `last`: how many are in the bracket that has just been closed
    while at < len(pattern):
        if turn := _TURN.match(pattern, at):
            nested = nested or last > 0
            within[-1] += 1
            last, at = 0, turn.end()
            continue
        part = _PART.match(pattern, at)
        assert part is not None
        last, at = 0, part.end()
        if part[0].startswith("("):
            within.append(0)
            chosen.append(False)
        elif part[0] == "|":
            chosen[-1] = True
        elif part[0] == ")" and len(within) > 1:
            last = within.pop() + chosen.pop()
            within[-1] += last
    return within[0] + chosen[0], nested
