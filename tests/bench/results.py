# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures of many rounds: their medians, and the ratios within each round."""
from statistics import median
from measure import distance, near


class Results:
    def __init__(self, measurements):
        self.measurements = measurements
        self.found = {}
        for m in measurements:
            if 'error' not in m:
                self.found.setdefault((m['cell'], m['side']), {})[m['round']] = m

    def rounds(self, cell, side):
        """The rounds of this side in this cell, without disturbed ones unless there are no others."""
        all_rounds = self.found.get((cell.key, side), {})
        calm = {n: m for n, m in all_rounds.items() if not m['disturbed']}
        return calm or all_rounds

    def sure(self, cell, side):
        return any(not m['disturbed'] for m in self.found.get((cell.key, side), {}).values())

    def figure(self, cell, side, name=None):
        """The median, or None."""
        figures = [m[name or cell.figure] for m in self.rounds(cell, side).values()]
        return median(figures) if figures else None

    def has(self, cell, side):
        return (cell.key, side) in self.found

    def ratio(self, cell, side, other):
        """How many times as long this side takes as the other, the median over the rounds (None: not measured); and
        whether the distance of the CPUs was comparable in these rounds."""
        ours, theirs = self.rounds(cell, side), self.rounds(cell, other)
        both = ours.keys() & theirs.keys()
        if not both:
            ours, theirs = self.found.get((cell.key, side), {}), self.found.get((cell.key, other), {})
            both = ours.keys() & theirs.keys()
        alike = [n for n in both if comparable(ours[n], theirs[n])]
        ratios = [time(cell, ours[n]) / time(cell, theirs[n]) for n in alike or both]
        return (median(ratios), bool(alike)) if ratios else (None, False)

    def lines(self, cell, side=None):
        """The results of the probe."""
        return [ns for (key, name), rounds in self.found.items() if key == cell.key and side in (None, name)
                for m in rounds.values() for ns in m.get('line', [])]

    def errors(self):
        """The messages of each failed side and cell."""
        failed = {}
        for m in self.measurements:
            if 'error' in m:
                failed.setdefault((m['side'], m['cell']), []).append(m['error'])
        return failed


def time(cell, m):
    """The time of a message, in any unit."""
    figure = m[cell.figure]
    return 1 / figure if cell.workload == 'tput' else figure


def comparable(ours, theirs):
    """Whether neither was disturbed, and the probe took about the same time for both."""
    if ours['disturbed'] or theirs['disturbed']:
        return False
    if 'line' not in ours or 'line' not in theirs:
        return True
    return near(distance(ours), distance(theirs))
