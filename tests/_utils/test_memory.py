"""The memory at hand, on machines and in containers, and what does not fit."""

import sys

import pytest

from sktopo._utils import memory


def test_what_fits_and_what_does_not(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    memory.check_memory("Someone", 10**9, 40_000)
    with pytest.raises(
        MemoryError, match="^Someone needs 1.5 GB for graphs of 40,000 nodes, and 1 GB"
    ):
        memory.check_memory("Someone", 15 * 10**8, 40_000)
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.check_memory("Someone", 10**30, 40_000)


def test_small_results_are_not_looked_up(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    memory.check_memory("Someone", 2**20, 100)


def test_machines_have_memory(monkeypatch):
    assert 2**20 < memory.available_memory() < 2**60


def test_without_psutil_all_of_the_memory_counts(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    monkeypatch.setattr(memory, "_container_memory", list)
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}
    monkeypatch.setattr(memory.os, "sysconf", sizes.get, raising=False)
    assert memory.available_memory() == 4_096_000
    monkeypatch.delattr(memory.os, "sysconf")
    assert memory.available_memory() is None


@pytest.mark.parametrize(
    ("limit", "expected"), [("1000000\n", [999_000]), ("max\n", []), (None, [])]
)
def test_the_limit_of_a_container(limit, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.stat").write_text("anon 1000\nfile 5000\n")
    assert memory._container_memory() == expected
