"""Small programs that take native memory in a known way, by what they are about; sizes are worked out by hand."""

import sys

BEHIND_BYTEARRAY = 1 if sys.version_info < (3, 15) else sys.getsizeof(b"")
"""Bytes that a bytearray takes besides its own: the zero at its end; from 3.15 on the bytes object that it keeps."""

# What ctypes calls, it calls without the GIL; what it calls as PyDLL, with it.
_LIBC = """
import ctypes, mmap, threading
libc = ctypes.CDLL(None)
for name in ("malloc", "calloc", "realloc", "memalign", "aligned_alloc", "valloc", "reallocarray", "mmap", "mremap"):
    getattr(libc, name).restype = ctypes.c_void_p
size, pointer = ctypes.c_size_t, ctypes.c_void_p
for name, types in {
    "malloc": [size], "calloc": [size, size], "realloc": [pointer, size], "memalign": [size, size],
    "aligned_alloc": [size, size], "valloc": [size], "reallocarray": [pointer, size, size], "free": [pointer],
    "posix_memalign": [ctypes.POINTER(pointer), size, size], "munmap": [pointer, size],
    "mmap": [pointer, size, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long],
    "mremap": [pointer, size, size, ctypes.c_int],
}.items():
    getattr(libc, name).argtypes = types
MB = 1_000_000
PAGE = 65536
def map_pages(count):
    return libc.mmap(None, count * PAGE, 3, 0x22, -1, 0)
"""

PROGRAMS = {
    # name: (program, bytes of the blocks born at lines marked with "here", bytes of them alive at the end)
    "malloc": ("kept = libc.malloc(3 * MB)  # here", [3_000_000], 3_000_000),
    "malloc and free": ("libc.free(libc.malloc(3 * MB))  # here", [3_000_000], 0),
    "one byte too few": ("kept = libc.malloc(65535)  # here", [], 0),
    "just enough": ("kept = libc.malloc(65536)  # here", [65536], 65536),
    "calloc": ("kept = libc.calloc(1000, 300)  # here", [300_000], 300_000),
    "calloc that overflows": ("kept = libc.calloc(2**63, 4)  # here", [], 0),
    "memalign": ("kept = libc.memalign(4096, MB)  # here", [1_000_000], 1_000_000),
    "aligned_alloc": ("kept = libc.aligned_alloc(64, 640_000)  # here", [640_000], 640_000),
    "valloc": ("kept = libc.valloc(MB)  # here", [1_000_000], 1_000_000),
    "posix_memalign": (
        "p = pointer()\nassert libc.posix_memalign(ctypes.byref(p), 64, MB) == 0  # here",
        [1_000_000],
        1_000_000,
    ),
    "realloc grows": (
        "p = libc.malloc(MB)  # here\np = libc.realloc(p, 9 * MB)  # here",
        [1_000_000, 9_000_000],
        9_000_000,
    ),
    "realloc in place": (
        "p = libc.malloc(MB)  # here\np = libc.realloc(p, 999_990)  # here",
        [1_000_000, 999_990],
        999_990,
    ),
    "realloc to small": ("p = libc.malloc(MB)  # here\np = libc.realloc(p, 100)  # here", [1_000_000], 0),
    "realloc of nothing": ("p = libc.realloc(None, MB)  # here", [1_000_000], 1_000_000),
    "realloc that fails": (
        "p = libc.malloc(MB)  # here\nassert libc.realloc(p, 2**62) is None  # here",
        [1_000_000, 1_000_000],
        1_000_000,
    ),
    "reallocarray": ("p = libc.reallocarray(None, 1000, 200)  # here", [200_000], 200_000),
    "reallocarray that overflows": ("p = libc.reallocarray(None, 2**62, 8)  # here", [], 0),
    "freed by another thread": (
        "p = libc.malloc(MB)  # here\nt = threading.Thread(target=libc.free, args=(p,))\nt.start()\nt.join()",
        [1_000_000],
        0,
    ),
    "in two threads": (
        "def work():\n    for _ in range(100):\n        libc.free(libc.malloc(100_000))  # here\n"
        "ts = [threading.Thread(target=work) for _ in range(2)]\n[t.start() for t in ts]\n[t.join() for t in ts]",
        [100_000] * 200,
        0,
    ),
    "with the GIL": (
        "held = ctypes.PyDLL(None).malloc\nheld.restype, held.argtypes = pointer, [size]\nkept = held(MB)  # here",
        [1_000_000],
        1_000_000,
    ),
    "a large bytearray": (
        "kept = bytearray(MB - 1)  # here",
        [1_000_000 - 1 + BEHIND_BYTEARRAY],
        1_000_000 - 1 + BEHIND_BYTEARRAY,
    ),
    "mmap": ("kept = map_pages(3)", [3 * 65536], 3 * 65536),
    "mmap and munmap": ("p = map_pages(3)\nlibc.munmap(p, 3 * PAGE)", [3 * 65536], 0),
    "the head of a mapping unmapped": ("p = map_pages(3)\nlibc.munmap(p, PAGE)", [3 * 65536], 2 * 65536),
    "the tail of a mapping unmapped": ("p = map_pages(3)\nlibc.munmap(p + PAGE, 2 * PAGE)", [3 * 65536], 65536),
    "the middle of a mapping unmapped": ("p = map_pages(5)\nlibc.munmap(p + PAGE, 3 * PAGE)", [5 * 65536], 2 * 65536),
    "mremap": (
        "p = map_pages(2)\np = libc.mremap(p, 2 * PAGE, 8 * PAGE, 1)  # here",
        [2 * 65536, 8 * 65536],
        8 * 65536,
    ),
    "a mapping that cannot be written": ("kept = libc.mmap(None, PAGE, 1, 0x22, -1, 0)", [], 0),
    "a mapped file": (
        "import tempfile\nf = tempfile.TemporaryFile()\nf.truncate(MB)\nkept = mmap.mmap(f.fileno(), MB)",
        [],
        0,
    ),
}


def write_program(name: str) -> tuple[str, list[int]]:
    """Return the text of a program, and the numbers of the lines whose native blocks are counted."""
    text = _LIBC + PROGRAMS[name][0] + "\n"
    marked = [n for n, line in enumerate(text.splitlines(), 1) if "# here" in line or "return libc.mmap" in line]
    return text, marked
