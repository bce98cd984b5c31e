"""Where in a study file something stands: errors name the line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lines:
    """A TOML text; tables are found by their headers, keys by how their line begins."""

    name: str
    text: str

    def place(self, table: str, index: int | None, key: str | None = None) -> str:
        """``[table]``, or the index-th ``[[table]]``, and the key in it: "FILE, line N, [table]"."""
        header = f"[{table}]" if index is None else f"[[{table}]]"
        lines = self.text.splitlines()
        starts = [n for n, line in enumerate(lines) if line.split("#")[0].strip() == header]
        if len(starts) <= (index or 0):
            return self.name
        number = starts[index or 0]
        for n in range(number + 1, len(lines)) if key is not None else ():
            if lines[n].startswith("[[") or lines[n].strip() == "[study]":
                break
            if lines[n].partition("=")[0].strip().strip("\"'") == key:
                number = n
                break
        return f"{self.name}, line {number + 1}, {header}"

    def require(
        self, held: bool, table: str, index: int | None, says: str, key: str | None = None
    ) -> None:
        """Raises ValueError with the place unless ``held``."""
        if not held:
            raise ValueError(f"{self.place(table, index, key)}: {says}")
