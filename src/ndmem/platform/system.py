"""Which system this process runs on.

Code asks for a feature where Python has it or not (`hasattr`), or tries a file of the system. These are for the rest.
"""

import sys

# Not annotated with Final: this is imported in programs that must not find typing imported.
IS_LINUX = sys.platform == "linux"
IS_MACOS = sys.platform == "darwin"
