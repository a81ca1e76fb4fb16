"""The names of rooms and steps: words that fit into files, columns and addresses, each once."""

import re
from collections.abc import Sequence

from app.study.syntax.table import Table

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def unique_name(table: Table, name: str, others: Sequence[str], what: str) -> str:
    if not table.sound("name"):
        return name
    if not NAME.fullmatch(name):
        cure = "Write at most 40 letters, digits, - and _, without spaces."
        table.wrong("name", f"`{name}` can't be the name of a {what}.", cure)
    elif name in others:
        key, cure = (
            ("name", "Give one of them another `name`.")
            if table.has("name")
            else ("page", "Add a `name` here.")
        )
        table.wrong(key, f"There are two {what}s named `{name}`.", cure)
    return name
