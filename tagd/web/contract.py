"""Prints the HTTP API's contract, for docs/openapi.json: `python -m tagd.web.contract`."""

from __future__ import annotations

import json
import sys

from tagd.web.application import bare_application


def main() -> None:
    """Print it as JSON."""
    sys.stdout.write(json.dumps(bare_application().openapi(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
