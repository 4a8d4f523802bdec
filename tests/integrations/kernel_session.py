"""Runs cells in a real kernel: reads a list of them as JSON and writes what each showed."""

import json
import sys
from typing import Any

from jupyter_client.manager import start_new_kernel


def execute(client: Any, cell: str) -> dict[str, str]:
    """Run a cell and return what it showed, by kind."""
    wanted = client.execute(cell)
    shown = {"stream": ""}
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != wanted:
            continue
        content = message["content"]
        if message["msg_type"] == "error":
            shown["error"] = f"{content['ename']}: {content['evalue']}"
        if message["msg_type"] == "stream":
            shown["stream"] += content["text"]
        if message["msg_type"] == "display_data":
            shown |= content["data"]
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return shown


def main() -> None:
    """Run the cells, and end the kernel whatever happens."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        json.dump([execute(client, cell) for cell in json.load(sys.stdin)], sys.stdout)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
