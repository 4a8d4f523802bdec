"""A Weight for JSON."""

from typing import Any

from ndmem.model.memory.weight import Numbers, Part, Weight


def as_dict(weight: Weight) -> dict[str, Any]:
    """Return a weight with its parts, bytes as integers, and ``None`` for an unknown number."""
    return {
        "kind": weight.kind,
        **_numbers(weight.numbers),
        "notes": list(weight.notes),
        "buffers": [
            {
                "nbytes": share.nbytes,
                "domain": share.domain.name.lower(),
                "resident_nbytes": share.resident,
                "holder": share.holder,
                "parts": list(share.parts),
            }
            for share in weight.buffers
        ],
        "n_buffers": weight.n_buffers,
        "parts": [_part(part) for part in weight.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "label": part.label,
        "kind": part.kind,
        "count": part.count,
        **_numbers(part.numbers),
        "parts": [_part(each) for each in part.parts],
    }


def _numbers(numbers: Numbers) -> dict[str, Any]:
    return {
        "owned_nbytes": numbers.owned,
        "owned_least_nbytes": numbers.owned_least,
        "owned_most_nbytes": numbers.owned_most,
        "reachable_nbytes": numbers.reachable,
        "reachable_is_least": numbers.unseen > 0,
        "logical_nbytes": numbers.logical,
        "resident_nbytes": numbers.resident,
        "mapped_nbytes": numbers.mapped,
        "device_nbytes": numbers.device,
        "python_nbytes": numbers.python,
        "contents_not_visible": numbers.unseen,
    }
