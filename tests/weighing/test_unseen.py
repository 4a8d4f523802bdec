"""Objects whose memory is not visible are named, and the numbers are said to be the least."""

import bz2
import json
import lzma
import sqlite3
import sys
import xml.parsers.expat
import zlib

import numpy as np
import pytest

from ndmem import weigh
from ndmem._walk import native_base
from ndmem.model.trace import Domain
from ndmem.weighing import Holding, Region, register
from ndmem.weighing.registry import full_name
from ndmem.weighing.unseen import hides_memory, note_unseen

OWNERS = {
    "zlib.Compress": zlib.compressobj,
    "zlib.Decompress": zlib.decompressobj,
    "_bz2.BZ2Compressor": bz2.BZ2Compressor,
    "_bz2.BZ2Decompressor": bz2.BZ2Decompressor,
    "_lzma.LZMADecompressor": lzma.LZMADecompressor,
    "sqlite3.Connection": lambda: sqlite3.connect(":memory:"),
    "pyexpat.xmlparser": xml.parsers.expat.ParserCreate,
}


@pytest.mark.parametrize("name", OWNERS)
def test_named(name):
    """An object that holds memory of a C library is named, and has no upper bound."""
    thing = OWNERS[name]()
    weight = weigh(thing)
    assert weight.notes == (f"{name}: contents not visible",)
    assert weight.numbers.unseen == 1
    assert weight.numbers.owned_most is None
    assert "≥" in str(weight)
    assert weight.to_dict()["notes"] == list(weight.notes)
    assert weight.to_dict()["contents_not_visible"] == 1
    if name == "sqlite3.Connection":
        thing.close()


def test_alike_have_one_note():
    """Ten thousand such objects have one note, with their number; each object counts as one that is not visible."""
    things = [zlib.decompressobj() for _ in range(10_000)]
    weight = weigh(things)
    assert weight.notes == ("10000 objects of zlib.Decompress: contents not visible",)
    assert weight.numbers.unseen == 10_000
    assert weight.part("[0], … (10000)").numbers.unseen == 10_000


def test_many_types_have_few_notes():
    """Of more than eight types the remaining ones share a note."""
    kinds = [type(f"T{number}", (), {"__module__": "m"}) for number in range(10)]
    notes = list(note_unseen((kind, 3) for kind in kinds))
    assert notes[0] == "3 objects of m.T0: contents not visible"
    assert len(notes) == 9
    assert notes[-1] == "6 objects of 2 more types: contents not visible"


def test_part_without_it_is_exact():
    """Only the parts that lead to such an object are lower bounds."""
    weight = weigh({"stream": zlib.compressobj(), "array": np.ones(1000)})
    assert weight.part("['stream']").numbers.unseen == 1
    assert weight.part("['array']").numbers.unseen == 0
    assert weight.part("['array']").numbers.owned_most == weight.part("['array']").numbers.owned


def test_class_written_in_python_has_the_type_of_its_base():
    """A Python class adds only references: what its base in C hides, its instances hide too."""

    class Traced(sqlite3.Connection):
        pass

    class Plain:
        pass

    connection = Traced(":memory:")
    (note,) = weigh(connection).notes
    connection.close()
    assert note.endswith(".Traced: contents not visible")
    assert native_base(Traced)[0] is sqlite3.Connection
    assert native_base(Plain) == (object, False)
    assert weigh(Plain()).notes == ()


def test_types_of_the_interpreter_hide_nothing():
    """No type of the interpreter, NumPy's included, is reported, unless it wraps a C library."""
    wrapped = {"zlib", "_bz2", "_lzma", "_zstd", "_sqlite3", "sqlite3", "_dbm", "_gdbm", "pyexpat", "_hashlib", "_ssl"}
    wrapped |= {"_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2", "_hmac", "_tkinter", "_curses"}
    own = sys.stdlib_module_names | {"numpy", "ndmem"}

    def below(kind):
        for each in type.__subclasses__(kind):
            yield each
            yield from below(each)

    # By name: a metaclass may define equality.
    asked = {full_name(each): each for each in below(object) if full_name(each).partition(".")[0] in own - {"builtins"}}
    assert len(asked) > 300
    hiding = [native_base(each)[0] for each in asked.values() if hides_memory(each)]
    assert {full_name(each).partition(".")[0] for each in hiding} <= wrapped


def test_capsule():
    """A capsule with a destructor hides what that frees; if an array borrows the memory, the array knows it."""
    array = np.ones(1000)
    assert weigh(array.__dlpack__()).notes == ("builtins.PyCapsule: contents not visible",)
    assert weigh(np.from_dlpack(array)).notes == ()
    assert weigh(np.random.default_rng()).notes == ()  # its capsules free nothing


def test_rule_that_cannot_count_all():
    """A rule may say that it could not count all memory of an object."""

    class Frame:
        pass

    register(Frame, lambda _: Holding(nbytes=100, unseen=True))
    weight = weigh(Frame())
    assert weight.numbers.unseen == 1
    assert weight.owned >= 100
    assert weight.notes[0].endswith("Frame: contents not visible")


def test_native_memory_that_others_may_hold():
    """Native memory that a rule is not sure of is between the two bounds."""

    class Shared:
        pass

    register(Shared, lambda _: Holding(nbytes=1_000_000, sure=False))
    numbers = weigh(Shared()).numbers
    assert numbers.unsure == 1_000_000
    assert numbers.owned_most - numbers.owned_least == 1_000_000


def test_holders_counted_by_the_library():
    """A region whose library counts three holders is owned by the three together, and by no two of them."""

    class View:
        pass

    register(View, lambda _: Holding(regions=(Region(1 << 40, 1_000_000, holders=3),)))
    one, two, three = View(), View(), View()
    assert weigh([one, two], resident=False).owned < 1_000
    assert weigh([one, two], resident=False).reachable > 1_000_000
    views = [View(), View(), View()]
    numbers = weigh(views, resident=False).numbers
    assert numbers.owned > 1_000_000
    assert numbers.unsure == 0
    del three


def test_bytes_on_a_device_are_apart():
    """Bytes on a device are in no number but `logical` and `device`."""

    class OnDevice:
        pass

    register(OnDevice, lambda _: Holding(regions=(Region(1 << 41, 5_000_000, Domain.DEVICE),)))
    weight = weigh([OnDevice(), OnDevice()])
    assert weight.device == 5_000_000
    assert weight.reachable < 2_000
    assert weight.resident == 0
    assert "4.77 MiB on a device" in str(weight)
    assert json.loads(json.dumps(weight.to_dict()))["device_nbytes"] == 5_000_000
