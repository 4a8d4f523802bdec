"""Programs whose arrays lie in memory that NumPy did not allocate, each with what its report must say of one of them.

All arrays live in functions that have returned before the program ends: they are found while it runs.
"""

from dataclasses import dataclass

ITEMS = 500_001
"""Elements of each array: no other array of the programs has as many."""


@dataclass(frozen=True)
class Case:
    """A program and one array of it.

    Attributes
    ----------
    body : str
        What it does, in a function; ``ITEMS`` is there.
    kind : str
        ``foreign`` or ``mapped``.
    holder : str
        Name of the array.
    dtype : str
        Its dtype.
    shape : tuple of int
        Its shape.
    count : int
        Number of such arrays, with names that differ by their items alone.
    file : str
        Part of the path of the mapped file.
    needs : str
        A package that it imports.
    before : str
        What stands before the function.
    """

    body: str
    kind: str = "foreign"
    holder: str = "data"
    dtype: str = "float64"
    shape: tuple[int, ...] = (ITEMS,)
    count: int = 1
    file: str = ""
    needs: str = ""
    before: str = ""

    @property
    def program(self) -> str:
        """Its text. Something is computed from the array, because arrays are looked for when others are allocated."""
        body = "".join(f"    {line}\n" for line in self.body.splitlines())
        return (
            f"import numpy as np\n{self.before}\nITEMS = {ITEMS}\ndef work():\n{body}    print(data[0].sum())\n"
            "if __name__ == '__main__':\n    work()\n"
        )


_SOURCE = "np.arange(ITEMS, dtype=float)"

CASES = {
    "frombuffer of bytes": Case(f"data = np.frombuffer({_SOURCE}.tobytes())"),
    "frombuffer of a part of bytes": Case(
        f"text = b'head' * 2 + {_SOURCE}.tobytes()\ndata = np.frombuffer(text, offset=8)"
    ),
    "bytearray": Case(f"data = np.frombuffer(bytearray({_SOURCE}.tobytes()))"),
    "memoryview of a part": Case(
        f"text = memoryview(bytes(800) + {_SOURCE}.tobytes())\ndata = np.frombuffer(text[800:])"
    ),
    "anonymous map": Case(
        "memory = mmap.mmap(-1, 8 * ITEMS)\ndata = np.ndarray((ITEMS,), buffer=memory)\ndata[:] = 1",
        before="import mmap",
    ),
    "anonymous map by pages": Case(
        "memory = mmap.mmap(-1, 80 * ITEMS)\ndata = np.ndarray((10, ITEMS), buffer=memory)\ndata[:] = 1\n"
        "time.sleep(0.1)\nnp.ones(ITEMS)",
        shape=(10, ITEMS),
        before="import mmap, time",
    ),
    "array module": Case("data = np.frombuffer(array.array('d', [1.0]) * ITEMS)", before="import array"),
    "ctypes": Case("data = np.ctypeslib.as_array((ctypes.c_double * ITEMS)())", before="import ctypes"),
    "pickle": Case(f"data = pickle.loads(pickle.dumps({_SOURCE}))", before="import pickle"),
    "pickle with buffers beside": Case(
        f"buffers = []\ntext = pickle.dumps({_SOURCE}, 5, buffer_callback=buffers.append)\n"
        "raw = [bytearray(each) for each in buffers]\ndata = pickle.loads(text, buffers=raw)",
        before="import pickle",
    ),
    "results of a pool": Case(
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n    data = pool.map(make, range(3))",
        holder="data[…]",
        count=3,
        before=f"import multiprocessing\ndef make(i):\n    return np.full({ITEMS}, i, float)",
    ),
    "results of a queue": Case(
        "context = multiprocessing.get_context('fork')\nqueue = context.Queue()\n"
        "child = context.Process(target=put, args=(queue,))\nchild.start()\ndata = queue.get()\nchild.join()",
        before=f"import multiprocessing\ndef put(queue):\n    queue.put(np.ones({ITEMS}))",
    ),
    "attribute of an object": Case(
        f"data = [0, 0]\nbox = Box()\nbox.held = np.frombuffer({_SOURCE}.tobytes())\ndata = [np.ones(3)] * 3",
        holder="box.held",
        before="class Box:\n    pass",
    ),
    "Arrow": Case(
        f"data = pc.add(pa.array({_SOURCE}), 1.0).to_numpy(zero_copy_only=True)",
        needs="pyarrow",
        before="import pyarrow as pa, pyarrow.compute as pc",
    ),
    "Pillow": Case(
        "data = np.asarray(Image.new('L', (1000, 700), 7))",
        dtype="uint8",
        shape=(700, 1000),
        needs="PIL",
        before="from PIL import Image",
    ),
    "torch": Case(
        "data = torch.full((ITEMS,), 3.0, dtype=torch.float64).numpy()", needs="torch", before="import torch"
    ),
    "load with mmap_mode": Case(
        f"np.save('saved.npy', {_SOURCE})\ndata = np.load('saved.npy', mmap_mode='r')", kind="mapped", file="/saved.npy"
    ),
    "memmap": Case(
        "data = np.memmap('made.bin', float, 'w+', shape=(ITEMS,))\ndata[:] = 1", kind="mapped", file="/made.bin"
    ),
    "shared memory": Case(
        "memory = SharedMemory(create=True, size=8 * ITEMS)\n"
        "data = np.ndarray((ITEMS,), buffer=memory.buf)\ndata[:] = 1\nprint(data.sum())\nname = memory.name\n"
        "np.save('name.npy', [1])\nmemory.unlink()",
        kind="mapped",
        file="/dev/shm/",
        before="from multiprocessing.shared_memory import SharedMemory",
    ),
    "shared array": Case(
        "data = np.frombuffer(multiprocessing.RawArray('d', ITEMS))\ndata[:] = 1",
        kind="mapped",
        file="/pym-",
        before="import multiprocessing",
    ),
}
