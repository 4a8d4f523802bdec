"""memory_profiler's API with exact array columns: change the import, and keep everything else.

``from ndmem.integrations.memory_profiler import profile, memory_usage``. "Memory" is the resident memory of the
process, as in memory_profiler; ``Peak`` and ``Temp`` in the table are bytes of arrays, counted and not sampled.
"""

from .decorator import profile
from .line_profiler import LineProfiler
from .log_file import LogFile
from .table import show_results
from .usage import memory_usage

__all__ = ["LineProfiler", "LogFile", "memory_usage", "profile", "show_results"]
