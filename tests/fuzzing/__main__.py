"""Run a campaign: `python -m fuzzing kernels --calls 10000000`, or `files --files 1000000`."""

import argparse
import sys
import time


def arguments():
    parser = argparse.ArgumentParser("fuzzing", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="where the random numbers start")
    what = parser.add_subparsers(dest="what", required=True)
    kernels = what.add_parser("kernels", help="kernels against their twins in NumPy")
    kernels.add_argument("--calls", type=int, default=1_000_000)
    kernels.add_argument(
        "--callers", type=int, default=1, help="threads that call at the same time"
    )
    kernels.add_argument("names", nargs="*", help="some kernels only")
    files = what.add_parser("files", help="damaged files, which load or are refused")
    files.add_argument("--files", type=int, default=100_000)
    files.add_argument("--only", type=int, help="the number of one file, to look at it again")
    leaks = what.add_parser(
        "leaks", help="graphs, failing calls and trainings that leave nothing behind"
    )
    leaks.add_argument(
        "--share", type=float, default=1.0, help="of a million graphs and what goes with them"
    )
    return parser.parse_args()


class Progress:
    """Say each minute how far a campaign is, and at once what it has found."""

    def __init__(self):
        self.last, self.known = time.monotonic(), 0

    def __call__(self, line, findings):
        for finding in findings[self.known :]:
            print(finding, file=sys.stderr, flush=True)
        self.known = len(findings)
        if time.monotonic() > self.last + 60:
            self.last = time.monotonic()
            print(f"{line}, {len(findings)} findings", file=sys.stderr, flush=True)


def main():
    given = arguments()
    if given.what == "leaks":
        from fuzzing import leaks

        found = leaks.campaign(given.share, lambda line: print(line, flush=True))
        print("\n".join(found) or "no leaks")
        return bool(found)

    if given.what == "files":
        from fuzzing import files

        found = files.run(given.files, given.seed, lambda line: print(line, flush=True), given.only)
        print(f"{found.files:,} files, {len(found.findings)} findings, {found.seconds:.0f} s")
        return bool(found.findings)

    from fuzzing.kernels import campaign

    report = campaign(given.calls, given.seed, given.callers, given.names or None, Progress())
    print(report)
    return bool(report.findings)


if __name__ == "__main__":
    sys.exit(main())
