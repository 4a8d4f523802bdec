#!/bin/bash
# Run the tests of the base commit in a worktree of its own, and write them as JSON. Its failure fails nothing: the pull
# request is then reported without a comparison, with the reason.
set -u

say() { # NAME VALUE: an output of the step, in one line
    echo "$1=$(printf '%s' "$2" | tr '\r\n' '  ')" >> "$GITHUB_OUTPUT"
}

if test -n "$BASELINE"; then
    say baseline "$(realpath -- "$BASELINE")"
    exit 0
fi
if test -z "$BASE"; then
    say reason "this workflow does not run for a pull request"
    exit 0
fi
tree=$FOLDER/base
if ! git cat-file -e "$BASE^{commit}" 2>/dev/null && ! git fetch --quiet --depth=1 origin "$BASE"; then
    say reason "the base commit is not in this clone; set fetch-depth: 0 of actions/checkout"
    exit 0
fi
if ! git worktree add --quiet --detach "$tree" "$BASE"; then
    say reason "the base commit cannot be checked out"
    exit 0
fi
if ! cd "$tree/$WORKING_DIRECTORY"; then
    say reason "the base commit has no folder $WORKING_DIRECTORY"
elif ! bash -e -c "$INSTALL"; then
    say reason "the base commit cannot be installed"
else
    # Its tests may fail for their own reasons: those that pass can be compared.
    GITHUB_STEP_SUMMARY='' bash -c "python -m pytest --ndmem-json=\"\$0\" $PYTEST" "$FOLDER/base.json"
    if test -f "$FOLDER/base.json"; then
        say baseline "$FOLDER/base.json"
    else
        say reason "the tests of the base commit cannot be run with ndmem"
    fi
fi
cd "$GITHUB_WORKSPACE" && git worktree remove --force "$tree"
exit 0
