"""The edits of findings: applied to the programs of the corpus, they give what the findings promise."""

from __future__ import annotations

import sys

import pytest
from tests.advising.test_corpus import CASES, SHOWN, advise

from ndmem.advising.edits.applying import apply_edit
from ndmem.advising.rules import DEEP

BY_HAND = {
    "append-in-loop",  # the final length is not written anywhere
    "broadcast-difference",  # SciPy may not be imported
    "cache-that-only-grows",  # a smaller cache may take any time
    "parts-until-concatenate",
    "boxed-numbers",  # how many numbers there will be is not written anywhere
    "many-tiny-arrays",
    "equal-arrays",  # who else makes them is not known
    "does-not-fit",  # takes a loop
    "open-figures",  # when the garbage collector frees a closed one is not known
    "reference-cycle",  # what else uses the reference is not known
    "wider-than-values",  # later values may not fit
    "built_at_import",  # takes a file that the workers share
    "small_arrays_of_a_step",  # the last uses are in a loop
    "degrees",  # the matrix is read in another statement
    "centred_table",  # whether the means are changed later is not known
    "mean_absolute_error",  # takes a loop
    "product",  # sums in another order
    "kept_by_an_object",  # what a library writes into is not known
    "two_small_operands",  # each is converted where it is made
    "operand_that_is_not_read_again",  # another variable may have the array
    "update_in_place",
}
"""Rules, and programs of others, whose fix is not mechanical."""


@pytest.mark.long
@pytest.mark.parametrize("before", CASES, ids=lambda path: f"{path.parts[-3]}/{path.parts[-2]}")
def test_an_edit_gives_what_its_finding_promises(before, tmp_path):
    """The program with the edit of one of the first findings has the promised peak, ± 10 %, and prints the same."""
    deep = before.parts[-3] in {one.NAME for one in DEEP}
    if deep and sys.version_info < (3, 12):
        pytest.skip("before Python 3.12, ndmem cannot see functions return")
    was = advise(before, tmp_path, deep=deep)
    edits = [(one, one.edit) for one in was.findings[:SHOWN] if one.edit is not None]
    guilty = next(one for one in was.findings[:SHOWN] if one.name == before.parts[-3])
    assert (guilty.edit is None) == bool({before.parts[-3], before.parts[-2]} & BY_HAND)
    for number, (finding, edit) in enumerate(edits):
        text = apply_edit(before.read_text(), edit)
        assert text is not None, finding
        changed = tmp_path / f"edited_{number}.py"
        changed.write_text(text)
        now = advise(changed, tmp_path)
        assert now.peak_nbytes == pytest.approx(finding.peak_after_nbytes, rel=0.1), text
        if edit.is_exact:
            assert now.output == was.output, text
