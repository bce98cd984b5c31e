"""A small document, written as Markdown and as one self-contained page of HTML."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #ccc; padding: 0.25em 0.8em; text-align: left; }
img { max-width: 100%; }
"""


@dataclass(frozen=True)
class Heading:
    """level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of texts under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A PNG file."""

    path: Path
    text: str


Part = Heading | Text | Table | Picture


def as_markdown(parts: Sequence[Part], folder: Path) -> str:
    """Pictures are linked, relative to ``folder``."""
    return "\n\n".join(_markdown(part, folder) for part in parts) + "\n"


def _markdown(part: Part, folder: Path) -> str:
    match part:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Text(text):
            return text
        case Picture(path, text):
            return f"![{text}]({path.relative_to(folder).as_posix()})"
        case Table(header, rows):
            cells = [header, ["---"] * len(header), *rows]
            lines = [[text.replace("|", "\\|").replace("\n", " ") for text in row] for row in cells]
            return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def as_html(parts: Sequence[Part], title: str) -> str:
    """One file: pictures are in it."""
    body = "\n".join(_html(part) for part in parts)
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html>\n<html lang='en'><head>{head}</head>\n<body>\n{body}\n</body></html>\n"


def _html(part: Part) -> str:
    match part:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Picture(path, text):
            data = base64.b64encode(path.read_bytes()).decode()
            return f"<p><img alt='{escape(text)}' src='data:image/png;base64,{data}'></p>"
        case Table(header, rows):
            return f"<table>\n{_row(header, 'th')}\n{_rows(rows)}\n</table>"


def _rows(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_row(row, "td") for row in rows)


def _row(texts: Sequence[str], tag: str) -> str:
    cells = "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
    return f"<tr>{cells}</tr>"
