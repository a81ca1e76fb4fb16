"""Stories of the command line, in processes of its own: what each command says, and how it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from app.__main__ import COMMANDS as FILES
from app.config import PROJECT
from app.web.processes import bind, free_port
from tests.house.shell import Shell, is_refused
from tests.house.studies import RUMOUR

SHARED = {
    "__init__",
    "action",
    "arguments",
    "before",
    "bonus_lines",
    "clusters",
    "connection",
    "granting",
    "lists",
    "naming",
    "program",
    "progress",
    "set_up_lines",
    "signals",
    "size_lines",
}
COMMANDS = [
    "demo",
    "serve",
    "new",
    "check",
    "open",
    "start",
    "pause",
    "resume",
    "close",
    "sessions",
    "export",
    "verify",
    "erase",
    "payments",
    "replay",
    "doctor",
    "backup",
    "restore",
]


def test_every_command_says_what_it_does(shell: Shell) -> None:
    lines: list[tuple[list[str], dict[str, str]]] = [
        ([*command, "--help"], {})
        for command in ([], ["admin"], ["admin", "add"], *([name] for name in COMMANDS))
    ]
    for (arguments, _), ended in zip(lines, shell.type_all(lines), strict=True):
        assert ended.returncode == 0 and ended.stderr == "", (arguments, ended.stderr)
        assert re.match(rf"usage: (\S+/bin/)?{' '.join(['networklab', *arguments[:-1]])}", ended.stdout)
    alone = [
        sys.executable,
        "-m",
        "app",
        "--help",
    ]  # not as a fork, where something else would be imported by then
    ended = subprocess.run(alone, capture_output=True, text=True, cwd=shell.folder, env=shell.environ)
    assert ended.returncode == 0 and ended.stderr == ""
    listed = ended.stdout
    assert all(re.search(rf"^ +{name} ", listed, re.MULTILINE) for name in [*COMMANDS, "admin"])


def test_what_cannot_be_done_is_told_in_one_sentence(shell: Shell) -> None:
    listener = bind("127.0.0.1", 0)
    taken = listener.getsockname()[1]
    people = str(shell.people("token,label,type\n" + 2 * ",,red\n,,blue\n"))  # no note: they fill each room
    (shell.folder / "links").mkdir()
    (shell.folder / "empty").mkdir()
    refusals: list[tuple[list[str], dict[str, str], str]] = [
        ([], {}, "COMMAND"),
        (["dance"], {}, "There is no command “dance”"),
        (["chek", str(RUMOUR)], {}, "Did you mean `check`?"),
        (["check", str(RUMOUR.with_name("rumor"))], {}, f"Did you mean `{RUMOUR}`?"),
        (["check", str(RUMOUR.parent)], {}, f"Give a folder in it that has: `{RUMOUR.with_name('bargain')}`"),
        (["admin"], {}, "networklab admin --help"),
        (["backup", "--to", "backups"], {}, "networklab backup --help"),
        (
            ["serve", "--port", str(taken)],
            {},
            f"Ctrl-C there, or choose another port: --port {taken + 10}.",
        ),
        (["check", "no/such/folder"], {}, "no/such/folder"),
        (["check", "empty"], {}, "study.toml"),
        (["open", "no/such/folder", "--players", people], {}, "no/such/folder"),
        (["open", str(RUMOUR), "--players", "missing.csv"], {}, "missing.csv does not exist"),
        (["open", str(RUMOUR)], {}, "--players"),
        (["open", str(RUMOUR), "--players", people, "--links", "links"], {}, "links is a folder"),
        (
            ["open", str(RUMOUR), "--players", people, "--links", "no/such/links.csv"],
            {},
            "no session was made",
        ),
        (["start", "nothere"], {}, "There is no session “nothere”"),
        (["pause", "a\u0301"], {}, "There is no session"),
        (["close", ""], {}, "What stands after close is empty"),
        (["open", str(RUMOUR), "--door", "--from="], {}, "What stands after --from is empty"),
        (["export", "nothere", "--to", "out"], {}, "There is no session “nothere”"),
        (["export", "nothere", "--to", "out.xlsx", "--excel"], {}, "a workbook opens right as it is"),
        (["verify", "nothere"], {}, "There is no session “nothere”"),
        (["serve", "--port", "99999"], {}, "not a port"),
        (["serve", "--processes", "none"], {}, "not a whole number from 1 to 100,000"),
        (["serve", "--host", "256.1.1.1"], {}, "256.1.1.1"),
        (["serve", "--players", "4"], {}, "Give --dev STUDY too"),
        (["serve", "--dev", "no/such/folder"], {}, "no/such/folder"),
        (["serve", "--dev", str(RUMOUR), "--host", "0.0.0.0"], {}, "listens on 127.0.0.1"),
        (["serve", "--dev", str(RUMOUR), "--players", "13"], {}, "room for 12"),
        (["serve", "--port", "9" * 5_000], {}, "not a port"),
        (["serve", "--processes", "9" * 5_000], {}, "not a whole number from 1 to 100,000"),
        (["serve", "--processes", "٣"], {}, "not a whole number from 1 to 100,000"),
        (["rehearse", "--session", str(RUMOUR), "--part", f"1/{'9' * 5_000}"], {}, "no part such as 1/3"),
        (["serve"], {"PORT": "http"}, "PORT must be a whole number from 1 to 65,535"),
        (["serve"], {"PORT": "9" * 5_000}, "PORT must be a whole number from 1 to 65,535"),
        (["serve"], {"PORT": "70000"}, "PORT must be a whole number from 1 to 65,535"),
        (["serve"], {"NETWORKLAB_PROCESSES": "9" * 5_000}, "from 1 to 999,999,999"),
        (["check", str(RUMOUR), "--players", "40", "--over", "9" * 400], {}, "is not a time"),
        (["sessions"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "Check DATABASE_URL"),
        (["sessions"], {"DATABASE_URL": "what is this"}, "DATABASE_URL is no address of a Postgres"),
        (
            ["serve", "--port", str(free_port())],
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "NETWORKLAB_PLAY_URL": "none"},
            "Check DATABASE_URL",
        ),
        (["admin", "add", " "], {}, "1 to 100 plain characters"),
        (["admin", "add", "ada", "--password", "short"], {}, "at least 12 characters"),
    ]
    before = shell.rows()
    answers = shell.type_all([(arguments, environ) for arguments, environ, _ in refusals])
    for (arguments, _, words), ended in zip(refusals, answers, strict=True):
        assert words in is_refused(ended), (arguments, ended.stderr)
    assert shell.rows() == before
    listener.close()


def test_no_command_writes_over_what_stands_nowhere_else(shell: Shell) -> None:
    """Links that were given out, where a list brought them, say. A file may be there that has nothing in it."""
    (shell.folder / "kept").touch()
    people = shell.people("token,label,type\n,,red\n,,blue\n")
    opened = json.loads(shell.type("open", RUMOUR, "--players", people, "--links", "kept", "--json").stdout)
    kept, session = (shell.folder / "kept").read_bytes(), opened["session"]
    late = shell.people("token,label,type\n,late,red\n", "late.csv")
    commands: list[list[str]] = [
        ["open", str(RUMOUR), "--players", str(people), "--links", "kept"],
        ["add", session, "--players", str(late), "--links", "kept"],
        ["links", session, "--to", "kept"],
        ["payments", session, "--to", "kept"],
        ["export", session, "--to", "kept"],
        ["export", session, "--to", "kept.zip", "--anonymous", "--key", "kept"],
        ["rehearse", "--session", session, "--export", "kept"],
    ]
    before = shell.rows()
    for ended in shell.type_all([(command, {}) for command in commands]):
        assert "kept is there already" in is_refused(ended)
    assert shell.rows() == before and (shell.folder / "kept").read_bytes() == kept


def test_what_helps_can_be_typed_in_a_checkout_that_is_not_installed(shell: Shell) -> None:
    nowhere = {"PATH": str(shell.folder)}  # no networklab is on it
    for arguments, words in ((["start", "nothere"], "sessions"), (["start"], "start --help"), ([], "--help")):
        said = is_refused(shell.type(*arguments, **nowhere))
        assert f"/bin/networklab {words}` " in said and not re.search(r"(?<!/bin/)networklab ", said), said


def test_each_file_of_the_folder_is_a_command() -> None:
    files = {path.stem for path in (PROJECT / "app" / "commands").glob("*.py")}
    assert files - SHARED == {name.replace("-", "_") for name in FILES}
