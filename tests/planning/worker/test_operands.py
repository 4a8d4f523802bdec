"""Operands are evaluated without running code of the user's."""

import ast
import math
import os
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ndmem.planning.worker.code.operands import UnknownError, evaluate


@dataclass
class _Settings:
    limit: int = 700

    @property
    def computed(self) -> int:
        raise AssertionError("a property of the user's ran")

    def __getattr__(self, name: str) -> int:
        raise AssertionError("a __getattr__ of the user's ran")


class _Slotted:
    __slots__ = ("block", "unset")

    def __init__(self) -> None:
        self.block = 64


class _Hostile(dict[str, int]):
    def __getitem__(self, key: str) -> int:
        raise AssertionError("an item of the user's own type was read")

    def __len__(self) -> int:
        raise AssertionError("a __len__ of the user's ran")


def _evaluate(text: str, **local: Any) -> Any:
    names: Mapping[str, Any] = {
        "CONFIG": {"direct": 3000, "levels": [1, [2, 5]]},
        "settings": _Settings(),
        "slotted": _Slotted(),
        "hostile": _Hostile(a=1),
        "math": math,
        "os": os,
        "module": types.SimpleNamespace(LIMIT=9),
        "x": np.zeros((7, 5)),
    }
    return evaluate(ast.parse(text, mode="eval").body, local, names)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1024", 1024),
        ("n", 12),
        ("CONFIG['direct']", 3000),
        ("CONFIG['levels'][1][0]", 2),
        ("settings.limit", 700),
        ("slotted.block", 64),
        ("module.LIMIT * 2 + n", 30),
        ("x.shape[0]", 7),
        ("x.nbytes // 8", 35),
        ("len(x)", 7),
        ("-n", -12),
        ("2 ** 10", 1024),
        ("math.isqrt(n)", 3),
        ("min(n, CONFIG['direct'])", 12),
        ("int(float('7'))", 7),
    ],
)
def test_plain_values_are_known(text: str, value: float) -> None:
    """Names, attributes, items, facts of arrays and arithmetic of numbers have their values."""
    assert _evaluate(text, n=12) == value


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A threshold in an environment variable is known in each of the ways in which programs read it."""
    monkeypatch.setenv("NDMEM_TEST_LIMIT", "4096")
    for text in (
        "os.environ['NDMEM_TEST_LIMIT']",
        "os.environ.get('NDMEM_TEST_LIMIT', 1)",
        "os.getenv('NDMEM_TEST_LIMIT')",
    ):
        assert _evaluate(f"int({text})") == 4096


@pytest.mark.parametrize(
    "text",
    [
        "settings.computed",
        "settings.missing",
        "slotted.unset",
        "hostile['a']",
        "len(hostile)",
        "unknown",
        "f(1)",
        "CONFIG['no']",
        "1 // 0",
        "10 ** 10 ** 10",
        "x + 1",
        "settings + 1",
        "[i for i in x]",
    ],
)
def test_what_would_run_code_or_fail_is_unknown(text: str) -> None:
    """Properties, own containers, calls and failures are unknown; nothing of the user's runs."""
    with pytest.raises(UnknownError):
        _evaluate(text)
