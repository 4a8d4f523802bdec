"""``python -m ndmem``: the command line."""

from ndmem.cli.main import main

if __name__ == "__main__":
    main()
