"""Build the C with sanitizers and run the core's tests, the stress program and the fuzzers under them.

``python benchmarks/accuracy/sanitize.py --venvs FOLDER [--short]``, as ``make sanitize`` does. ASAN with UBSAN, then
TSAN; each has an environment of its own. The Python that runs this needs gcc's runtimes and their C library; it is not
instrumented itself, so leaks are not searched for (Python does not free all memory at its end) and the runtime is
preloaded.

Under TSAN only the stress programs run: they call all that threads without the GIL share with those that have it. TSAN
understands neither fences nor membarrier, so in its build the lock's two stores pass a barrier each (lock.h): it
checks what the lock guards, and not the lock's own barriers.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_STRESS = ["benchmarks/accuracy/stress.py"]
_RAW_STRESS = ["benchmarks/accuracy/raw_stress.py"]
# Left out are tests that start programs under the preloaded library (it must be loaded first, as must the sanitizer's
# runtime), that measure the process's own memory, or that take minutes even without a sanitizer.
_SHORT_TESTS = [
    "tests/tracking/recording/test_recording.py",
    "tests/tracking/recording/test_continuous.py",
    # Others need objects, which do not come from the raw allocator with PYTHONMALLOC=malloc_debug.
    "tests/tracking/native/test_raw_domain.py::test_each_function_of_the_allocator",
    "tests/tracking/native/test_raw_domain.py::test_a_block_outlives_a_realloc_that_fails",
    "tests/tracking/native/test_raw_domain.py::test_older_blocks_are_not_counted",
    "tests/tracking/native/test_raw_domain.py::test_arrays_are_counted_once",
    "tests/tracking/native/test_raw_domain.py::test_threads_balance",
    "tests/tracking/recording/test_sightings.py",
    "tests/tracking/recording/test_stack_arrays.py",
    "tests/tracking/recording/test_waiting.py",
    "tests/tracking/journal/test_watch.py",
    "tests/tracking/journal/test_compacted_journal.py",
    "tests/tracking/journal/test_compaction_slices.py::test_a_recording_that_stops_during_a_compaction_is_whole",
    "tests/tracking/journal/test_compaction_slices.py::test_a_compaction_without_disk_space_is_dropped",
    "tests/tracking/journal/test_compaction_slices.py::test_a_fork_during_a_compaction_leaves_the_record_to_the_parent",
    "tests/weighing/test_stored.py",
]
_MORE_TESTS = [
    "tests/tracking/recording/test_agreement.py",
    "tests/tracking/journal/test_damaged_files.py",
    "tests/tracking/journal/test_journal.py",
    "tests/tracking/native/test_native_journal.py",
    "tests/tracking/recording/test_without_gil.py",
    "tests/budgets",
    "tests/weighing",
    "tests/analysis/tables/test_temporary_peaks.py",
]
_TO_BUILD = ["meson-python>=0.17", "meson>=1.4", "ninja", "numpy>=2.0"]
_TO_RUN = ["click", "rich", "psutil", "threadpoolctl", "pytest", "hypothesis", "jsonschema", "jinja2"]
_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:abort_on_error=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "report_signal_unsafe=0:history_size=4:exitcode=66",
}


def main() -> int:
    """Run all of it; the status is 1 if a sanitizer or a test failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venvs", type=Path, default=_ROOT, help="where .venv-sanitize-asan and -tsan are created")
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    rounds, minutes = ("30", "0.3") if options.short else ("500", "5")
    tests = _SHORT_TESTS if options.short else _SHORT_TESTS + _MORE_TESTS
    asan = _build(options.venvs / ".venv-sanitize-asan", "address,undefined", ["libasan.so", "libubsan.so"])
    tsan = _build(options.venvs / ".venv-sanitize-tsan", "thread", ["libtsan.so"])
    pytest = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:ndmem"]
    fuzz = ["benchmarks/accuracy/fuzz.py", "--minutes", minutes, "--any-address-space"]
    failed = [
        *asan.run("stress", [*_STRESS, "--rounds", rounds]),
        *asan.run("raw stress", [*_RAW_STRESS, "--rounds", rounds]),
        *asan.run("tests", [*pytest, *tests]),
        *asan.run("fuzz", fuzz),
        *tsan.run("stress", [*_STRESS, "--rounds", rounds]),
        *tsan.run("raw stress", [*_RAW_STRESS, "--rounds", rounds]),
    ]
    print("sanitizers:", f"{', '.join(failed)} failed" if failed else "nothing was found")
    return int(bool(failed))


class _Build:
    """An environment in which the C is built with a sanitizer."""

    def __init__(self, folder: Path, runtimes: list[str]) -> None:
        self._folder = folder
        self._preload = " ".join(_find_runtime(name) for name in runtimes)

    def run(self, name: str, words: list[str]) -> list[str]:
        """Run Python with the runtime; return the name if it fails."""
        name = f"{self._folder.name.rsplit('-', 1)[1]} {name}"
        print(f"--- {name}", flush=True)
        variables = {**os.environ, **_OPTIONS, "LD_PRELOAD": self._preload, "PYTHONMALLOC": "malloc_debug"}
        start = time.monotonic()
        done = subprocess.run([self._folder / "bin" / "python", *words], cwd=_ROOT, env=variables, check=False)
        print(f"--- {name}: status {done.returncode}, {time.monotonic() - start:.0f} s", flush=True)
        return [name] if done.returncode else []


def _build(folder: Path, sanitizer: str, runtimes: list[str]) -> _Build:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    if not (folder / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([*pip, *_TO_BUILD, *_TO_RUN], check=True)
        (folder / "made").touch()
    settings = ["buildtype=debugoptimized", f"b_sanitize={sanitizer}", "b_lundef=false"]
    words = [*pip, "--no-deps", "--no-build-isolation", *(f"-Csetup-args=-D{each}" for each in settings), str(_ROOT)]
    variables = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    subprocess.run(words, check=True, env=variables)
    return _Build(folder, runtimes)


def _find_runtime(name: str) -> str:
    compiler = shutil.which("gcc") or sys.exit("make sanitize needs gcc, whose runtimes are preloaded")
    asked = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    found = asked.stdout.strip()
    return found if Path(found).is_absolute() else sys.exit(f"gcc has no {name}: install its sanitizers")


if __name__ == "__main__":
    sys.exit(main())
