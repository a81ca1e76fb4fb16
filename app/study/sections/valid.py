"""What is said of a whole form: that it is judged before it is stored, and that it can't be changed then."""

from collections.abc import Sequence

from app.study.hooks.uses import read_hook
from app.study.model.fields import Field
from app.study.model.kinds.click import CLICK
from app.study.syntax.table import Table


def read_valid(table: Table, found: Sequence[Field]) -> str:
    """The function that judges a form before it is stored."""
    valid = read_hook(table, "valid")
    if valid and not any(field.kind is not CLICK for field in found) and not table.has("move"):
        table.wrong("valid", "Nothing is asked here that could be judged.", "Remove it.")
    elif valid and table.text("save", default="button") == "change":
        sentence = "Each change is saved by itself here, so that there is no whole form to judge."
        table.wrong("valid", sentence, 'Remove it, or remove save = "change".')
    return valid


def read_final(table: Table, found: Sequence[Field]) -> bool:
    final = table.truth("final", default=False)
    if final and not any(field.kind is not CLICK for field in found) and not table.has("move"):
        table.wrong("final", "Nothing is asked here that could be changed.", "Remove it.")
    elif final and table.text("save", default="button") == "change":
        sentence = "Each change is saved by itself here, so the first one would be final."
        table.wrong("final", sentence, 'Remove it, or remove save = "change".')
    return final
