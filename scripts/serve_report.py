"""Serve a report and its tiles on the loopback address: `make serve RESULTS=mine/results`.

Example: python scripts/serve_report.py demo/results --port 8765
"""

import argparse
import sys

from grossing.report.serving import Results, Server
from grossing.support.errors import CohortError


def main() -> None:
    """Serve until the program is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", help="the results folder of a run")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    asked = parser.parse_args()
    try:
        server = Server(Results.at(asked.results), asked.port)
    except CohortError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"port {asked.port}: {error.strerror}: make serve PORT=0 takes a free one")
    print(f"Report: {server.address}\nStop with Ctrl-C.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
