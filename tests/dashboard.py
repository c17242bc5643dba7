"""`python -m tests.dashboard`: the dashboard's own checks, types and then tests, run with the packaged Node."""

import sys

from hatch_build import ROOT, Unbuildable, install, run_node

WEB = ROOT / "web"
CHECKS = (["node_modules/typescript/bin/tsc", "--noEmit"], ["node_modules/vitest/vitest.mjs", "run"])


def main() -> int:
    """Run all; 0 if they went well."""
    try:
        install(WEB)
        for check in CHECKS:
            run_node(WEB, check)
    except Unbuildable as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
