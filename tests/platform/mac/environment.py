"""An environment whose Python plays a Mac: the packages of this one, by links, and a file that imports `play_mac`."""

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Mac:
    """A Python that plays a Mac.

    Attributes
    ----------
    python : Path
        Its interpreter.
    folder : Path
        Working folder of the programs.
    """

    python: Path
    folder: Path

    def run(self, *words: str, status: int = 0) -> str:
        """Run ``python WORDS``, and return what it wrote to both streams; its status must be as given."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LD_"))}
        done = subprocess.run(
            [str(self.python), *words],
            cwd=self.folder,
            env={**variables, "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ask(self, program: str) -> str:
        """Run a text as a program, and return what it wrote, without the last line end."""
        return self.run("-c", program).rstrip("\n")

    def ndmem(self, *words: str, status: int = 0) -> str:
        """Run ``ndmem WORDS``."""
        return self.run("-m", "ndmem", *words, status=status)


def create(folder: Path) -> Mac:
    """Create the environment in a folder."""
    venv.EnvBuilder(symlinks=True).create(folder / "python")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = folder / "python" / "lib" / version / "site-packages"
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if each.suffix != ".pth":
            (packages / each.name).symlink_to(each)
    (packages / "play_mac.pth").write_text(f"{_HERE}\nimport play_mac\n")
    work = folder / "work"
    work.mkdir()
    return Mac(folder / "python" / "bin" / "python", work)
