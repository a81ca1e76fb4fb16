"""Stories of the command line, in processes of its own: what it says, what it refuses, what it writes."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import httpx

from app.config import PROJECT
from app.study.reading import parse, read_folder
from app.web.accounts import password_hash, password_matches
from app.web.processes import free_port
from tests.house.server import Server
from tests.house.shell import Shell, is_refused

STUDY = PROJECT / "studies" / "rumour"
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
    "payments",
    "replay",
]


def test_every_command_says_what_it_does(shell: Shell) -> None:
    lines: list[tuple[list[str], dict[str, str]]] = [
        ([*command, "--help"], {})
        for command in ([], ["admin"], ["admin", "add"], *([name] for name in COMMANDS))
    ]
    for (arguments, _), ended in zip(lines, shell.type_all(lines), strict=True):
        assert ended.returncode == 0 and ended.stderr == "", (arguments, ended.stderr)
        assert ended.stdout.startswith(f"usage: {' '.join(['networklab', *arguments[:-1]])}"), ended.stdout
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
    people = str(shell.people("token,label,type\n" + 2 * ",,red\n,,blue\n"))  # no note: they fill each room
    (shell.folder / "links").mkdir()
    (shell.folder / "empty").mkdir()
    refusals: list[tuple[list[str], dict[str, str], str]] = [
        ([], {}, "COMMAND"),
        (["dance"], {}, "invalid choice: 'dance'"),
        (["admin"], {}, "networklab admin --help"),
        (["check", "no/such/folder"], {}, "no/such/folder"),
        (["check", "empty"], {}, "study.toml"),
        (["open", "no/such/folder", "--players", people], {}, "no/such/folder"),
        (["open", str(STUDY), "--players", "missing.csv"], {}, "missing.csv does not exist"),
        (["open", str(STUDY)], {}, "--players"),
        (["open", str(STUDY), "--players", people, "--links", "links"], {}, "links is a folder"),
        (
            ["open", str(STUDY), "--players", people, "--links", "no/such/links.csv"],
            {},
            "no session was made",
        ),
        (["start", "nothere"], {}, "There is no session “nothere”"),
        (["pause", "a\u0301"], {}, "There is no session"),
        (["close", ""], {}, "There is no session"),
        (["export", "nothere", "--to", "out"], {}, "There is no session “nothere”"),
        (["verify", "nothere"], {}, "There is no session “nothere”"),
        (["serve", "--port", "99999"], {}, "not a port"),
        (["serve", "--processes", "none"], {}, "not a whole number above zero"),
        (["serve", "--host", "256.1.1.1"], {}, "256.1.1.1"),
        (["serve", "--players", "4"], {}, "Give --dev STUDY too"),
        (["serve", "--dev", "no/such/folder"], {}, "no/such/folder"),
        (["serve", "--dev", str(STUDY), "--host", "0.0.0.0"], {}, "listens on 127.0.0.1"),
        (["serve", "--dev", str(STUDY), "--players", "13"], {}, "room for 12"),
        (["serve"], {"PORT": "http"}, "PORT must be a whole number above zero"),
        (["sessions"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "Check DATABASE_URL"),
        (["sessions"], {"DATABASE_URL": "what is this"}, "Check DATABASE_URL"),
        (
            ["serve", "--port", str(free_port())],
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
            "Check DATABASE_URL",
        ),
        (["admin", "add", " "], {}, "1 to 100 plain characters"),
        (["admin", "add", "ada", "--password", "short"], {}, "at least 8 characters"),
    ]
    before = shell.rows()
    answers = shell.type_all([(arguments, environ) for arguments, environ, _ in refusals])
    for (arguments, _, words), ended in zip(refusals, answers, strict=True):
        assert words in is_refused(ended), (arguments, ended.stderr)
    assert shell.rows() == before


def test_a_list_of_people_with_a_mistake_is_refused_whole(shell: Shell) -> None:
    good = "token,label,type\nt1,Ann,red\nt2,Bob,blue\n"
    lists: dict[str, tuple[str | bytes, str]] = {
        "twice.csv": (
            good + "t1,Cid,red\n",
            r"twice\.csv line 4 has the same token as line 2, “t1”; give each",
        ),
        "column.csv": (good.replace(",type", ",kind"), r"column\.csv line 1 .* no column type; "),
        "type.csv": (good + "t3,Cid,rde\n", r"type\.csv line 4 has the type “rde”.*; did you mean red\?"),
        "semicolons.csv": (good.replace(",", ";"), r"semicolons\.csv line 1 uses semicolons .*; save it as"),
        "latin.csv": (
            good.replace("Bob", "Zoë").encode("latin-1"),
            r"latin\.csv line 3 is not UTF-8 .*; save it as",
        ),
        "nobody.csv": ("token,label,type\n", r"nobody\.csv has a header but no players; add one line"),
        "nothing.csv": ("", r"nothing\.csv is empty; start it with"),
        "label.csv": (good + "t3,Ann,red\n", r"label\.csv line 4 has the same label as line 2, “Ann”"),
    }
    before = shell.rows()
    lines = []
    for name, (text, _) in lists.items():
        command = ["open", str(STUDY), "--players", str(shell.people(text, name)), "--links", f"links-{name}"]
        lines.append((command, dict[str, str]()))
    for (_, sentence), ended in zip(lists.values(), shell.type_all(lines), strict=True):
        assert ended.returncode == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1, ended.stderr
        assert re.search(sentence, ended.stderr), ended.stderr
    assert shell.rows() == before and not list(shell.folder.glob("links*"))
    # The list that all of them were made from is a good one.
    assert shell.type("open", STUDY, "--players", shell.people(good)).returncode == 0
    assert shell.rows() != before


def test_a_list_from_a_spreadsheet_is_read_and_its_links_open(shell: Shell, server: Server) -> None:
    base = "https://lab.example/"
    listed = shell.people(
        '\ufeffLabel,note,TOKEN,type\r\nÉmile,"a, b",my-token_1,red\r\n,,,blue\r\n\r\nZoë,,,green\r\n'
    )
    ended = shell.type(
        "open",
        STUDY,
        "--players",
        listed,
        "--links",
        "links.csv",
        "--name",
        "Pilot",
        "--json",
        NETWORKLAB_URL=base,
    )
    assert ended.returncode == 0, ended.stderr
    opened = json.loads(ended.stdout)
    assert opened == {"session": opened["session"], "players": 3}
    path = shell.folder / "links.csv"
    assert path.stat().st_mode & 0o777 == 0o600 and not list(shell.folder.glob("*.part"))
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["token", "label", "type", "link"]
    assert [(label, type_) for _, label, type_, _ in lines] == [
        ("Émile", "red"),
        ("P002", "blue"),
        ("Zoë", "green"),
    ]
    tokens = [token for token, *_ in lines]
    assert tokens[0] == "my-token_1" and all(re.fullmatch(r"[a-z0-9]{16}", token) for token in tokens[1:])
    assert len(set(tokens)) == 3
    assert [link for *_, link in lines] == [f"https://lab.example/join/{token}" for token in tokens]
    stored = shell.house.sql("select token_hash from player where session_id = %s", opened["session"])
    assert not any(token.encode() in bytes(digest) for token in tokens for (digest,) in stored)
    with httpx.Client(base_url=server.base) as visitor:
        for token in tokens:
            page = visitor.get(f"/join/{token}")
            assert page.status_code == 200 and "Come in" in page.text
        assert visitor.get("/join/my-token_2").status_code == 404


def test_a_links_file_that_others_could_read_is_replaced_by_one_that_they_cannot(shell: Shell) -> None:
    listed = shell.people("token,label,type\n,,red\n")
    for left in ("links.csv", "links.csv.part"):
        (shell.folder / left).write_text("left behind\n")
        (shell.folder / left).chmod(0o644)
    assert shell.type("open", STUDY, "--players", listed, "--links", "links.csv").returncode == 0
    links = shell.folder / "links.csv"
    assert links.stat().st_mode & 0o777 == 0o600 and "/join/" in links.read_text()


def test_the_same_people_in_a_second_session_are_led_to_the_newest_with_a_note(
    shell: Shell, server: Server
) -> None:
    listed = shell.people("token,label,type\ntwice-1,,red\ntwice-2,,blue\n")
    first = shell.type("open", STUDY, "--players", listed, "--name", "Monday", "--json")
    assert "Monday" not in first.stderr
    second = shell.type("open", STUDY, "--players", listed, "--name", "Tuesday", "--json")
    assert second.returncode == 0
    assert re.search(
        r"^note: 2 of these tokens are also in the open session “Monday”", second.stderr, re.MULTILINE
    )
    with httpx.Client(base_url=server.base) as visitor:
        joined = visitor.post("/join/twice-1", data={"age": "30", "news": "Never"})
        assert joined.status_code == 303, joined.text
    newest = json.loads(second.stdout)["session"]
    waiting = shell.house.sql(
        "select session_id from player where status <> 'invited' and session_id = any(%s)",
        [json.loads(opened.stdout)["session"] for opened in (first, second)],
    )
    assert waiting == [(newest,)]
    shell.type("close", newest)
    again = shell.type("open", STUDY, "--players", listed, "--json")
    assert (
        "Tuesday" not in again.stderr and "Monday" in again.stderr
    )  # a closed session's links lead on, without a note


def test_people_who_cannot_fill_a_room_are_let_in_with_a_note(shell: Shell) -> None:
    ended = shell.type("open", STUDY, "--players", shell.people("token,label,type\n,,red\n"), "--json")
    assert ended.returncode == 0 and json.loads(ended.stdout)["players"] == 1
    assert ended.stderr.startswith("note: ") and "mixed" in ended.stderr and "Traceback" not in ended.stderr


def test_a_session_is_run_by_four_commands_that_a_program_can_read(shell: Shell) -> None:
    ended = shell.type("open", STUDY, "--players", shell.people("token,label,type\n,,red\n"), "--json")
    session = json.loads(ended.stdout)["session"]

    def act(action: str) -> str:
        ended = shell.type(action, session, "--json")
        assert ended.returncode == 0, ended.stderr
        answer = json.loads(ended.stdout)
        assert answer["session"] == session
        return str(answer["status"])

    assert "Start it first" in is_refused(shell.type("pause", session))
    assert [act(action) for action in ("start", "start", "pause", "resume", "close")] == [
        "running",
        "running",
        "paused",
        "running",
        "closed",
    ]
    assert "Open a new session" in is_refused(shell.type("start", session, "--json"))
    listed = json.loads(shell.type("sessions", "--json").stdout)
    [line] = [line for line in listed if line["session"] == session]
    assert line == {"session": session, "name": "Rumour", "status": "closed", "players": 1}
    assert re.search(rf"^{session}  closed +1 players", shell.type("sessions").stdout, re.MULTILINE)


def test_a_study_is_checked_for_people_and_for_programs(shell: Shell) -> None:
    good = shell.type("check", STUDY)
    assert good.returncode == 0 and "Rumour: 30 pages in a room. It can run." in good.stdout
    assert good.stderr == ""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"check studies/rumour --players 700 --over 5m\n(.*?)```", readme, re.DOTALL)
    assert shell.type("check", STUDY, "--players", "700", "--over", "5m").stdout == shown
    (shell.folder / "study.toml").write_text('title = "X"\n[[room]]\nname = "a"\nseats = {red = 0}\n')
    bad = shell.type("check", ".")
    assert bad.returncode == 2 and bad.stdout == ""
    assert "study.toml:4:16: `red` is 0, but must be 1 or more. Write red = 1.\n" in bad.stderr
    assert "    4 | seats = {red = 0}\n      |                ^\n" in bad.stderr
    assert bad.stderr.endswith("2 mistakes. The study can't run yet.\n")
    read = shell.type("check", ".", "--json")
    answer = json.loads(read.stdout)
    assert read.returncode == 2 and read.stderr == "" and answer["ok"] is False
    assert {"file", "line", "column", "sentence", "suggestion", "grave"} == set(answer["mistakes"][0])
    read = shell.type("check", STUDY, "--json", "--players", "700", "--over", "10m")
    answer = json.loads(read.stdout)
    assert answer["ok"] is True and answer["mistakes"] == []
    assert answer["estimate"]["records_a_second"] == 175 and answer["estimate"]["pay"]["most"] == "4.90"
    listed = shell.people("token,label,type\nt1,Ann,red\nt2,Bob,bleu\n")
    told = shell.type("check", STUDY, "--players", listed)
    assert told.returncode == 2 and "people.csv:3:8: This line has the type “bleu”" in told.stderr


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


def test_three_questions_make_a_study_that_runs(shell: Shell) -> None:
    made = shell.type("new", "mine", typed='Say "so"\nsix\n6\n\n')
    assert "“six” people can’t be in one room" in made.stderr  # and it is asked again
    assert made.returncode == 0 and "networklab demo --study mine" in made.stdout, made.stderr
    assert made.stderr.count("[") == 4  # the questions, each with what is taken without an answer
    study = parse(read_folder(shell.folder / "mine"))
    assert (study.title, study.rooms[0].size, len(study.plan)) == ('Say "so"', 6, 3)
    assert "Norway" in study.steps[0].fields[0].ask
    checked = shell.type("check", "mine", "--players", "mine/people.csv")
    assert checked.returncode == 0 and "It can run." in checked.stdout and checked.stderr == ""
    again = shell.type("new", "mine")
    assert again.returncode == 2 and "is there already" in again.stderr
    for seats in ("0", "many", "-1", "1000000"):
        refused = shell.type("new", "other", "--title", "x", f"--seats={seats}", "--ask", "y")
        assert refused.returncode == 2 and "can’t be in one room" in refused.stderr
        assert not (shell.folder / "other").exists()
    long = shell.type("new", "other", "--title", 201 * "x", "--seats", "2", "--ask", "y")
    assert long.returncode == 2 and "200 is the most" in long.stderr and not (shell.folder / "other").exists()
    alone = shell.type("new", "alone", "--title", "x", "--seats", "1", "--ask", "y")
    assert alone.returncode == 0, alone.stderr
