"""Stories of accounts that are made, listed, given new passwords and removed on the command line."""

from __future__ import annotations

import json
import re

from app.web.access.accounts import password_hash
from app.web.access.api_tokens import PREFIX
from app.web.access.logins import find_login, log_in
from app.web.access.passwords import password_matches
from tests.house.shell import Shell
from tests.house.studies import RUMOUR


def test_an_account_is_added_and_given_a_new_password(shell: Shell) -> None:
    def opens(password: str) -> bool:
        return password_matches(shell.house.do(lambda conn: password_hash(conn, "ada")), password)

    added = shell.type("admin", "add", "ada", typed="first password\n")
    assert (
        added.returncode == 0 and "ada can log in at" in added.stdout and "first password" not in added.stdout
    )
    assert opens("first password") and not opens("first password\n")
    assert shell.type("admin", "add", "ada", "--password", "second password").returncode == 0
    assert opens("second password") and not opens("first password")
    shell.house.sql("update account set totp_secret = 'secret' where name = 'ada'")
    changed = shell.type("admin", "password", "ada", typed="third password\n")
    assert changed.returncode == 0 and "ada has a new password" in changed.stdout
    assert opens("third password") and not opens("second password")
    factor = "select totp_secret from account where name = 'ada'"
    assert shell.house.sql(factor) == [("secret",)], "a new password takes no factor away"
    shell.type("admin", "password", "ada", "--password", "fourth password", "--two-factor-off")
    assert opens("fourth password") and shell.house.sql(factor) == [(None,)]


def test_what_cannot_be_an_account_or_a_password_is_refused_in_a_sentence(shell: Shell) -> None:
    for words, sentence in (
        (("add", " ", "--password", "first password"), "1 to 100 plain characters"),
        (("add", "eve", "--password", "password1234"), "easy to guess"),
        (("add", "eve", "--password", "short"), "too short"),
        (("password", "nobody", "--password", "first password"), "There is no account “nobody”"),
        (("remove", "nobody"), "There is no account “nobody”"),
    ):
        refused = shell.type("admin", *words)
        assert refused.returncode == 2 and sentence in refused.stderr and refused.stdout == "", words
    assert shell.house.sql("select from account where name = 'eve'") == []


def test_a_removal_and_a_new_password_end_the_log_ins_of_that_account_alone(shell: Shell) -> None:
    house = shell.house
    for name in ("lin", "mia"):
        assert shell.type("admin", "add", name, "--observer", "--password", "first password").returncode == 0
    keys = {name: house.do(lambda conn, n=name: log_in(conn, n)) for name in ("lin", "mia")}  # type: ignore[misc]
    link = house.do(lambda conn: log_in(conn, "lin", once=True))

    def holds(name: str) -> bool:
        return house.do(lambda conn: find_login(conn, keys[name])) is not None

    listed = {one["name"]: one for one in json.loads(shell.type("admin", "list", "--json").stdout)}
    assert listed["lin"]["logins"] == 1 and listed["lin"]["observer"] and listed["lin"]["seen_at"]
    assert "lin" in shell.type("admin", "list").stdout
    shell.type("admin", "password", "lin", "--password", "second password")
    assert not holds("lin") and holds("mia")
    assert house.sql("select from login where account = 'lin'") == [], "links included"
    assert link
    removed = shell.type("admin", "remove", "mia")
    assert removed.returncode == 0 and "removed" in removed.stdout and not holds("mia")
    assert "mia" not in shell.type("admin", "list").stdout


def test_a_session_is_opened_for_its_owner_and_others_are_put_on_it(shell: Shell) -> None:
    for name in ("una", "uwe"):
        assert shell.type("admin", "add", name, "--password", "first password").returncode == 0
    people = shell.people("token,label,type\n,,red\n")
    unknown = shell.type("open", RUMOUR, "--players", people, "--owner", "nobody", "--name", "Nobody’s")
    assert unknown.returncode == 2 and "no account “nobody”" in unknown.stderr
    assert shell.house.sql("select from session where name = 'Nobody’s'") == []
    opened = shell.type("open", RUMOUR, "--players", people, "--owner", "una", "--json")
    session = json.loads(opened.stdout)["session"]

    def on() -> dict[str, str]:
        listed = json.loads(shell.type("admin", "list", "--session", session, "--json").stdout)
        return {one["name"]: one["role"] for one in listed}

    assert on() == {"una": "owner"}
    given = shell.type("admin", "grant", session, "uwe", "observer", "--files")
    assert given.returncode == 0 and f"uwe is on {session} as an observer" in given.stdout
    assert "observer, with files" in shell.type("admin", "list", "--session", session).stdout
    assert shell.type("admin", "grant", session, "uwe", "nobody").returncode == 0 and on() == {"una": "owner"}
    for words, sentence in (
        (("una", "nobody"), "has an owner"),
        (("una",), "Say who and what"),
        ((), "Say who and what"),
        (("una", "king"), "invalid choice"),
    ):
        refused = shell.type("admin", "grant", session, *words)
        assert refused.returncode == 2 and sentence in refused.stderr, words
    removed = shell.type("admin", "remove", "una")
    assert f"Session {session} has no owner now" in removed.stdout
    assert shell.type("admin", "grant", session, "--everybody").returncode == 0 and on() == {}
    assert "Everybody with an account" in shell.type("admin", "list", "--session", session).stdout
    assert shell.type("admin", "list", "--session", "unknown").returncode == 2


def test_the_command_line_makes_lists_and_revokes_tokens(shell: Shell) -> None:
    shell.type("admin", "add", "ada", "--password", "first password")
    made = shell.type("admin", "token", "ada", "--for", "a course", "--read", "--days", "7", "--json")
    token = json.loads(made.stdout)
    assert token["token"].startswith(PREFIX) and (token["scope"], token["days"]) == ("read", 7)
    plain = shell.type("admin", "token", "ada", "--for", "figures")
    assert re.fullmatch(PREFIX + r"[\w-]{43}\n", plain.stdout) and "shown this once" in plain.stderr
    listed = json.loads(shell.type("admin", "tokens", "ada", "--json").stdout)
    assert [(one["name"], one["scope"]) for one in listed] == [("figures", "all"), ("a course", "read")]
    assert "a course" in shell.type("admin", "tokens").stdout
    assert "“a course” is revoked" in shell.type("admin", "revoke", str(listed[1]["id"])).stdout
    again = shell.type("admin", "revoke", str(listed[1]["id"]))
    assert again.returncode == 2 and "no such token" in again.stderr
    nobody = shell.type("admin", "token", "nobody", "--for", "x")
    assert nobody.returncode == 2 and "There is no account “nobody”" in nobody.stderr
    assert "token_made" in shell.type("admin", "log").stdout
