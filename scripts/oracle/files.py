"""The command line of a check of files: every file is tried, the exit status is 1 if one fails the check and 2 if one cannot be read."""

import argparse
import sys


def check_all(doc, check, tolerance):
    """Call `check(path, tolerance or None)` on every file named on the command line and exit; `tolerance` explains the option's default."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--tolerance", type=float, help=tolerance)
    options = parser.parse_args()
    status = 0
    for path in options.files:
        try:
            if not check(path, options.tolerance):
                status = max(status, 1)
        except Exception as error:  # whatever a file can do wrong: the message says which file
            print(f"error: {path}: {error}", file=sys.stderr)
            status = 2
    sys.exit(status)
