"""Adds up meson's testlog.json files: summary.py FAILED LOG...

FAILED is the number of failures that no log knows of. Names what was skipped,
with the reason that it gave, and what failed; the last line is
'N passed, N failed[, N skipped]'. Exit code 1 when anything failed.
"""
import json
import pathlib
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def reason(test):
    lines = (test.get("stdout", "") + "\n" + test.get("stderr", "")).split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("SKIP: ") if said else "no reason given"


def main():
    failed = int(sys.argv[1])
    passed = skipped = 0
    for path in map(pathlib.Path, sys.argv[2:]):
        run = f"{path.parts[-3]}/{path.stem.replace('testlog', 'test')}"
        for line in path.read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] == "SKIP":
                skipped += 1
                print(f"skipped: {test['name']} ({run}): {reason(test)}")
            else:
                failed += 1
                print(f"{test['result'].lower()}: {test['name']} ({run})")
    if passed + failed == 0:
        print("no test passed or failed")
        failed = 1
    print(f"{passed} passed, {failed} failed" +
          (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


sys.exit(main())
