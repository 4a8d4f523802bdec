"""The kernel's count of processes that it killed for want of memory."""

from pathlib import Path

from ndmem.platform.limits.oom import count_oom_kills


def test_the_counter_is_found_or_unknown(tmp_path: Path) -> None:
    """The counter is the one of that very name; without it, or without the file, the count is unknown."""
    file = tmp_path / "vmstat"
    assert count_oom_kills(file) is None
    file.write_text("oom_kill_extra 3\nxoom_kill 4\nnr_free_pages 5\n")
    assert count_oom_kills(file) is None
    file.write_text("nr_free_pages 5\noom_kill 17\nother 1\n")
    assert count_oom_kills(file) == 17
    file.write_text("oom_kill many\n")
    assert count_oom_kills(file) is None
