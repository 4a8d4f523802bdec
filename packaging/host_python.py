"""Let a Python build extensions as if it were one for another architecture, which cannot run here.

Builds ask a Python how it was built: for the suffix of extensions and the platform of the wheel. CPython takes both
from a module and a variable that the environment may name. The headers are those of this Python: what pyconfig.h says
of the sizes of C's types is the same for all 64-bit Linux systems.
"""

from __future__ import annotations

import subprocess
from pathlib import Path


def pretend_host(python: Path, arch: str, folder: Path) -> dict[str, str]:
    """Write how a Python of an architecture was built into a folder, and return the environment that makes it be used.

    Raises
    ------
    subprocess.CalledProcessError
        If the Python does not say how it was built.
    """
    say = (
        "import json, os, sysconfig; name = sysconfig._get_sysconfigdata_name();"
        "print(name, os.uname().machine, json.dumps(__import__(name).build_time_vars), sep='\\n')"
    )
    said = subprocess.run([python, "-c", say], capture_output=True, text=True, check=True).stdout
    name, here, variables = said.split("\n", 2)
    name = name.replace(here, arch)
    # These JSON texts are Python literals too: the values are texts and integers.
    (folder / f"{name}.py").write_text(f"build_time_vars = {variables.replace(here, arch)}", "utf-8")
    return {
        "_PYTHON_HOST_PLATFORM": f"linux-{arch}",
        "_PYTHON_SYSCONFIGDATA_NAME": name,
        "PYTHONPATH": str(folder),
    }
