"""`python -m repurchase.embedded run`: the portal with its demo. `… with -- COMMAND`: a command on
private servers."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from repurchase.embedded import portal, servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m repurchase.embedded", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="the portal with a demo store, until Ctrl-C")
    run.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    run.add_argument("--fast", action="store_true", help="for tests: no fsync")
    with_ = verbs.add_parser("with", help="runs a command on private servers")
    with_.add_argument(
        "--temporary", action="store_true", help="in an empty folder that is deleted afterwards"
    )
    with_.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    data_dir = Path(os.environ.get("DATA_DIR", ".data")).resolve()
    if arguments.verb == "run":
        return portal.run(data_dir, port=arguments.port, fast=arguments.fast)
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        with_.error("name a command after --")
    if not arguments.temporary:
        return _run_until_interrupted(command, data_dir, fast=False)
    temporary = Path(tempfile.mkdtemp(prefix="bro-"))
    try:
        return _run_until_interrupted(command, temporary, fast=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _run_until_interrupted(command: list[str], data_dir: Path, *, fast: bool) -> int:
    try:
        return _run_command(command, data_dir, fast=fast)
    except KeyboardInterrupt:
        return 130


def _run_command(command: list[str], data_dir: Path, *, fast: bool) -> int:
    """The command's exit code. Told to end, it ends the command first and then the servers."""
    signal.signal(signal.SIGTERM, servers.interrupt)
    with servers.running(data_dir, fast=fast) as environment:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, preexec_fn=servers.die_with_parent
        )
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
