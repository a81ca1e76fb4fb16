"""The mirrors: a module of app finds its queries, stories and templates under its own name, and so does a reader."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from app.config import PROJECT

APP, SQL, TEMPLATES, TESTS = (PROJECT / name for name in ("app", "sql", "templates", "tests"))
LINES, LONGEST = 350, 60  # of a module, unless its docstring says why not; of a function
QUERIES = {
    path: re.findall(r"^-- name: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    for path in sorted(SQL.rglob("*.sql"))
    if path.parent.name != "migrations" and path.name != "triggers.sql"
}
# The benchmark of the export has psql write what the export writes.
READS_ANOTHERS = {TESTS / "bench" / "export.py"}
# Stories that tell of several modules, by the folder of the package that they are about.
OF_SEVERAL = {
    "commands": "commands transfer_beside tutorial server_manual scale_manual",
    "database": "failover version_before",
    "export": "receipts",
    "replay": "alone replay",
    "rooms": "asked clicks each finals leaving mediators options rewiring rows standby walls",
    "sessions": "any_order crashes crashes_of_markets what_stays",
    "study": "fields kinds languages networks questions randomisation redirect roles study treatments wrong_studies",
    "study/hooks": "hooks reading",
    "web": """
        admin alone barriers browser clock drafts heard hosts keyboard
        networks odd_requests pages phone questions without_a_terminal
        every_state handing_in last_page scripts sending sentences sides small_windows solo_pages static talks
    """,
    "web/live": "anew live",
    "web/monitor": "monitor",
}
OUTSIDE = {"", "bench", "studies"}  # folders whose stories are about no package
SIDES = {"admin", "player"}  # the two sides of app.web
DEAR = {"httpx", "networkx", "zxcvbn"}  # a tenth of what a process takes to start, or more, and few need it
APART = ("check", "walk")  # what a server starts a process of its own for, at each upload and each look
SAME_NUMBER = {
    "0009_quotas.sql",
    "0009_standby.sql",
    "0009_treatments.sql",
}  # databases know them by their names


@cache
def modules() -> Mapping[Path, ast.Module]:
    return _parsed(APP)


@cache
def stories() -> Mapping[Path, ast.Module]:
    return _parsed(TESTS)


def _parsed(folder: Path) -> Mapping[Path, ast.Module]:
    """Not as this file is imported: each process of the gate imports it, and one reads it."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}


def test_each_file_of_queries_is_read_by_the_module_of_its_name() -> None:
    readers = {path for path, tree in modules().items() if any(_readings(tree))}
    owners = {APP.joinpath(path.relative_to(SQL)).with_suffix(".py") for path in QUERIES}
    assert owners - readers == set(), "a file of queries that no module of its name reads"
    assert readers - owners == set(), "a module without a file of queries"
    others = [
        (_name(path), ast.unparse(call))
        for path, tree in [*modules().items(), *stories().items()]
        for call in _readings(tree)
        if ast.unparse(call) != "Queries(__name__)"
    ]
    assert others == [], "a module reads the queries of another"


def test_each_query_is_run_by_its_owner() -> None:
    for path, names in QUERIES.items():
        tree = modules()[APP.joinpath(path.relative_to(SQL)).with_suffix(".py")]
        run = _asked(tree) | (set(_texts(tree)) if _asks_by_variable(tree) else set())
        assert [name for name, times in Counter(names).items() if times > 1] == [], f"twice in {_name(path)}"
        assert [name for name in names if name not in run] == [], f"in {_name(path)}, and nobody runs it"
        assert sorted(_asked(tree) - {*names}) == [], f"not in {_name(path)}"


def test_nobody_else_runs_it() -> None:
    found = [
        (_name(path), line)
        for path, tree in [*modules().items(), *stories().items()]
        if path not in READS_ANOTHERS
        for line in _others_queries(tree)
    ]
    assert found == []


def test_stories_stand_where_their_module_stands() -> None:
    told = {path.relative_to(TESTS) for path in stories() if path.name.startswith("test_")}
    of_several = {
        Path(folder, f"test_{name}.py") for folder, names in OF_SEVERAL.items() for name in names.split()
    }
    strays = [
        str(path)
        for path in sorted(told - of_several)
        if path.parent.as_posix().strip(".") not in OUTSIDE
        and not APP.joinpath(path.with_name(path.name.removeprefix("test_"))).exists()
    ]
    assert strays == [], "stories of no module; those of several are to be named above"
    assert sorted(map(str, of_several - told)) == [], "named above, and not there"


def test_templates_stand_in_the_folder_of_the_package_that_renders_them() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert sorted(folders - SIDES - _packages()) == [], "folders of no package"
    others = [
        (_name(path), text)
        for path, tree in modules().items()
        for text in _texts(tree)
        if (folder := text.partition("/")[0]) in folders
        and re.fullmatch(r"\w+/\w+\.(html|svg)", text)
        and path.relative_to(APP).parts[0] != ("web" if folder in SIDES else folder)
    ]
    assert others == []


def test_no_module_and_no_function_is_too_long() -> None:
    long_modules = [
        (_name(path), lines)
        for path, tree in modules().items()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES
        and f"{LINES} lines" not in (ast.get_docstring(tree) or "")
    ]
    assert long_modules == [], f"more than {LINES} lines: split it by noun, or say in its docstring why not"
    functions = [
        (_name(path), node.name, lines)
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST
    ]
    assert functions == [], f"more than {LONGEST} lines"


def test_what_takes_long_to_import_is_imported_where_it_is_used() -> None:
    early = [
        (_name(path), name)
        for path, tree in modules().items()
        for name in _imported(tree)
        if name.partition(".")[0] in DEAR
    ]
    assert early == []


def test_pages_are_tried_and_looked_at_without_what_serves_them() -> None:
    for command in APART:
        seen, waiting = set[str](), [f"app.commands.{command}"]
        while waiting:
            name = waiting.pop()
            path = APP.parent.joinpath(*name.split(".")).with_suffix(".py")
            if name not in seen and path in modules():
                waiting += _imported(modules()[path])
            seen.add(name)
        assert "app.web.templates" in seen
        assert [name for name in seen if name.partition(".")[0] in ("litestar", "uvicorn")] == [], command


def test_each_migration_has_a_number_of_its_own() -> None:
    names = {path.name for path in SQL.joinpath("migrations").iterdir()} - SAME_NUMBER
    numbers = Counter(name.partition("_")[0] for name in [*names, "0009_"])
    assert [number for number, times in numbers.items() if times > 1] == []


def test_a_class_has_a_name_of_its_own() -> None:
    """But for the values that hooks get: they have the study's words, and are said with their module before them."""
    of_hooks = "app/study/hooks/networklab.py"
    found: dict[str, list[str]] = {}
    for path, tree in modules().items():
        for one in tree.body:
            if isinstance(one, ast.ClassDef) and not one.name.startswith("_") and _name(path) != of_hooks:
                found.setdefault(one.name, []).append(_name(path))
    assert {name: homes for name, homes in found.items() if len(homes) > 1} == {}
    bare = [
        (_name(path), imported.name)
        for path, tree in modules().items()
        if not _name(path).startswith("app/study/hooks/")
        for one in ast.walk(tree)
        if isinstance(one, ast.ImportFrom) and one.module == "app.study.hooks.networklab"
        for imported in one.names
        if imported.name in found
    ]
    assert bare == [], "say it as networklab.Room: bare, the name has another meaning here"


def test_the_map_names_what_there_is() -> None:
    """docs/architecture.md: paths in backticks are in the project, app/ or a package of it; other names in a module."""
    said = re.findall(r"`([\w/.]+)`", (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    paths = {name for name in said if "/" in name[1:] or name.endswith(".py")}
    inside = [PROJECT, APP, PROJECT / "templates", *(path for path in APP.rglob("*") if path.is_dir())]
    assert len(paths) > 60
    assert [name for name in sorted(paths) if not any((folder / name).exists() for folder in inside)] == []
    names = {name for name in said if re.fullmatch(r"[A-Za-z]\w*", name)}
    written = "\n".join(
        [*map(ast.unparse, modules().values()), SQL.joinpath("triggers.sql").read_text(encoding="utf-8")]
    )
    assert len(names) > 10
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", written)] == []


def test_a_document_links_to_what_there_is() -> None:
    documents = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("studies/*/*.md")]
    links = [
        (_name(path), link)
        for path in documents
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    ]
    assert len(links) > 20
    assert [(of, link) for of, link in links if not (PROJECT / of).parent.joinpath(link).exists()] == []


def test_a_document_names_stories_that_there_are() -> None:
    told = {
        f"{_name(path)}{story}"
        for path, tree in stories().items()
        for story in ["", *(f"::{one.name}" for one in tree.body if isinstance(one, ast.FunctionDef))]
    }
    named = [
        (_name(path), story)
        for path in [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")]
        for story in re.findall(r"`(tests/[\w/]+\.py[^`\s]*)`", path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 150
    assert [(of, story) for of, story in named if story not in told] == []


def test_each_requirement_is_judged_once_and_the_sums_are_right() -> None:
    """docs/security.md: what ASVS 5.0 asks up to level 2, 70 and 183; a row may be about several."""
    text = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8").partition("\n## ASVS")[2]
    rows = re.findall(
        r"^\| (\d[\d., –]+) \| ([12]) \| [^|]+ \| (holds|partly|not|doesn't apply)\b", text, re.M
    )
    judged = [(number, level, verdict) for row, level, verdict in rows for number in _numbers(row)]
    assert len(rows) == len(re.findall(r"^\| \d+\.", text, re.M)), "a row that can't be read"
    assert len({number for number, _, _ in judged}) == len(judged), "a number twice"
    counted = Counter((level, verdict) for _, level, verdict in judged)
    sums = re.findall(r"^\| ([12]) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.M)
    assert [(level, *map(int, numbers)) for level, *numbers in sums] == [
        (level, *of, sum(of))
        for level in ("1", "2")
        for of in [[counted[level, verdict] for verdict in ("holds", "partly", "not", "doesn't apply")]]
    ]
    assert [int(together) for *_, together in sums] == [70, 183]


def test_a_template_names_attributes_that_there_are() -> None:
    """`selectattr("score_hook")` names one in a text, where types are not looked at."""
    known = {
        name
        for tree in modules().values()
        for one in ast.walk(tree)
        if isinstance(one, ast.ClassDef)
        for part in one.body
        for name in [getattr(part, "name", None) or getattr(getattr(part, "target", None), "id", None)]
    }
    asked = {
        name
        for path in (PROJECT / "templates").rglob("*.html")
        for named in re.findall(r'attr(?:ibute)?[(=]"([\w.]+)"', path.read_text(encoding="utf-8"))
        for name in named.split(".")
    }
    assert len(asked) > 8 and asked - known == set()


def _numbers(row: str) -> list[str]:
    """`1.2.6–1.2.8, 1.3.1`, one by one."""
    found = []
    for part in row.split(", "):
        first, _, last = part.partition("–")
        section, _, begin = first.rpartition(".")
        end = last.rpartition(".")[2] or begin
        found += [f"{section}.{number}" for number in range(int(begin), int(end) + 1)]
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    """At its top: modules, and what may be one in a package."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _readings(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Queries":
            yield node


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _asked(tree: ast.Module) -> set[str]:
    """The names in `SQL["name"]`."""
    return {
        str(node.slice.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "SQL"
        and isinstance(node.slice, ast.Constant)
    }


def _asks_by_variable(tree: ast.Module) -> bool:
    """`SQL[name]`, where the names stand elsewhere in the module."""
    return any(
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "SQL"
        and not isinstance(node.slice, ast.Constant)
        for node in ast.walk(tree)
    )


def _others_queries(tree: ast.Module) -> Iterator[str]:
    """`from app.rooms.lobby import SQL`, and `lobby.SQL["waiting"]`; psycopg's `sql.SQL("…")` is another."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app."):
            if "SQL" in {name.name for name in node.names}:
                yield ast.unparse(node)
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".SQL"):
            yield ast.unparse(node)


def _packages() -> set[str]:
    return {path.name for path in APP.iterdir() if path.joinpath("__init__.py").exists()}


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()
