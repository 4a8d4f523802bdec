"""Run programs that may crash."""

import os
import subprocess
import sys


def run(program, **environment):
    """Run a program with freed memory overwritten (by a sanitizer, under one); return what it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program],
        env={"PYTHONMALLOC": "debug"} | os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
