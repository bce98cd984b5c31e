"""Small files, short functions, and a few words that must not be left in them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 300
LONGEST_FUNCTION = 40  # lines of the body, the docstring not counted
PRINTERS = (
    "cli.py",
    "demo.py",
    "falsify_command.py",
    "study_command.py",
    "live.py",
)  # the only files of the library that print

FILES = [
    path
    for folder in ("lagrange", "problems", "proofs_checks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(*kinds: type[ast.AST], files: list[Path] = FILES) -> Iterator[tuple[Path, ast.AST]]:
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kinds):
                yield path, node


def body_lines(function: Function) -> int:
    """From the first line after the docstring to the last, blank lines and comments included."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        above = body[0].end_lineno or 0
        body = body[1:]
    else:
        above = body[0].lineno - 1
    return (body[-1].end_lineno or 0) - above if body else 0


def test_the_files_are_found():
    names = [shown(path) for path in FILES]
    assert "lagrange/engine.py" in names and "problems/lasso.py" in names


def test_no_file_is_long():
    long = {shown(path): len(path.read_text().splitlines()) for path in FILES}
    long = {name: lines for name, lines in long.items() if lines > LONGEST_FILE}
    assert not long, f"files of more than {LONGEST_FILE} lines: {long}"


def test_no_function_is_long():
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": body_lines(node)
        for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, Function) and body_lines(node) > LONGEST_FUNCTION
    }
    assert not long, f"function bodies of more than {LONGEST_FUNCTION} lines: {long}"


def test_body_lines():
    (one,) = ast.parse('def f():\n    """Two\n    lines."""\n    a = 1\n\n    return a\n').body
    (two,) = ast.parse('def f():\n    """Nothing."""\n').body
    (three,) = ast.parse("def f(\n    a,\n):\n    # why\n    return a\n").body
    counted = [body_lines(f) for f in (one, two, three) if isinstance(f, Function)]
    assert counted == [3, 0, 1]


def test_references_are_filled_in():
    """A reference that was still to be looked up is marked with a question mark."""
    open_ = []
    for path, node in nodes(ast.Module, ast.ClassDef, ast.FunctionDef):
        assert isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        text = ast.get_docstring(node) or ""
        for line in _reference_lines(text):
            if "?" in line or re.search(r"\b(TODO|TBD|XXX)\b", line):
                open_.append(f"{shown(path)}: {line.strip()}")
    assert not open_


def _reference_lines(text: str) -> Iterator[str]:
    """Lines of a docstring from ``Reference`` on, and those that cite by number or year."""
    inside = False
    for line in text.splitlines():
        inside = inside or line.strip().startswith("Reference")
        cites = re.search(r"\[\d[^]]*\]|\([12][0-9]{3}\)|\b(Thm|eqs?)\.", line)
        if inside or cites:
            yield line


def test_nothing_is_left_to_do():
    left = [
        f"{shown(path)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line)
    ]
    assert not left


def test_only_the_command_line_prints():
    found = [
        f"{shown(path)}:{node.lineno}"
        for path, node in nodes(ast.Call, files=[p for p in FILES if p.parts[-1] not in PRINTERS])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "breakpoint", "input")
        and "lagrange" in path.relative_to(ROOT).parts[0]
    ]
    assert not found


def test_only_the_command_line_writes_on_the_terminal():
    """Consoles and standard streams belong to the same few files."""
    found = [
        f"{shown(path)}:{node.lineno}"
        for path, node in nodes(ast.Attribute, ast.Name)
        if shown(path).startswith("lagrange/") and path.name not in PRINTERS
        if (isinstance(node, ast.Name) and node.id == "Console")
        or (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr", "echo"))
    ]
    assert not found
