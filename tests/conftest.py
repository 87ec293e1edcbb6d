"""Settings of all tests, and the account of the campaigns at the end of a run."""

from collections import Counter

import pytest
from hypothesis import settings

from tests.torture.campaigns import COUNTS, SEED, WHOLE

# A property that takes long on a busy machine is slow, not wrong: examples have no deadline.
settings.register_profile("jinlan", settings(deadline=None))
settings.load_profile("jinlan")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the seed and the counts of each campaign: of all in a whole run, else of failed ones."""
    sums: dict[str, Counter[str]] = {}
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if getattr(report, "when", "") == "call" and (WHOLE or outcome == "failed"):
                for name, counts in report.user_properties:
                    if name == COUNTS:
                        sums.setdefault(report.nodeid.split("[")[0], Counter()).update(counts)
    if sums:
        terminalreporter.section(f"campaigns, seed {SEED}")
    for test, counts in sorted(sums.items()):
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
        terminalreporter.write_line(f"{test}: {told}")
