"""`types` of study.toml: the words that tell players apart."""

from app.study.model.study import ANY
from app.study.syntax.table import Table


def read_types(document: Table) -> tuple[str, ...]:
    types = document.texts("types")
    if document.has("types") and not types and document.findings.sound("types"):
        cure = 'List the types, such as ["red", "blue"], or remove the line.'
        document.wrong("types", "`types` is empty.", cure)
    if ANY in types:
        sentence = "`any` can't be a type: it is the word for a seat that takes every type."
        document.wrong("types", sentence, "Rename it.")
    return types
