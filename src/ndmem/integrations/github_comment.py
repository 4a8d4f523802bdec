"""Keep one comment on a pull request up to date: ``python -m ndmem.integrations.github_comment FILE``.

The action of ndmem runs it. It needs only Python: GitHub is called over HTTPS, with the token of the workflow
in ``GITHUB_TOKEN``. The pull request is read from the event of the workflow.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MARK: Final = "<!-- ndmem: array memory{} -->"
"""First line of the comment, by which it is found again: GitHub does not show it."""

_PAGE: Final = 100
_MOST_PAGES: Final = 100
_TIMEOUT_S: Final = 30
_MOST_CHARACTERS: Final = 65_000
_FORBIDDEN: Final = (401, 403, 404)
_KEY: Final = re.compile(r"[A-Za-z0-9_. -]{0,50}")


class CommentError(Exception):
    """The comment cannot be written, for a reason other than missing rights."""


class ForbiddenError(CommentError):
    """The token may not read or write comments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """Where the comment is written, and with which token.

    Attributes
    ----------
    api : str
        Address of GitHub's interface: ``https://api.github.com``.
    repository : str
        ``owner/name``.
    number : int
        Of the pull request.
    token : str
        Token of the workflow.
    """

    api: str
    repository: str
    number: int
    token: str

    def update(self, text: str, *, key: str = "") -> str:
        """Write the comment: change the one that an earlier run wrote, or add one.

        Parameters
        ----------
        text : str
            Markdown, below the mark. What exceeds the size of a comment is cut.
        key : str
            Tells several comments of ndmem on one pull request apart.

        Returns
        -------
        str
            ``"updated"`` or ``"created"``.

        Raises
        ------
        ForbiddenError
            If the token has no right to do so, as in pull requests from forks.
        CommentError
            If GitHub cannot be reached, or answers something else.
        """
        mark = MARK.format(f" {key}" if key else "")
        body = {"body": _cut(f"{mark}\n{text}")}
        issue = f"/repos/{self.repository}/issues"
        found = self._find(mark, f"{issue}/{self.number}/comments")
        if found is not None:
            self._call("PATCH", f"{issue}/comments/{found}", body)
            return "updated"
        self._call("POST", f"{issue}/{self.number}/comments", body)
        return "created"

    def _find(self, mark: str, comments: str) -> int | None:
        """Return the number of the comment that begins with the mark and is of a program, not of a person."""
        for page in range(1, _MOST_PAGES + 1):
            found = self._call("GET", f"{comments}?per_page={_PAGE}&page={page}")
            if not isinstance(found, list):
                raise CommentError("GitHub answered something else than a list of comments")
            for comment in found:
                # A person may quote the mark: only comments of the token's own kind of user are changed.
                is_bot = (comment.get("user") or {}).get("type") == "Bot"
                if is_bot and str(comment.get("body") or "").startswith(mark):
                    return int(comment["id"])
            if len(found) < _PAGE:
                break
        return None

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            self.api + path,
            method=method,
            data=None if body is None else json.dumps(body).encode("ascii"),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Content-Type": "application/json",
                "User-Agent": "ndmem",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _FORBIDDEN:
                raise ForbiddenError(f"{error.code} {error.reason}") from None
            raise CommentError(f"GitHub answered {error.code} {error.reason} to {method}") from None
        except (OSError, ValueError) as error:
            raise CommentError(f"GitHub cannot be reached ({error})") from None


def find_pull_request() -> PullRequest | None:
    """Return the pull request that this workflow runs for; ``None`` if it runs for none.

    Raises
    ------
    CommentError
        If a variable of the workflow is missing or not valid.
    """
    try:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        api, repository = os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"]
        number = (event.get("pull_request") or {}).get("number")
        token = os.environ.get("GITHUB_TOKEN", "")
    except KeyError as error:
        raise CommentError(f"{error.args[0]} is not set: it runs in a workflow of GitHub only") from None
    except (OSError, ValueError, AttributeError) as error:
        raise CommentError(f"the event of the workflow cannot be read ({error})") from None
    if number is None:
        return None
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository) or isinstance(number, bool) or not isinstance(number, int):
        raise CommentError("the event of the workflow names no valid repository or pull request")
    return PullRequest(api=api.rstrip("/"), repository=repository, number=number, token=token)


def _cut(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return text[:_MOST_CHARACTERS].rpartition("\n")[0] + "\n\nThe rest was left out: a comment has a maximum size.\n"


def main(arguments: list[str]) -> int:
    """Write the comment; print one line. Missing rights are a notice and not a failure.

    Parameters
    ----------
    arguments : list of str
        File of Markdown, and optionally a key.
    """
    if len(arguments) not in {1, 2} or not _KEY.fullmatch("".join(arguments[1:])):
        print("usage: python -m ndmem.integrations.github_comment FILE [KEY]", file=sys.stderr)  # noqa: T201
        return 2
    try:
        text = Path(arguments[0]).read_text("utf-8")
        where = find_pull_request()
        if where is None:
            told = (
                "::notice::ndmem: this workflow does not run for a pull request; the summary of the job has the result"
            )
        else:
            told = f"ndmem: {where.update(text, key=''.join(arguments[1:]))} the comment"
    except ForbiddenError as error:
        told = (
            f"::notice::ndmem: the token may not write comments ({error}), as in pull requests from forks; the summary"
            " of the job has the result. In other pull requests, add to the workflow: permissions: pull-requests: write"
        )
    except (OSError, UnicodeDecodeError, CommentError) as error:
        told = f"::warning::ndmem: the comment was not written: {' '.join(str(error).split())}"
    print(told)  # noqa: T201  # GitHub shows such lines as notices
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
