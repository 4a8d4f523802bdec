"""``ndmem run`` in a process that can write files in one folder only: the bootstrap of a trial's process.

It is started in an empty folder, so that no module of the program is taken for one of ndmem's, and goes to the
program's folder itself.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

from ndmem.planning.worker.sandbox.landlock import allow_changes_only_in, find_version

_SHARED_MEMORY = "/dev/shm"


def main() -> None:
    """Confine this process as the first argument says, and run the command line with the others."""
    settings = json.loads(sys.argv[1])
    if find_version():
        allow_changes_only_in(Path(settings["writable"]), also=[_SHARED_MEMORY], files_only=True)
    os.chdir(settings["folder"])
    sys.argv = ["ndmem", *sys.argv[2:]]
    runpy.run_module("ndmem", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
