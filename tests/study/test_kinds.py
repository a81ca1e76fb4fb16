"""A kind of field is one file and one template: one that is made up here goes from study.toml to the CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from pathlib import Path

import pytest

from app.config import PROJECT
from app.rehearsal.trial import try_hooks
from app.study.model.kinds.known import KINDS
from app.study.model.kinds.slots import SLOTS
from app.study.reading import check, parse
from tests.house.guests import seated
from tests.house.house import House
from tests.house.studies import PAGE
from tests.house.waits import until
from tests.study.clock import CLOCK, TEMPLATE

STUDY = """
title = "Mornings"
[[room]]
name = "pair"
seats = {any = 2}
bots_after = "0s"
[[step]]
page = "talk"
limit = "60s"
fields = [{name = "up", ask = "When do you get up?", kind = "clock", every = 15}]
on_end = "meet"
results = [{name = "both", ask = "When both are up", kind = "clock", every = 15}]
[[step]]
page = "talk"
name = "after"
limit = "60s"
fields = [{name = "fine", ask = "Is that fine?", kind = "yes_no"}]
show = [{field = "both", of = "me"}]
"""
HOOKS = """
def meet(room) -> dict[str, dict[int, int]]:
    up = room.said("up")
    return {"both": {slot: max(up.values()) for slot in up}}
"""
# What a page of an author may ask.
BY_ITS_NAME = """
{% block before %}{% for one in step.fields if one.kind == "clock" %}<p>By the clock.</p>{% endfor %}{% endblock %}
"""
REGISTERS = """
from app.study.model.kinds.known import KINDS
from tests.study.clock import CLOCK
KINDS[CLOCK] = CLOCK
"""
NAME = "|".join(f"[\"']{kind}[\"']" for kind in (*KINDS, SLOTS))
COMPARED = re.compile(rf"\bkind (==|!=|in|not in) .*({NAME})")
LISTED = re.compile(rf"({NAME}), ?({NAME})")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, CLOCK, CLOCK)


def files(toml: str = STUDY, hooks: str = HOOKS) -> dict[str, bytes]:
    """With the template: a study's folder is searched after ours."""
    return {
        "study.toml": toml.encode(),
        "hooks.py": hooks.encode(),
        "pages/talk.html": (PAGE + BY_ITS_NAME).encode(),
        CLOCK.template: TEMPLATE.encode(),
    }


@pytest.mark.usefixtures("clock")
def test_a_made_up_kind_is_asked_stored_computed_with_shown_and_exported(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(REGISTERS)  # each process of the server starts with this
    server = house.serve(PYTHONPATH=f"{tmp_path}:{PROJECT}")
    session, ada = house.open_files(files(), {"x": 1}), house.researcher(server)

    async def story() -> tuple[str, bytes]:
        guest = house.guest(server, session, "X1")
        await guest.sign_in()
        page = await seated(guest)
        assert re.search(
            r'<label for="([^"]+)" dir="auto">When do you get up.*\n<input type="time" id="\1".* step="900"',
            page,
        )
        assert "By the clock." in page
        for wrong, told in (("7:31", "such as 07:30"), ("25:00", "such as 07:30"), ("", "give a time.")):
            refused = await guest.answer({"up": wrong})
            assert refused.status == 422 and told in refused.text and f'value="{wrong}"' in refused.text
        assert (await guest.answer({"up": "7:30"})).status == 200

        async def page_after() -> str:
            page = await guest.page()
            return page if "Is that fine?" in page else ""

        page = await until(page_after, "the next step")
        return page, (await ada.get(f"/admin/sessions/{session.id}/export.zip")).body

    page, packed = house.tell(story())
    with zipfile.ZipFile(io.BytesIO(packed)) as out:
        records, codebook = [
            list(csv.DictReader(io.StringIO(out.read(name).decode())))
            for name in ("records.csv", "codebook.csv")
        ]
    assert [(one["field"], one["value"]) for one in records] == [("up", "07:30")]
    [line] = [one for one in codebook if (one["file"], one["field"]) == ("records.csv", "up")]
    assert line["kind"] == "clock" and line["meaning"].endswith("question, as hours and minutes.")
    results = house.sql("select name, made_by, value from result where step = 'talk' order by slot")
    [guessed] = [value for name, by, value in results if (name, by) == ("up", "bot")]
    assert re.fullmatch(r"\d\d:(00|15|30|45)", guessed)
    later = max("07:30", guessed)
    assert [value for name, _, value in results if name == "both"] == [later, later] and later in page


@pytest.mark.usefixtures("clock")
def test_check_knows_it_by_what_it_says_of_itself() -> None:
    assert check(files()) == [] and asyncio.run(try_hooks(parse(files()))) == []
    for old, new, told in (
        ("every = 15}]\non_end", "every = 7}]\non_end", "A day can't be cut into such parts."),
        ("every = 15}]\non_end", "min = 0}]\non_end", "`min` means nothing in a field of kind clock."),
        ('kind = "yes_no"', 'kind = "yes_no", every = 5', "`every` means nothing in a field of kind yes_no."),
        ('kind = "clock"', 'kind = "hour"', "Did you mean `clock`?"),
        ('kind = "clock"', 'kind = "clok"', "Did you mean `clock`?"),
        ('of = "me"', 'of = "me", as = "mean"', "`both` is no number"),
    ):
        assert old in STUDY
        assert told in " ".join(map(str, check(files(STUDY.replace(old, new, 1)))))
    [wrong] = check(files(hooks=HOOKS.replace("int, int", "int, str")))
    assert "dict[str, dict[int, int]]" in str(wrong)


def test_each_kind_has_its_template_and_stands_in_the_manual() -> None:
    told = (PROJECT / "docs" / "study.md").read_text()
    for kind in KINDS.values():
        assert (PROJECT / "templates" / kind.template).exists() and f"`{kind}`" in told, kind


def test_nothing_but_a_kind_itself_goes_by_its_name() -> None:
    at_home = PROJECT / "app" / "study" / "model" / "kinds"
    sources = [
        path for folder in ("app", "templates") for path in (PROJECT / folder).rglob("*") if path.is_file()
    ]
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in sources
        if path.suffix in (".py", ".html") and at_home not in path.parents
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if COMPARED.search(line) or LISTED.search(line)
    ]
    assert found == []
