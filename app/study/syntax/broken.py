"""What is wrong with a file that is no TOML, in the words of somebody who writes studies and not parsers."""

import re

from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake

_TEXTS_AND_BRACKETS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|' r"'''.*?'''|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'|#[^\n]*|[][{}]|\"\"\"|'''",
    re.DOTALL,
)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"' r"|'[^']*'|#.*")
_WORD = re.compile(r"[^\s,#\]}]+")
_NUMBER_AND_MORE = re.compile(r"(\d+[.,]?\d*)([smh,]\S*)")
_KEY = re.compile(r"[\w.\"'-]+[ \t]*(?==)")
_ONE_A_LINE = "Write one key = value a line, text in quotation marks, lists as [1, 2]."


def syntax_mistake(file: str, text: str, message: str) -> Mistake:
    """From what `tomllib` says of `text`: where it noticed is often not where the mistake is."""
    text = text.replace("\r\n", "\n")
    at = _noticed_at(text, message)
    reason = re.sub(r" \(at .*\)$", "", message)
    start, sentence, cure = _said(text, at, reason)
    line_start = text.rfind("\n", 0, start) + 1
    source = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text[line_start:].split("\n", 1)[0])
    curly = re.search("[“”„‘’«»]", source)
    if curly:
        start, sentence = line_start + curly.start(), "this quotation mark is a curly one"
        cure = 'Write a straight one: ".'
    spot = Spot(text.count("\n", 0, start) + 1, start - line_start + 1)
    return Mistake(file, spot, f"This is not TOML: {sentence}.", cure)


def _said(text: str, at: int, reason: str) -> tuple[int, str, str]:
    """Where it is wrong, what, and the cure."""
    found = _WORD.match(text, at)
    word = found[0] if found else ""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    key = re.split(r"[,{[]", before.rpartition("=")[0])[-1].strip()
    if reason.startswith(("Illegal character '\\n'", "Unterminated string", "Expected \"'")):
        opened = _opened(text, at, "\"'")
        return opened, "this quotation mark is not closed", "Write another one where the text ends."
    if reason == "Invalid value":
        return _no_value(at, key, word)
    if reason.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")):
        return _twice(text, at)
    if reason.startswith(("Unclosed array", "Unclosed inline table")):
        return _not_closed(text, at, *("[]" if "array" in reason else "{}"))
    if reason.startswith("Invalid initial character for a key part"):
        if text[at : at + 1] == "\n" and text[:at].rstrip().endswith((",", "{")):
            return _one_line(text, at)
        if text[at : at + 1] == "}":
            return at, "a comma stands before this }", "Remove the comma."
        return at, "a key begins with a letter or a digit here", _ONE_A_LINE
    if reason.startswith("Expected '=' after a key"):
        return at, "an equals sign is missing before this", 'Write key = value, such as title = "Rumour".'
    if reason.startswith("Expected newline or end of document"):
        return _left_over(text, at, key)
    if reason.startswith("Illegal character"):
        return at, "this character can't be seen, and can't be here", "Remove it."
    if reason == "Invalid statement":
        return at, "this is no key", _ONE_A_LINE
    if reason.startswith(("Expected ']' at the end", "Expected ']]' at the end")):
        return (
            at,
            "the bracket of this heading is not closed",
            "Write [name], or [[name]] for rooms and steps.",
        )
    if reason.startswith("Unescaped '\\'"):
        return at - 1, "a \\ in a text has a meaning of its own", "Write it twice: \\\\."
    return at, f"{reason[:1].lower()}{reason[1:]}", _ONE_A_LINE


def _twice(text: str, at: int) -> tuple[int, str, str]:
    line_start = text.rfind("\n", 0, at) + 1
    start = line_start + len(text[line_start:at]) - len(text[line_start:at].lstrip())
    if text[start] == "[":
        heading = text[start:].split("]")[0].strip("[ ")
        cure = (
            f"Write [[{heading}]] for one more, or keep only one."
            if heading in ("room", "step")
            else "Keep only one."
        )
        return start, f"there is a `{heading}` before this", cure
    found = _KEY.match(text, start)
    return start, f"`{found[0].strip() if found else '?'}` is written twice", "Keep only one."


def _not_closed(text: str, at: int, opens: str, closes: str) -> tuple[int, str, str]:
    opened = _opened(text, at, opens)
    if opens == "{" and text[at : at + 1] == "\n" and text[at:].strip():
        return _one_line(text, at)
    new_line = text[opened:at].count("\n") and not text[text.rfind("\n", 0, at) + 1 : at].strip()
    if at >= len(text.rstrip()) or (new_line and re.match(r"\[|[\w-]+\s*=", text[at:])):
        return opened, f"this {opens} is not closed", f"Write {closes} where it ends."
    if _KEY.match(text, at) or text[at] in "\"'{[":
        return at, "a comma is missing before this", "Write one."
    return at, f"a comma or {closes} is missing before this", "Write the one that is meant."


def _left_over(text: str, at: int, key: str) -> tuple[int, str, str]:
    """More after a value than it can have, such as a unit or a decimal comma."""
    value_start = text.rfind("=", 0, at) + 1
    value_start += len(text[value_start:at]) - len(text[value_start:at].lstrip())
    whole = text[value_start:].split("\n", 1)[0].split("#")[0].strip()
    found = _NUMBER_AND_MORE.fullmatch(whole)
    if found and found[2][0] == ",":
        return value_start, f"`{whole}` has a comma in it", f"Write {key} = {whole.replace(',', '.')}."
    if found:
        return value_start, f"`{whole}` needs quotation marks", f'Write {key} = "{whole}".'
    if re.fullmatch("0[0-9]+", whole):
        return value_start, f"`{whole}` begins with 0", f"Write {key} = {whole.lstrip('0') or '0'}."
    rest = text[at:].split("\n", 1)[0].strip()
    return at, f"`{rest}` is left over after the value", _ONE_A_LINE


def _no_value(at: int, key: str, word: str) -> tuple[int, str, str]:
    if not word:
        return at, f"nothing stands after `{key} =`" if key else "a value is missing here", _ONE_A_LINE
    if word.lower() in ("true", "false", "yes", "no", "on", "off"):
        small = "true" if word.lower() in ("true", "yes", "on") else "false"
        return at, f"`{word}` is no value", f"Write {small}."
    if re.fullmatch(r"[+-]?[0-9.]+(?:[smh][0-9smh]*|,[0-9]+)?", word):
        written = word if word[-1:] in "smh" else word.replace(",", ".").lstrip("+")
        cure = (
            f'Write "{word}".' if word[-1:] in "smh" else f"Write 0{written}." if written[:1] == "." else ""
        )
        return at, f"`{word}` is no number", cure or 'Write it like 12 or 0.15, and durations like "90s".'
    word = word.strip("\"'")
    return at, f"`{word}` needs quotation marks", f'Write {key} = "{word}".' if key else f'Write "{word}".'


def _one_line(text: str, at: int) -> tuple[int, str, str]:
    cure = "Put it all on one line, or use a heading of its own such as [[step.fields]]."
    return _opened(text, at, "{"), "what is in { } must stand on one line", cure


def _opened(text: str, at: int, marks: str) -> int:
    """Where the last bracket or quotation mark before `at` stands that nothing closes."""
    open_: list[int] = []
    for found in _TEXTS_AND_BRACKETS.finditer(text, 0, at):
        if found[0] in ("[", "{", '"""', "'''"):
            open_.append(found.start())
        elif found[0] in ("]", "}") and open_:
            open_.pop()
    line_start = text.rfind("\n", 0, at) + 1
    if marks == "\"'":
        texts = [start for start in open_ if text[start] in marks]
        return texts[-1] if texts else line_start + _lone_quote(text[line_start:at])
    return next((start for start in reversed(open_) if text[start] in marks), max(0, at - 1))


def _lone_quote(source: str) -> int:
    """Where in a line the text begins that does not end there."""
    without = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), source)
    return max(min((at for at in map(without.find, "\"'") if at >= 0), default=0), 0)


def _noticed_at(text: str, message: str) -> int:
    found = re.search(r"at line (\d+), column (\d+)", message)
    if found is None:
        return len(text)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return min(len(text), starts[min(int(found[1]), len(starts)) - 1] + int(found[2]) - 1)
