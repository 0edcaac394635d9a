# SPDX-License-Identifier: LGPL-2.1-or-later
"""The results as Markdown tables that are readable as text."""
import plan
from plan import LANE


def round_to_3(figure):
    digits = 2 if figure < 9.995 else 1 if figure < 99.95 else 0
    return f'{figure:,.{digits}f}'


def duration(ns):
    for unit, size in (('ns', 1), ('µs', 1e3), ('ms', 1e6)):
        if ns < 999.5 * size or unit == 'ms':
            return f'{ns:.0f} ns' if unit == 'ns' else f'{round_to_3(ns / size)} {unit}'


def rate(n):
    for unit, size in (('G/s', 1e9), ('M/s', 1e6), ('k/s', 1e3)):
        if n >= size:
            return f'{round_to_3(n / size)} {unit}'
    return f'{n:.0f} /s'


def figure(results, cell, side):
    """As in a table; after “~” if all its rounds were disturbed."""
    median = results.figure(cell, side)
    if median is None:
        return '–'
    mark = '' if results.sure(cell, side) else '~ '
    if cell.workload == 'idle':
        return f"{median:.1f} ({results.figure(cell, side, 'cpu'):.0f} µs)"
    if cell.workload != 'tput':
        return mark + duration(median)
    return mark + (rate(median) if cell.size < 1024 else f"{round_to_3(results.figure(cell, side, 'mbs') / 1000)} GB/s")


def times(ratio):
    """The ratio of the other side's time and Shmooze's, in words."""
    if 0.995 < ratio < 1.005:
        return 'the same'
    many, word = (ratio, 'faster') if ratio > 1 else (1 / ratio, 'slower')
    return f'{round_to_3(many) if many < 99.5 else f"{many:,.0f}"} × {word}'


def beside(results, cell, side):
    """Shmooze compared with this side."""
    if side == LANE or cell.workload == 'idle':
        return ''
    ratio, sure = results.ratio(cell, side, LANE)
    return '–' if ratio is None else times(ratio) if sure else f'~ {times(ratio)}'


def in_columns(rows):
    """A Markdown table of rows, the first of which has the headings; numbers are aligned to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ['| ' + ' | '.join(word.ljust(width) if i == 0 else word.rjust(width)
                               for i, (word, width) in enumerate(zip(row, widths))) + ' |' for row in rows]
    rules = ['-' * (widths[0] + 2), *('-' * (width + 1) + ':' for width in widths[1:])]
    rule = '|' + '|'.join(rules) + '|'
    return '\n'.join([lines[0], rule, *lines[1:]])


def probes(results, columns):
    """The row of the probe: its median beside Shmooze, and its range."""
    row = ['round trip of a cache line (probe)']
    for _, cell in columns:
        ours, seen = sorted(results.lines(cell, LANE)), results.lines(cell)
        row += [duration(ours[len(ours) // 2]) if ours else '–', f'{min(seen):.0f}–{max(seen):.0f} ns' if seen else '–']
    return row


def of_workload(results, table):
    idle = table.columns[0][1].workload == 'idle'
    columns = [(heading, cell) for heading, cell in table.columns if any(results.has(cell, s.name) for s in plan.SIDES)]
    rows = []
    for side in plan.SIDES:
        if any(results.has(cell, side.name) for _, cell in columns):
            rows.append([side.name, *(word for _, cell in columns for word in words(results, cell, side.name))])
    if not rows:
        return ''
    if any(results.lines(cell) for _, cell in columns):
        rows.append(probes(results, columns))
    headings = ['', *(word for heading, _ in columns for word in ([heading] if idle else [heading, 'Shmooze is']))]
    note = f'{table.note}\n\n' if table.note else ''
    return f'## {table.title}\n\n{note}{in_columns([headings, *rows])}\n'


def words(results, cell, side):
    """The columns of a cell."""
    if cell.workload == 'idle':
        return [figure(results, cell, side)]
    return [figure(results, cell, side), beside(results, cell, side)]


def of_region(region):
    if not region:
        return ''
    rows = [['', 'time', 'Shmooze is'],
            ['Shmooze', duration(region['shmooze_ns']), ''],
            ['shm_open, fallocate, mmap, shm_unlink', duration(region['bare_ns']), times(1 / region['ratio'])],
            ['the same, opened twice', duration(region['bare_open_ns']),
             times(region['bare_open_ns'] / region['shmooze_ns'])]]
    return ('## A named region of 64 KiB: created, opened a second time, both closed\n\n'
            'The target is at most 3 × the time of the bare calls, which leave the name behind if a process dies.\n\n'
            f'{in_columns(rows)}\n')


# -- Targets -----------------------------------------------------------------------------------

def fastest_peer(results, cell):
    """The peer that is the fastest in comparison with Shmooze within the rounds, or ''."""
    peers = [side.name for side in plan.SIDES if side.kind == 'peer' and results.ratio(cell, side.name, LANE)[0]]
    return min(peers, key=lambda name: results.ratio(cell, name, LANE)[0], default='')


def reach(results, target):
    """(target, measured, whether it was met, whether that is certain, compared with what); None: not measured."""
    if target.figure:
        got = results.figure(target.cell, target.own, target.figure)
        return None if got is None else (f'≤ {target.most:g}', f'{got:.2f}', got <= target.most, True, '')
    other = fastest_peer(results, target.cell) if target.other == '*' else target.other
    ratio, sure = results.ratio(target.cell, target.own, other) if other else (None, False)
    if ratio is None:
        return None
    if target.word.startswith('≥'):               # as a share of the other's rate
        return target.word, f'{1 / ratio:.2f} ×', ratio <= target.most, sure, other
    return target.word or f'≤ {target.most:g} ×', f'{ratio:.2f} ×', ratio <= target.most, sure, other


def of_targets(results):
    rows, what = [['what', 'compared with', 'target', 'measured', '']], ''
    for target in plan.targets():
        what = target.what or what
        reached = reach(results, target)
        if reached:
            aim, measured, met, sure, other = reached
            rows.append([what, other, aim, measured if sure else f'~ {measured}',
                         ('met' if met else 'NOT MET') if sure else 'unsure'])
    return '## Targets\n\n' + in_columns(rows) + '\n' if len(rows) > 1 else ''


def targets_as_data(results):
    found, what = [], ''
    for target in plan.targets():
        what = target.what or what
        reached = reach(results, target)
        if reached:
            aim, measured, met, sure, other = reached
            found.append({'what': what, 'beside': other, 'aim': aim, 'measured': measured, 'met': met, 'sure': sure})
    return found
