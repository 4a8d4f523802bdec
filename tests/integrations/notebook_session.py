"""Executes a notebook in a real kernel, as Jupyter does: reads its cells as JSON and writes the page of it."""

import json
import sys

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter


def main() -> None:
    """Execute the cells; an error in one of them is an error here."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in json.load(sys.stdin)])
    NotebookClient(notebook, timeout=60, kernel_name="python3", coalesce_streams=True).execute()
    page, _ = HTMLExporter().from_notebook_node(notebook)
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
