# SPDX-License-Identifier: MIT OR Apache-2.0
"""Test Anything Protocol for the Python tests: numbered results on stdout, the plan at the end."""


class Tap:
    """Collects results; finish() prints the plan and returns the exit status."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, good, name, *details):
        """One test. The details are printed as comments when it failed."""
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good:
            for detail in details:
                for line in str(detail).splitlines()[:20]:
                    print(f"#   {line}", flush=True)
        return good

    def none(self, findings, name):
        """One test that wants the list of findings empty."""
        findings = list(findings)
        return self.check(not findings, name, *findings[:20])

    @staticmethod
    def note(text):
        print(f"# {text}", flush=True)

    def finish(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0
