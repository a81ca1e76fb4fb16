"""Stories of who is on a kept study: shared, kept to oneself, and removed, by its owners and by nobody else."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from app.database.connections import Connection
from app.study import shelf
from app.web.access import study_rights
from app.web.access.accounts import put_account
from app.web.access.granting import RightsError
from tests.house.gifts import FILES
from tests.house.house import House
from tests.house.programs import program
from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.uploads import answer_to_late, client_of, upload, zip_of

STUDIES = "/admin/studies"


def words(answer: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


@pytest.fixture
def here(shared: House, server: Server) -> str:
    """A study that vera has uploaded, in a house in which yan and otto, who watches, have accounts."""

    async def staff(conn: Connection) -> None:
        await put_account(conn, "yan", "a long password")
        await put_account(conn, "otto", "a long password", observes=True)

    shared.do(staff)
    with client_of(shared, server, "vera") as vera:
        return str(upload(vera, FILES, {"form_key": token_hex(6)}).headers["location"]).partition(
            "/versions/"
        )[0]


def test_whoever_uploaded_a_study_says_who_sees_it_and_removes_it(
    shared: House, server: Server, here: str
) -> None:
    study, one = here.rpartition("/")[2], f"{here}/versions/1"
    pages = [here, one, f"{one}/open", f"{one}/pages", f"{one}/rehearsal"]
    with client_of(shared, server, "vera") as vera, client_of(shared, server, "yan") as yan:

        def gives(**form: str) -> httpx.Response:
            return vera.post(f"{here}/rights", data=form)

        assert "Everybody whose account may open sessions sees this study" in words(yan.get(here))
        assert "vera owns it." in words(yan.get(here)) and "You own it." in words(vera.get(here))
        for answer in (yan.get(f"{here}/rights"), yan.post(f"{here}/remove", data={"sure": "yes"})):
            assert answer.status_code == 403 and "Only an owner of the study may do this." in words(answer)
            assert f'href="{here}"' in answer.text, "its page leads back"
        assert yan.post(f"{here}/rights", data={"account": "yan", "role": "owner"}).status_code == 403

        assert gives(account="vera", role="owner").headers["location"] == f"{here}/rights"
        assert 'value="me" checked' in vera.get(f"{one}/open").text, "nor is its session everybody's unasked"
        for page in pages:
            answer = yan.get(page)
            assert answer.status_code == 404 and "There is no such study here." in words(answer), page
        assert study not in yan.get(STUDIES).text and study in vera.get(STUDIES).text
        assert "seen by vera" in words(vera.get(STUDIES))
        assert upload(yan, FILES | {"x.md": b"x"}, {"form_key": token_hex(6)}, here).status_code == 404

        gives(account="yan", role="colleague")
        assert yan.get(one).status_code == 200 and yan.get(f"{here}/rights").status_code == 403
        assert "only watches" in words(gives(account="otto", role="colleague"))
        assert "There is no account “nobody”" in words(gives(account="nobody", role="colleague"))
        refused = gives(account="vera", role="colleague")
        assert refused.status_code == 422 and "Make somebody else its owner first." in words(refused)
        assert "“king” is no right here. Say owner, colleague, nobody or everybody." in words(
            gives(account="yan", role="king")
        )
        gives(account="yan", role="nobody")
        assert yan.get(one).status_code == 404
        gives(role="everybody")
        assert 'value="all" checked' in vera.get(f"{one}/open").text
        assert yan.get(one).status_code == 200 and "You own it." in words(vera.get(here))

        unsure = vera.post(f"{here}/remove")
        assert (
            unsure.status_code == 422
            and "Nothing was removed" in words(unsure)
            and study in vera.get(STUDIES).text
        )
        assert vera.post(f"{here}/remove", data={"sure": "yes"}).headers["location"] == STUDIES
        assert vera.get(one).status_code == 404 and study not in vera.get(STUDIES).text
    tables = ("kept_version", "kept_file", "study_right")
    assert not any(shared.sql(f"select from public.{table} where study_id = %s", study) for table in tables)
    told = "select what from public.security_event where about = %s and account = 'vera' order by id"
    said = [what for (what,) in shared.sql(told, study)]
    assert said[:2] == ["study_uploaded", "study_right_given"] and said[-2:] == [
        "study_opened_to_all",
        "study_removed",
    ]


def test_an_owner_who_only_watches_is_none(shared: House, here: str) -> None:
    study = here.rpartition("/")[2]

    async def vera_leaves(conn: Connection) -> None:
        await study_rights.give(conn, study, "yan", "owner", "story")
        await put_account(conn, "yan", "a long password", observes=True)
        assert (await study_rights.all_given(conn))[study].owners == ["vera"]
        await study_rights.take(conn, study, "vera", "story")

    with pytest.raises(RightsError, match="A study has an owner"):
        shared.do(vera_leaves)


def test_whose_right_goes_while_a_body_comes_does_nothing_by_it(
    shared: House, server: Server, here: str
) -> None:
    study = here.rpartition("/")[2]
    more = {"zip": ("mine.zip", zip_of(FILES | {"late.md": b"x"}))}

    def now(role: str) -> Callable[[], object]:
        return lambda: shared.do(lambda conn: given(conn, role))

    async def given(conn: Connection, role: str) -> None:
        async with conn.transaction():
            await study_rights.give(conn, study, "vera", "owner", "story")
            if role == "nobody":
                await study_rights.take(conn, study, "yan", "story")
            else:
                await study_rights.give(
                    conn, study, "yan", "owner" if role == "owner" else "colleague", "story"
                )

    with client_of(shared, server, "yan") as yan, program(shared, server, "yan") as script:
        for client, path, what, left, status in (
            (yan, f"{here}/remove", {"data": {"sure": "yes"}}, "colleague", 403),
            (yan, f"{here}/remove", {"data": {"sure": "yes"}}, "nobody", 404),
            (yan, f"{here}/rights", {"data": {"role": "everybody"}}, "colleague", 403),
            (script, f"/studies/{study}/versions", {"files": more}, "nobody", 404),
        ):
            now("owner")()
            late = answer_to_late(client.build_request("POST", path, **what), now(left))
            assert late.startswith(f"HTTP/1.1 {status} "), (path, left, late)
        now("owner")()
        late = answer_to_late(
            script.build_request("POST", f"/studies/{study}/versions", files=more),
            lambda: shared.do(lambda conn: shelf.remove_study(conn, study)),
        )
        assert late.startswith("HTTP/1.1 404 "), late


def test_the_same_is_done_by_command_also_where_nobody_owns_it(
    shared: House, server: Server, here: str, tmp_path: Path
) -> None:
    study, shell = here.rpartition("/")[2], Shell(shared, tmp_path)

    def listed() -> dict[str, object]:
        found = json.loads(shell.type("studies", "--json").stdout)
        return next(one for one in found if one["study"] == study)

    assert listed()["owners"] == ["vera"] and listed()["colleagues"] is None
    assert "yan is on" in shell.type("studies", "grant", study, "yan", "colleague").stdout
    assert listed()["colleagues"] == ["yan"]
    assert f"{study}  version   1  can run" in shell.type("studies").stdout
    assert "has an owner" in is_refused(shell.type("studies", "grant", study, "vera", "nobody"))
    assert "Say who and what" in is_refused(shell.type("studies", "grant", study))
    removed = shell.type("admin", "remove", "vera").stdout
    names_one = (
        rf"Study {study} has no owner now: `\S*networklab studies grant {study} NAME owner` names one\."
    )
    assert re.search(names_one, removed), removed
    assert listed()["owners"] == []
    shell.type("studies", "grant", study, "yan", "owner")
    assert listed()["owners"] == ["yan"]
    assert "--yes removes" in is_refused(shell.type("studies", "remove", study))
    assert "is removed" in shell.type("studies", "remove", study, "--yes").stdout
    assert "There is no study" in is_refused(shell.type("studies", "remove", study, "--yes"))
    assert "There is no study" in is_refused(shell.type("studies", "grant", study, "yan", "owner"))
