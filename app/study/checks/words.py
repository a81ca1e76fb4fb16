"""What pages print of what was said: it must be asked somewhere, and somebody must be there whose it is."""

from collections.abc import Iterator, Mapping

from app.study.model.study import Sections
from app.study.page_words import MINE, asked_in
from app.study.pages import PageFile, read_page
from app.study.syntax.mistakes import Mistake, did_you_mean


def word_mistakes(files: Mapping[str, bytes], sections: Sections) -> Iterator[Mistake]:
    steps = sections.all_steps
    known = sorted({one.name for step in steps for one in (*step.fields, *step.results)})
    alone = {step.page for step in steps if step.is_solo} - {step.page for step in steps if not step.is_solo}
    for name in dict.fromkeys(("room", *(step.page for step in steps))):
        path = f"pages/{name}.html"
        page = read_page(path, files[path]) if path in files else None
        if not isinstance(page, PageFile):
            continue
        for whose, asked, node in asked_in(page):
            if asked not in known:
                sentence = f"No step asks or computes `{asked}`, so there is nothing to be printed."
                yield page.wrong(node.lineno, asked, sentence, did_you_mean(asked, known))
            elif whose != MINE and name in alone:
                sentence = "Nobody else is here whose answers could be printed."
                yield page.wrong(
                    node.lineno, whose, sentence, f"Write mine.{asked} for what this person said."
                )
