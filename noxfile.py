"""The tests on every Python that ndmem supports, each with the oldest and the newest NumPy that it can have."""

import nox

nox.options.default_venv_backend = "venv"
# A Python that is not there was not tested: that is a failure, not something to skip.
nox.options.error_on_missing_interpreters = True

# 1.26 is the oldest NumPy that ndmem supports; Python 3.13 has wheels from 2.1 on.
OLDEST_NUMPY = {"3.10": "1.26.4", "3.11": "1.26.4", "3.12": "1.26.4", "3.13": "2.1.0"}


@nox.session(python=list(OLDEST_NUMPY))
@nox.parametrize("numpy", ["oldest", "newest"])
def tests(session: nox.Session, numpy: str) -> None:
    """Install the package as a wheel, beside one NumPy, and run the tests on what was installed."""
    wanted = f"numpy=={OLDEST_NUMPY[str(session.python)]}" if numpy == "oldest" else "numpy"
    session.install(".[test]", wanted)
    session.run("python", "-c", "import numpy; print('NumPy', numpy.__version__)")
    session.run("python", "-m", "pytest", *session.posargs)
