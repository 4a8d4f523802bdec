"""What `ndmem.dask.track` refuses, with one sentence that says what to do."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import distributed  # noqa: F401  # it adds an import hook, which a test that loads it first would leave
import pytest
from tests.scaling.cluster.programs import run_program

import ndmem
from ndmem.errors import ClientError, OptionError, TrackingError


@pytest.mark.parametrize("client", [None, "tcp://127.0.0.1:8786", 3, object()])
def test_what_is_no_client_is_refused(client: Any) -> None:
    """Anything but a client of distributed is a TypeError that says what to pass."""
    with pytest.raises(ClientError, match=r"needs a distributed\.Client, not \w+; pass client") as caught:
        ndmem.dask.track(client)
    assert isinstance(caught.value, TypeError)


def test_import_of_ndmem_imports_no_dask() -> None:
    """`import ndmem`, and also `ndmem.dask` alone, load nothing of Dask; Dask's own package stays what it is."""
    program = (
        "import sys, ndmem; ndmem.dask; print({'dask', 'distributed', 'tornado'} & set(sys.modules)); "
        "import dask; print(dask.__file__ != ndmem.dask.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["set()", "True"]


def test_without_distributed_the_error_says_what_to_install() -> None:
    """A missing library is an ImportError with the command that installs it."""
    program = "import sys; sys.modules['distributed'] = None\nimport ndmem\nndmem.dask.track(None)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MissingError" in done.stderr
    assert "pip install 'ndmem[dask]'" in done.stderr


@pytest.mark.long
def test_clients_that_cannot_be_tracked(tmp_path: Path) -> None:
    """Closed and asynchronous clients, wrong intervals and a cluster that is tracked already are errors."""
    outcome = run_program(
        tmp_path,
        """
        import asyncio

        def refused(call):
            try:
                call()
            except ndmem.NdmemError as error:
                return [type(error).__name__, str(error)]

        async def track_asynchronous(address):
            async with Client(address, asynchronous=True) as client:
                return refused(lambda: ndmem.dask.track(client))

        with cluster_of(1) as cluster, Client(cluster) as client:
            found = [asyncio.run(track_asynchronous(cluster.scheduler_address))]
            wrong = (0, -1, True, "1", float("nan"))
            found += [refused(lambda: ndmem.dask.track(client, interval=each)) for each in wrong]
            with ndmem.dask.track(client) as run:
                wait(client.submit(load, 2 * MB, 0))
                found.append(refused(lambda: ndmem.dask.track(client).start()))
                found.append(refused(run.start))
                with Client(cluster.scheduler_address, set_as_default=False) as other:
                    found.append(refused(ndmem.dask.track(other).start))
            found.append(refused(lambda: ndmem.dask.track(client).stop()))
            found.append(refused(lambda: ndmem.dask.track(client).report()))
            # A client that went without leaving its block does not keep the cluster from the next one.
            gone = Client(cluster.scheduler_address, set_as_default=False)
            ndmem.dask.track(gone).start()
            gone.close()
            with ndmem.dask.track(client) as again:
                wait(client.submit(load, 3 * MB, 1))
        found.append(refused(lambda: ndmem.dask.track(client)))
        show(again, found=found)
        """,
    )
    kinds, messages = zip(*outcome.found["found"], strict=True)
    assert kinds == (
        ClientError.__name__, *[OptionError.__name__] * 5, *[TrackingError.__name__] * 5, ClientError.__name__,
    )  # fmt: skip
    for part, text in zip(
        ["asynchronous", *["interval="] * 5, "tracked already", "tracking already", "tracked already",
         "nothing was tracked", "nothing was tracked", "the client is closed"],
        messages, strict=True,
    ):  # fmt: skip
        assert part in text
    assert outcome.run.trace.total_nbytes - 3_000_000 < 100_000


@pytest.mark.long
def test_a_cluster_without_workers_has_an_empty_run(tmp_path: Path) -> None:
    """Without workers there is nothing to see, and the report says so."""
    outcome = run_program(
        tmp_path,
        """
        import io

        with cluster_of(0) as cluster, Client(cluster) as client:
            with ndmem.dask.track(client) as run:
                pass
            text = io.StringIO()
            run.report(text)
            show(run, text=text.getvalue())
        """,
    )
    assert outcome.run.trace.cluster is not None
    assert outcome.run.trace.cluster.workers == ()
    assert "no worker" in outcome.found["text"].lower()
