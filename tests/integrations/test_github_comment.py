"""The comment on a pull request, against a fake of GitHub."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integrations.github_server import GitHub, serve_github

from ndmem.integrations.github_comment import MARK, main


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """Serve GitHub, in the environment of a workflow for pull request 7."""
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    (tmp_path / "memory.md").write_text("first", "utf-8")
    with serve_github() as found:
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
        monkeypatch.setenv("GITHUB_API_URL", found.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", "someone/project")
        monkeypatch.setenv("GITHUB_TOKEN", "secret")
        monkeypatch.chdir(tmp_path)
        yield found


def test_one_comment_is_kept_up_to_date(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run adds a comment below its mark, the second changes it, and comments of others stay as they are."""
    mark = MARK.format("")
    github.add("hello")
    github.add(f"{mark}\nquoted by a person")
    github.add("another bot", "Bot")
    others = [dict(comment) for comment in github.comments]
    assert main(["memory.md"]) == 0
    assert github.comments[-1]["body"] == f"{mark}\nfirst"
    Path("memory.md").write_text("second", "utf-8")
    assert main(["memory.md"]) == 0
    assert github.comments[-1]["body"] == f"{mark}\nsecond"
    assert github.comments[:-1] == others
    assert capsys.readouterr().out == "ndmem: created the comment\nndmem: updated the comment\n"


def test_it_is_found_on_a_later_page(github: GitHub) -> None:
    """The comment is changed also if it is behind hundreds of others, and searched for only up to it."""
    for i in range(250):
        github.add(f"comment {i}")
    github.add(f"{MARK.format('')}\nold", "Bot")
    for i in range(100):
        github.add(f"later {i}")
    assert main(["memory.md"]) == 0
    assert github.comments[250]["body"] == f"{MARK.format('')}\nfirst"
    assert len(github.comments) == 351
    assert [call.split("page=")[-1] for call in github.calls if call.startswith("GET")] == ["1", "2", "3"]


def test_exactly_one_full_page_is_read_to_its_end(github: GitHub) -> None:
    """With 100 comments of others a new one is added."""
    for i in range(100):
        github.add(f"comment {i}")
    assert main(["memory.md"]) == 0
    assert len(github.comments) == 101


def test_keys_tell_comments_apart(github: GitHub) -> None:
    """Two jobs with keys of their own have a comment each, neither of which begins with the other's mark."""
    for key in ("linux", "linux 2", "linux"):
        assert main(["memory.md", key]) == 0
    assert [comment["body"].splitlines()[0] for comment in github.comments] == [
        "<!-- ndmem: array memory linux -->",
        "<!-- ndmem: array memory linux 2 -->",
    ]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_without_rights_is_a_notice(github: GitHub, capsys: pytest.CaptureFixture[str], status: int) -> None:
    """In a pull request from a fork the job passes, and one sentence says where the result is."""
    github.status = status
    assert main(["memory.md"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"::notice::ndmem: the token may not write comments ({status} ")
    assert "the summary of the job has the result" in out
    assert out.count("\n") == 1
    assert "secret" not in out


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (500, None, "GitHub answered 500 Internal Server Error to GET"),
        (200, b"<html>", "GitHub cannot be reached"),
        (200, b'{"a": 1}', "GitHub answered something else than a list of comments"),
    ],
)
def test_another_failure_is_a_warning(
    github: GitHub, capsys: pytest.CaptureFixture[str], status: int, answer: bytes | None, message: str
) -> None:
    """A broken service is no failure of the tests."""
    github.status, github.answer = status, answer
    assert main(["memory.md"]) == 0
    assert f"::warning::ndmem: the comment was not written: {message}" in capsys.readouterr().out


def test_a_text_that_is_too_long_is_cut(github: GitHub) -> None:
    """A comment stays below GitHub's 65,536 characters, at the end of a line, and says that it was cut."""
    Path("memory.md").write_text("ü | x\n" * 20_000, "utf-8")
    assert main(["memory.md"]) == 0
    body = github.comments[-1]["body"]
    assert len(body) < 65_536
    assert body.endswith("ü | x\n\nThe rest was left out: a comment has a maximum size.\n")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("{}", "::notice::ndmem: this workflow does not run for a pull request"),
        ("{", "::warning::ndmem: the comment was not written: the event of the workflow cannot be read"),
        ("[]", "::warning::ndmem: the comment was not written: the event of the workflow cannot be read"),
        ('{"pull_request": {"number": "7/../8"}}', "names no valid repository or pull request"),
    ],
)
def test_an_event_that_is_none_is_said(
    github: GitHub, capsys: pytest.CaptureFixture[str], event: str, message: str
) -> None:
    """Without a pull request nothing is called."""
    Path("event.json").write_text(event)
    assert main(["memory.md"]) == 0
    assert message in capsys.readouterr().out
    assert github.calls == []


def test_wrong_arguments_are_said(github: GitHub, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that could end the mark is refused; a missing file is a warning."""
    assert main(["memory.md", "--> <b>"]) == 2
    assert main([]) == 2
    assert main(["missing.md"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("usage: ") == 2
    assert "::warning::ndmem: the comment was not written: [Errno 2]" in captured.out
    assert github.calls == []
