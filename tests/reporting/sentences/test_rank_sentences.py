"""Sentences about the ranks of a job, and about what it asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rank_traces import MIB, figures_of, job_index, rank_trace

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.ranks.job import make_job
from ndmem.model.ending import Ending
from ndmem.model.memory_request import MemoryRequest
from ndmem.model.trace import Trace
from ndmem.reporting.batch_size import write_batch_size
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.ranks import ranks_sentences, write_numbers
from ndmem.reporting.sentences.request import request_sentence

GIB = 1024**3


def test_the_rank_with_most_leads_the_first_sentence() -> None:
    """The answer is about the rank with the highest peak, and names it."""
    index = job_index([rank_trace(number, {2: (number + 1) * MIB}) for number in range(4)])
    assert answer_sentence(index).startswith("Peak 4 MiB in rank 3: one array allocated at pipeline.py:2")


def test_the_spread_of_the_peaks() -> None:
    """Lowest, highest, median and sum are those of the ranks; equal peaks are said once."""
    job = make_job(figures_of(rank_trace(number, {2: nbytes * MIB})) for number, nbytes in enumerate((4, 1, 2, 8)))
    assert ranks_sentences(job) == (
        "4 ranks of job 17.0: their peaks are between 1 MiB (rank 1) and 8 MiB (rank 3), with a median of 3 MiB; their "
        "sum is 15 MiB",
    )
    job = make_job(figures_of(rank_trace(number, {2: MIB}, size=2, job=None)) for number in range(2))
    assert ranks_sentences(job) == ("2 ranks: all have a peak of 1 MiB; their sum is 2 MiB",)


def test_missing_and_failed_ranks_are_named() -> None:
    """Ranks without a file, killed ones, and those with another status are in sentences of their own."""
    traces = [
        rank_trace(number, {2: MIB}, size=300, exit_status=status) for number, status in ((0, 0), (1, -9), (5, 3))
    ]
    _, missing, ended = ranks_sentences(make_job(map(figures_of, traces)))
    assert missing == "297 of 300 ranks have no file here: 2-4 and 6-299"
    assert ended == "Rank 1: killed by SIGKILL; Rank 5: exited with status 3"


@given(st.sets(st.integers(0, 60), min_size=1, max_size=12))
def test_numbers_can_be_read_back(numbers: set[int]) -> None:
    """The ranges that are written contain exactly the numbers, unless there are too many of them."""
    text = write_numbers(sorted(numbers))
    if text.endswith(" and others"):
        assert len(numbers) > 6
        return
    found: set[int] = set()
    for part in text.replace(" and ", ", ").split(", "):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == numbers


def _alone(request: MemoryRequest, used: int, **run: object) -> Trace:
    return rank_trace(0, {2: MIB}, size=1, rss_peak_nbytes=used, request=request, **run)


@pytest.mark.parametrize(
    ("request_", "used", "expected"),
    [
        (MemoryRequest("--mem", 8 * GIB, 1), int(2.1 * GIB), "8 GiB and used 2.1 GiB (peak of RSS): --mem=3G would do"),
        # 600 MiB and a tenth are 660; 704 is the next multiple of 64.
        (MemoryRequest("--mem", GIB, 1), 600 * MIB, "1 GiB and used 600 MiB (peak of RSS): --mem=704M would do"),
        # 1 GiB and a tenth are 1,127 MiB; the next multiple of 64 is 1,152, of which 4 CPUs have 288 each.
        (
            MemoryRequest("--mem-per-cpu", GIB, 4),
            GIB,
            "4 GiB (--mem-per-cpu=1G, 4 CPUs) and used 1 GiB (peak of RSS): --mem-per-cpu=288M would do",
        ),
        (MemoryRequest("--mem", GIB, 1), 3 * GIB, "1 GiB and used 3 GiB (peak of RSS): ask for --mem=4G"),
        (MemoryRequest("--mem", 4 * GIB, 1), 3 * GIB, "4 GiB and used 3 GiB (peak of RSS): that is right"),
        (
            MemoryRequest("--mem", 3 * GIB, 1),
            int(2.9 * GIB),
            "3 GiB and used 2.9 GiB (peak of RSS): that leaves less than a reserve of 10%; --mem=4G has it",
        ),
    ],
)
def test_what_was_asked_for_is_compared_with_what_was_used(request_: MemoryRequest, used: int, expected: str) -> None:
    """The sentence has both figures, and the option that would do, with a tenth in reserve."""
    text = request_sentence(TraceIndex(_alone(request_, used)))
    assert text is not None
    assert text.startswith(f"The job asked for {expected}")


def test_a_part_of_a_node_gets_no_advice() -> None:
    """One rank of several, a killed run and a job with a missing rank used "at least" so much: no size is advised."""
    asked = MemoryRequest("--mem", 8 * GIB, 1)
    ranks = [rank_trace(number, {2: MIB}, rss_peak_nbytes=GIB, request=asked) for number in range(3)]
    killed = _alone(asked, GIB, exit_status=-9)
    assert killed.run.ending is Ending.SIGNAL
    for index, used in ((TraceIndex(ranks[0]), "1 GiB"), (TraceIndex(killed), "1 GiB"), (job_index(ranks), "3 GiB")):
        assert request_sentence(index) == f"The job asked for 8 GiB and used at least {used} (peak of RSS)"


def test_the_ranks_of_a_node_are_summed() -> None:
    """A request is for a node: what its ranks used counts together, on the node with most."""
    asked = MemoryRequest("--mem", 8 * GIB, 1)
    hosts = ("a", "b", "b", "b")
    ranks = [
        rank_trace(number, {2: MIB}, rss_peak_nbytes=GIB, request=asked, host=host) for number, host in enumerate(hosts)
    ]
    text = request_sentence(job_index(ranks))
    assert text == (
        "The job asked for 8 GiB and used 3 GiB on b (peak of RSS): --mem=4G would do, with a reserve of 10%"
    )


def test_nothing_is_said_without_a_request() -> None:
    """A run outside a batch job has no such sentence, nor has one whose resident memory is unknown."""
    assert request_sentence(TraceIndex(rank_trace(0, {2: MIB}, rss_peak_nbytes=GIB))) is None
    assert request_sentence(TraceIndex(rank_trace(0, {2: MIB}, request=MemoryRequest("--mem", GIB, 1)))) is None


@pytest.mark.parametrize(
    ("nbytes", "text"), [(GIB, "1G"), (3 * GIB, "3G"), (1536 * MIB, "1536M"), (MIB, "1M"), (MIB + 1, "2M"), (1, "1M")]
)
def test_sizes_are_whole_numbers_with_a_binary_unit(nbytes: int, text: str) -> None:
    """Slurm takes no fractions; a size is rounded up to a MiB."""
    assert write_batch_size(nbytes) == text
