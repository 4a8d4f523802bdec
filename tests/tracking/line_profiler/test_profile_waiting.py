"""``@ndmem.profile`` on functions that wait: generators, coroutines and asynchronous generators."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import numpy as np
import pytest

from .profiles import figures, found, only, profiled


def test_functions_that_wait_stay_what_they_are() -> None:
    """Generator functions, coroutine functions and asynchronous ones are still of their kind."""
    kinds = (inspect.isfunction, inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    for function in (count_up, later, ticks):
        assert [is_kind(function) for is_kind in kinds] == [is_kind(inspect.unwrap(function)) for is_kind in kinds]


@profiled
def count_up(n: int) -> Generator[int, Any, str]:
    """Allocate for each value, and count what is sent."""
    total = 0
    for i in range(n):
        a = np.empty(100)
        try:
            got = yield i
        except ValueError:
            got = -1
        total += got or a.size
    return f"total {total}"


def test_generators_send_throw_close() -> None:
    """A profiled generator is driven, sent to, thrown into and closed as the plain one."""

    def drive(function: Callable[[int], Generator[int, Any, str]]) -> list[Any]:
        seen: list[Any] = []
        generator = function(4)
        seen.append(inspect.isgenerator(generator))
        seen += [next(generator), generator.send(5), generator.throw(ValueError("x")), next(generator)]
        with pytest.raises(StopIteration) as stop:
            generator.send(7)
        seen.append(stop.value.value)
        early = function(2)
        next(early)
        early.close()
        with pytest.raises(StopIteration):
            next(early)
        thrown = function(2)
        next(thrown)
        error = KeyError("theirs")
        with pytest.raises(KeyError) as caught:
            thrown.throw(error)
        seen.append(caught.value is error)
        return seen

    assert drive(count_up) == drive(inspect.unwrap(count_up))
    assert len(found) == 3
    # From the second turn on the old array dies only when the new one is there.
    assert figures(found[0])[:3] == [(3, 1, 0, 0, 0), (4, 5, 800, 0, 0), (5, 4, 1600, 800, 800)]


def test_what_happens_between_yields_is_not_the_generators() -> None:
    """Arrays of the caller while a generator waits are in none of its lines."""

    @profiled
    def two() -> Iterator[int]:
        yield 1
        a = np.empty(10)
        yield a.size

    generator = two()
    next(generator)
    outside = np.empty(100_000)
    del outside
    assert next(generator) == 10
    assert list(generator) == []
    assert only() == [(2, 1, 0, 0, 0), (3, 1, 80, 0, 80), (4, 1, 80, 0, -80)]


def test_a_forgotten_generator_ends_its_profile() -> None:
    """A generator that is dropped half way ends its profile when it is collected."""
    generator = count_up(3)
    next(generator)
    del generator
    gc.collect()
    assert len(found) == 1


@profiled
async def later(n: int) -> int:
    """Allocate, wait, and say how much."""
    a = np.empty(n)
    await asyncio.sleep(0)
    return a.size


@profiled
async def ticks(n: int) -> AsyncIterator[int]:
    """Allocate and wait before each value."""
    for i in range(n):
        a = np.empty(10)
        await asyncio.sleep(0)
        yield a.size + i


def test_coroutines_at_once() -> None:
    """Coroutines that take turns give one profile of all of them, with each line as often as it ran."""

    async def main() -> list[int]:
        return list(await asyncio.gather(later(100), later(200), later(300)))

    assert asyncio.run(main()) == [100, 200, 300]
    assert [(at, count, net) for at, count, _, _, net in only()][:2] == [(3, 3, 4800), (4, 3, 0)]
    assert found[0].peak_nbytes == 4800


def test_a_coroutines_exception_and_cancellation_pass() -> None:
    """What is raised in, or thrown into, a profiled coroutine is what its caller sees."""

    @profiled
    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("theirs")

    @profiled
    async def wait() -> None:
        await asyncio.sleep(60)

    async def main() -> bool:
        with pytest.raises(LookupError, match="theirs"):
            await fail()
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(main())
    assert len(found) == 2


def test_asynchronous_generators() -> None:
    """A profiled asynchronous generator gives, takes, closes and fails as the plain one."""

    async def drive(function: Any) -> list[Any]:
        seen: list[Any] = [value async for value in function(3)]
        generator = function(5)
        seen.append(await generator.asend(None))
        await generator.aclose()
        other = function(5)
        seen.append(await other.__anext__())
        with pytest.raises(KeyError, match="theirs"):
            await other.athrow(KeyError("theirs"))
        return seen

    assert asyncio.run(drive(ticks)) == asyncio.run(drive(inspect.unwrap(ticks)))
    assert len(found) == 3
    assert figures(found[0])[1] == (4, 3, 160, 80, 80)
