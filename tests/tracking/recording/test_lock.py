"""The lock of the core by itself, compiled as in a debug build."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

_CSRC = Path(__file__).parents[3] / "src" / "ndmem" / "csrc"
_PROGRAM = """
#include "tracker/lock.h"
#include <string.h>
/* What the preloaded library has for each thread. */
static __thread PreloadThread own __attribute__((tls_model("initial-exec")));
ptrdiff_t own_thread_at;
static void change_locked(void) { ASSERT_LOCKED(); }
int main(int count, char **words)
{
    (void)count;
    own_thread_at = (char *)&own - (char *)__builtin_thread_pointer();
    bool gil = strchr(words[1], 'g') != NULL;
    if (strchr(words[1], 'p'))
        lock_prepare();
    if (strchr(words[1], 'i'))
        lock_enter(gil);
    change_locked();
    lock_leave();
    return 0;
}
"""


def _sources(system: str) -> list[str]:
    """Return the files of the lock, with what a system answers."""
    return [str(_CSRC / "tracker" / "lock.c"), str(_CSRC / "common" / system)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that calls a function that needs the lock: p prepares it, i enters, g has the GIL."""
    folder = tmp_path_factory.mktemp("lock")
    (folder / "program.c").write_text(_PROGRAM)
    words = ["cc", "-std=gnu11", "-DNDMEM_ASSERTS=1", f"-I{_CSRC}", "-pthread", "-o", "program", "program.c"]
    subprocess.run([*words, *_sources("os_linux.c")], cwd=folder, check=True)
    return folder / "program"


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("how", ["pi", "pig", "ig"])
def test_a_function_that_needs_the_lock_runs_inside_it(program: Path, how: str) -> None:
    """Inside the lock, with and without the GIL, the function runs."""
    assert subprocess.run([program, how], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("how", ["p", "pg", "g"])
def test_a_debug_build_ends_where_the_lock_is_missing(program: Path, how: str) -> None:
    """Outside the lock the process is ended, and the function is named."""
    done = subprocess.run([program, how], capture_output=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert b"change_locked" in done.stderr


_NESTED = """
#include "tracker/lock.h"
#include <assert.h>
#include <pthread.h>
#include <sched.h>
ptrdiff_t own_thread_at; /* 0: no library is preloaded */
static atomic_bool came_in;
static void *come_in(void *nothing)
{
    lock_enter(false);
    atomic_store(&came_in, true);
    lock_leave();
    return nothing;
}
int main(void)
{
    pthread_t other;
    lock_prepare();
    lock_enter(true);
    lock_enter(true);
    pthread_create(&other, NULL, come_in, NULL);
    while (!(atomic_load(&lock.alerts) & CONTENDED))
        sched_yield();
    assert(!atomic_load(&came_in));
    lock_leave();
    assert(!atomic_load(&came_in));
    lock_leave();
    pthread_join(other, NULL);
    assert(atomic_load(&came_in));
    lock_enter(true);
    lock_leave();
    return 0;
}
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("system", ["os_linux.c", "os_macos.c"])
def test_without_a_preloaded_library_the_lock_is_left_as_often_as_it_was_entered(tmp_path: Path, system: str) -> None:
    """A thread without the GIL comes in when the one with it has left twice, and not before, on each system."""
    (tmp_path / "program.c").write_text(_NESTED)
    words = ["cc", "-std=gnu11", "-O2", f"-I{_CSRC}", "-pthread", "-o", "program", "program.c"]
    subprocess.run([*words, *_sources(system)], cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "program"], check=True)
