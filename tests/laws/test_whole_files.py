"""Files that are there whole or not at all."""

import pytest

from lagrange.whole_files import put, replace_whole


def test_what_is_put_is_there_and_nothing_beside_it(tmp_path):
    put(tmp_path / "text", "λ ≥ 0")
    put(tmp_path / "bytes", b"\x00\xff")
    assert (tmp_path / "text").read_bytes() == "λ ≥ 0".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\x00\xff"
    assert {file.name for file in tmp_path.iterdir()} == {"text", "bytes"}


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    put(tmp_path / "file", "old")

    def half(beside):
        beside.write_text("ne")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        replace_whole(tmp_path / "file", half)
    assert (tmp_path / "file").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
