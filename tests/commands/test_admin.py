"""Stories of accounts that are made on the command line."""

from __future__ import annotations

from app.web.accounts import password_hash, password_matches
from tests.house.shell import Shell


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
