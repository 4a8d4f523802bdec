"""The preloaded library by itself: what its hooks may call, and how it names libraries."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .c_libraries import MAP, compile_library, needs_compiler

_CSRC = Path(__file__).parents[3] / "src" / "ndmem" / "csrc"
_SOURCES = sorted(path.name for path in (_CSRC / "tracker" / "preload").glob("*.c"))

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="it is for Linux only"), needs_compiler]

# Functions without a lock that allocate nothing, and the system.
_HARMLESS = {
    "__errno_location", "__fxstat", "fstat", "memcmp", "memcpy", "memmove", "memset", "readlink", "strcmp", "strlen",
    "strnlen", "strrchr", "syscall", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail",
}  # fmt: skip
_ONLY_BEFORE_THREADS = {"resolve.c": {"dlsym"}}


def _compile(folder: Path, source: Path, *options: str) -> Path:
    result = folder / f"{source.name}.out"
    command = [shutil.which("cc") or "gcc", "-O2", "-fPIC", "-fvisibility=hidden", f"-I{_CSRC}", "-o", str(result)]
    subprocess.run([*command, str(source), *options], check=True, capture_output=True)
    return result


def _symbols(path: Path) -> tuple[set[str], set[str]]:
    """Names that an object file defines, and those that it needs."""
    text = subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout
    rows = [line.split()[-2:] for line in text.splitlines()]
    return {name for kind, name in rows if kind != "U"}, {name for kind, name in rows if kind == "U"}


@pytest.mark.skipif(shutil.which("nm") is None, reason="there is no nm")
def test_hooks_call_nothing_that_waits(tmp_path: Path) -> None:
    """No file of the preloaded library calls the loader, stdio, backtrace or a lock; one alone calls dlsym."""
    found = {name: _symbols(_compile(tmp_path, _CSRC / "tracker" / "preload" / name, "-c")) for name in _SOURCES}
    own = set().union(*(defined for defined, _ in found.values()))
    strange = {
        name: needed - own - _HARMLESS - _ONLY_BEFORE_THREADS.get(name, set()) for name, (_, needed) in found.items()
    }
    assert strange == {name: set() for name in _SOURCES}
    assert "dlsym" in found["resolve.c"][1]


# Names of addresses by dladdr, by the system's map, and by both ways of the preloaded library; a function by its table.
_NAMES = """
#define _GNU_SOURCE
#include "tracker/preload/library.c"
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words)
{
    void *handle = dlopen(words[1], RTLD_NOW), *map = handle ? dlsym(handle, "map") : NULL;
    const void *addresses[] = {(void *)main, (void *)malloc, (void *)cos, map, &count, malloc(10)};
    library_prepare(dlsym(RTLD_DEFAULT, "_dl_find_object"));
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        Dl_info info;
        const char *said = i < 4 && dladdr(addresses[i], &info) ? strrchr(info.dli_fname, '/') + 1 : "";
        Library mapped = {0};
        char name[LIBRARY_NAME];
        bool found = library_find_mapped(addresses[i], &mapped);
        library_name(addresses[i], name);
        printf("%s %s %s %d\\n", said, name, found && *mapped.name != '[' ? mapped.name : "",
               i >= 4 || mapped.start == info.dli_fbase);
    }
    Library library;
    bool found = library_find(map, &library);
    printf("%d %d %d\\n", found, library_function(&library, "map") == map,
           library_function(&library, "no such function") == NULL);
    return 0;
}
"""


def test_libraries_have_the_names_that_the_loader_gives_them(tmp_path: Path) -> None:
    """The program, the C library, one that was loaded later: each is named as by dladdr, and found by its own table."""
    library = compile_library(tmp_path, "libmap.so", MAP)
    source = tmp_path / "names.c"
    source.write_text(_NAMES)
    program = _compile(tmp_path, source, "-ldl", "-lm", "-lpthread")
    done = subprocess.run([program, library], check=True, capture_output=True, text=True)
    *rows, table = done.stdout.splitlines()
    for row in rows[:4]:
        said, name, mapped, same_start = row.split(" ")
        assert said
        assert (name, mapped, same_start) == (said, said, "1")
    assert rows[3].startswith("libmap.so ")
    assert [row.split(" ")[:3] for row in rows[4:]] == [["", "", ""]] * 2
    assert table == "1 1 1"
