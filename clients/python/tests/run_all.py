"""Runs all tests. The tests of different files wait for different things, so they run at once."""

import pathlib
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).parent


def main() -> int | str:
    started_at = time.monotonic()
    files = sorted(FOLDER.glob("test_*.py"))
    tests = [
        subprocess.Popen(
            [sys.executable, "-B", path], stderr=subprocess.STDOUT, stdout=subprocess.PIPE
        )
        for path in files
    ]
    failed = []
    for path, test in zip(files, tests, strict=True):
        output, _ = test.communicate()
        print(f"{path.name}\n{output.decode(errors='replace')}", end="", flush=True)
        if test.returncode != 0:
            failed.append(path.name)
    print(f"{len(files)} files in {time.monotonic() - started_at:.0f} s")
    return f"failed: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main())
