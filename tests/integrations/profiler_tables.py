"""Tables of memory_profiler, read again."""

import re


def rows_of(table: str) -> dict[str, list[str]]:
    """Return the six figures of each row that has some, by source text: line, memory, increment, count, peak, temp."""
    found = {}
    pattern = r"^ *(\d+) +(-?[\d.]+) MiB +(-?[\d.]+) MiB +(\d+) +(-|[\d.]+ \w+)? +(-|[\d.]+ \w+)?   (.*)$"
    for match in re.finditer(pattern, table, re.MULTILINE):
        found[match[7].strip()] = [match[number] or "" for number in range(1, 7)]
    return found
