#!/bin/bash
# Install and run the tests of this commit, compare them with the baseline if there is one, and write the summary. The
# status is that of pytest.
set -u

cd "$WORKING_DIRECTORY" || exit 1
bash -e -c "$INSTALL" || exit 1
# With "=": pytest takes other arguments that are files for tests when it looks for its root folder, which names the tests.
options=("--ndmem-json=$FOLDER/tests.json" "--ndmem-summary=$FOLDER/summary.md")
if test -n "$BASELINE"; then
    options+=("--ndmem-compare=$BASELINE")
    test -z "$FAIL_ABOVE" || options+=("--ndmem-fail-above=$FAIL_ABOVE")
fi
bash -c "python -m pytest \"\$@\" $PYTEST" pytest "${options[@]}"
status=$?
if test -z "$BASELINE" && test -f "$FOLDER/summary.md"; then
    echo "Without a comparison: ${REASON:-the base commit was not run}." |
        tee -a "$FOLDER/summary.md" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
exit $status
