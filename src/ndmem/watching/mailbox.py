"""A folder through which ``ndmem attach`` and the program that it records exchange questions and answers.

A question is a Python script, which the program runs in its main thread, and an empty file that the script takes when
it begins. What the program has not taken, the watcher can take back: the script then does nothing when it is run later.
"""

from __future__ import annotations

import contextlib
import enum
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .target import Target

_SCRIPT = """\
import os, sys
def take():
    try:
        os.rename({asked!a}, {taken!a})
    except OSError:
        return False  # ndmem attach no longer waits for it
    return True
def answer(text):
    if os.path.exists({answered!a}):
        return  # recording has begun, whatever came later
    descriptor = os.open({answered!a} + '.part', os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, text.encode('utf-8', 'surrogateescape'))
    finally:
        os.close(descriptor)
    os.rename({answered!a} + '.part', {answered!a})
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == 'ndmem':
            from _frozen_importlib_external import PathFinder
            return PathFinder.find_spec(name, [{folder!a}])
def send_again(number):
    import _thread, time
    def send():
        time.sleep(0.05)
        os.kill(os.getpid(), number)
    _thread.start_new_thread(send, ())
def run():
    before = {{name for name in sys.modules if name.partition('.')[0] == 'ndmem'}}
    if {folder!a}:
        sys.meta_path.insert(0, Finder)
    try:
        from ndmem.tracking.agent import attached
        {call}
    except Exception as error:
        answer('%s\\n%s\\n%s' % (type(error).__name__, getattr(error, 'name', None), error))
    except KeyboardInterrupt:
        answer('KeyboardInterrupt\\n\\n')
        send_again(2)  # it is for the program
    except SystemExit:
        answer('SystemExit\\n\\n')
        send_again(15)
    finally:
        if Finder in sys.meta_path:
            sys.meta_path.remove(Finder)
        for name in [name for name in sys.modules if name.partition('.')[0] == 'ndmem' and name not in before]:
            del sys.modules[name]
if take():
    run()
"""


class Question(enum.Enum):
    """What the program is asked to do."""

    BEGIN = "begin"
    """Begin to record."""

    END = "end"
    """Stop recording."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program answered.

    Attributes
    ----------
    error : str
        Name of the exception that was raised; empty if there was none.
    module : str
        Name of the module that was not found.
    text : str
        Message of the exception.
    """

    error: str = ""
    module: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The folder, which belongs to the user that the program runs as.

    Attributes
    ----------
    folder : Path
        The folder.
    """

    folder: Path

    def write_script(self, question: Question, settings: Mapping[str, object], *, import_from: str = "") -> Path:
        """Write a question, and return its script.

        Parameters
        ----------
        question : Question
            What to do.
        settings : mapping
            Literals: the argument of `ndmem.tracking.agent.attached.begin`.
        import_from : str
            Folder in which ndmem is, if the program would not find it.
        """
        call = {
            Question.BEGIN: f"attached.begin({dict(settings)!a}, answer)",
            Question.END: "attached.end(); answer('')",
        }
        path = self._path(question, "py")
        text = _SCRIPT.format(
            asked=str(self._path(question, "asked")),
            taken=str(self._path(question, "taken")),
            answered=str(self._path(question, "answered")),
            folder=import_from,
            call=call[question],
        )
        for each, content in ((self._path(question, "asked"), ""), (path, text)):
            each.write_text(content)
            _give(each, self.folder)
        return path

    def take_back(self, question: Question) -> bool:
        """Withdraw a question; false if the program has begun to do what it asks for."""
        try:
            self._path(question, "asked").rename(self._path(question, "withdrawn"))
        except OSError:
            return False
        return True

    def is_taken(self, question: Question) -> bool:
        """Whether the program has begun to do what a question asks for."""
        return self._path(question, "taken").exists()

    def read_answer(self, question: Question) -> Answer | None:
        """Return the answer to a question; ``None`` if there is none yet."""
        try:
            text = self._path(question, "answered").read_text("utf-8", "surrogateescape")
        except OSError:
            return None
        return Answer(*text.split("\n", 2)) if text else Answer()

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, question: Question, what: str) -> Path:
        return self.folder / f"{question.value}.{what}"


def make_mailbox(target: Target) -> Mailbox:
    """Create an empty folder that the target can read and write.

    Raises
    ------
    OSError
        If it cannot be created.
    """
    folder = Path(tempfile.mkdtemp(prefix="ndmem-attach-"))
    give_to(folder, target.uid, target.gid)
    return Mailbox(folder)


def give_to(path: Path, uid: int, gid: int) -> None:
    """Make a file that of another user; root alone can, and others attach only to their own programs."""
    if os.geteuid() == 0 and path.stat().st_uid != uid:
        with contextlib.suppress(OSError):
            os.chown(path, uid, gid)


def _give(path: Path, like: Path) -> None:
    owner = like.stat()
    give_to(path, owner.st_uid, owner.st_gid)
