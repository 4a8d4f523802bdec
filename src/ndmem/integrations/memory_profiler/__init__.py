"""memory_profiler's names, with exact bytes of arrays beside what the process has: change the import, keep the rest.

``from ndmem.integrations.memory_profiler import profile, memory_usage``. Figures named memory are the resident memory
of the process, as there; ``Peak`` and ``Temp`` in the table are bytes of arrays, which no sample can miss.
"""

from .decorator import profile
from .line_profiler import LineProfiler
from .log_file import LogFile
from .table import show_results
from .usage import memory_usage

__all__ = ["LineProfiler", "LogFile", "memory_usage", "profile", "show_results"]
