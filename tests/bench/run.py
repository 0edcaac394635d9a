#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures how fast Shmooze and other channels pass messages between two processes: see README.md."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import chart
import machine
import measure
import plan
import table
from results import Results

SETTLING = 1                                      # seconds: the maximum time until a started pair is idle


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('programs', metavar='DIRECTORY', nargs='?', help='where the programs were built')
    parser.add_argument('--quick', action='store_true', help='measure only four workloads, in two short rounds')
    parser.add_argument('--rounds', type=int, help='default: 5, with --quick 2')
    parser.add_argument('--only', metavar='REGEX', default='',
                        help='measure only what matches “SIDE: WORKLOAD WAIT SIZE PLACE”')
    parser.add_argument('--targets', action='store_true', help='print only the targets')
    parser.add_argument('--json', metavar='FILE', help='write the raw figures')
    parser.add_argument('--svg', metavar='FILE', help='write a chart')
    parser.add_argument('--from', metavar='FILE', dest='source', help='read raw figures instead of measuring')
    arguments = parser.parse_args()
    if bool(arguments.programs) == bool(arguments.source):
        parser.error('either DIRECTORY or --from')
    return arguments


def say(words):
    """Shows the progress, on one line of a terminal."""
    end, erase = ('', '\r\033[K') if sys.stderr.isatty() else ('\n', '')
    print(f'{erase}{words}', end=end, file=sys.stderr, flush=True)


# -- Surroundings ------------------------------------------------------------------------------

@contextlib.contextmanager
def surroundings():
    """A private runtime directory and message bus, which are removed afterwards."""
    os.mkdir(measure.HOME, 0o700)
    os.environ['XDG_RUNTIME_DIR'] = measure.HOME
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bus = None
    try:
        bus = start_bus()
        yield bus is not None
    finally:
        if bus:
            bus.terminate()
            bus.wait()
        measure.sweep(measure.RUN)


def start_bus():
    os.environ.pop('DBUS_SESSION_BUS_ADDRESS', None)
    if not shutil.which('dbus-daemon'):
        return None
    bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address',
                            f'--address=unix:path=/tmp/{measure.RUN}-bus'],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = bus.stdout.readline().strip()
    if not address:
        bus.wait()
        return None
    os.environ['DBUS_SESSION_BUS_ADDRESS'] = address
    return bus


def choose_sides(programs, has_bus):
    """The available sides, and why the others are left out."""
    there, left_out = [], []
    for side in plan.SIDES:
        if not os.access(os.path.join(programs, side.program), os.X_OK):
            left_out.append(f'{side.name}: needs ' + (side.needs or side.program))
        elif side.daemon and not has_bus:
            left_out.append(f'{side.name}: needs {side.needs}')
        else:
            there.append(side)
    return there, left_out


# -- Measuring ---------------------------------------------------------------------------------

def in_turns(programs, sides, cells, arguments):
    """Measures all sides in each cell of each round: Shmooze, limits and rings, then the peers."""
    patience, attempts, failed = (0.2, 1, {}) if arguments.quick else (10, 3, {})
    close = [side for side in sides if side.kind != 'peer']
    peers = [side for side in sides if side.kind == 'peer']
    for number in range(arguments.rounds):
        for cell in cells:
            say(f'Round {number + 1} of {arguments.rounds}: {cell.key}')
            reference = None
            for side in close + (peers[::-1] if number % 2 else peers):
                own_cell = cell.run_by(side)
                if own_cell is None or failed.get((side, cell), 0) > 1:
                    continue
                m = measure.measure(programs, side, own_cell, patience, attempts, reference)
                reference = reference or measure.distance(m)
                if 'error' in m:
                    failed[side, cell] = failed.get((side, cell), 0) + 1
                yield record(number, cell, side, own_cell, m)


def side_by_side(programs, sides, cells):
    """Measures idle pairs at the same time, but starts them one after the other."""
    jobs = [(cell, side, cell.run_by(side)) for cell in cells for side in sides if cell.run_by(side)]
    if not jobs:
        return
    say(f'{len(jobs)} idle pairs for {max(cell.seconds for cell in cells):.0f} s')
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        found = []
        for cell, side, own_cell in jobs:
            found.append(pool.submit(measure.pair, programs, side, own_cell))
            measure.wait_quiet(SETTLING)
        for (cell, side, own_cell), job in zip(jobs, found):
            yield record(0, cell, side, own_cell, job.result() | {'disturbed': False})


def record(number, cell, side, own_cell, figures):
    return {'round': number, 'cell': cell.key, 'side': side.name, 'workload': cell.workload, 'wait': own_cell.wait,
            'size': cell.size, 'place': cell.place, 'seconds': cell.seconds, **figures}


def run(arguments):
    cells = [cell for cell in plan.all_cells(plan.tables(arguments.quick)) if cell.place in measure.places()]
    with surroundings() as has_bus:
        sides, left_out = choose_sides(arguments.programs, has_bus)
        data = {'machine': machine.describe(arguments.programs), 'quick': arguments.quick, 'rounds': arguments.rounds,
                'left_out': left_out, 'measurements': []}
        if arguments.only:
            cells, sides = narrowed(cells, sides, arguments.only)
        data['measurements'] += in_turns(arguments.programs, sides, [c for c in cells if c.workload != 'idle'],
                                         arguments)
        data['measurements'] += side_by_side(arguments.programs, sides, [c for c in cells if c.workload == 'idle'])
        data['region'] = {} if arguments.only else measure_region(arguments.programs)
    say('')
    data['targets'] = table.targets_as_data(Results(data['measurements']))
    return data


def measure_region(programs):
    """The cost of a named region and of the bare system calls; {} if it cannot be measured."""
    program = os.path.join(programs, 'bench-region')
    if not os.access(program, os.X_OK):
        return {}
    done = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=False)
    return {name: float(value) for name, value in re.findall(r'(\w+)=([0-9.]+)', done.stdout)}


def narrowed(cells, sides, pattern):
    """The cells and sides that match."""
    pairs = [(cell, side) for cell in cells for side in sides if re.search(pattern, f'{side.name}: {cell.key}')]
    return ([cell for cell in cells if any(cell is found for found, _ in pairs)],
            [side for side in sides if any(side is found for _, found in pairs)])


# -- Printing ----------------------------------------------------------------------------------

def show(data, only_targets):
    results = Results(data['measurements'])
    parts = []
    if not only_targets:
        what = 'one idle wait' if data['rounds'] == 0 else f"medians of {data['rounds']} rounds"
        parts.append(f"# How fast messages pass\n\n{machine.in_words(data['machine'])}; {what}.\n"
                     f"memcpy: {machine.copies_in_words(data['machine'])}. Ratios are of the same rounds; "
                     '“~”: disturbed by other load, or by a change of the distance between the CPUs.\n')
        parts += [table.of_workload(results, t) for t in plan.ALL]
        parts.append(table.of_region(data.get('region')))
    parts.append(table.of_targets(results))
    for (side, cell), said in results.errors().items():
        parts.append(f'FAILED: {side}, {cell}, {len(said)} times: {said[-1]}\n')
    if data['left_out'] and not only_targets:
        parts.append('Left out: ' + '; '.join(data['left_out']) + '.\n')
    print('\n'.join(part for part in parts if part), end='')


def main():
    arguments = parse_arguments()
    if arguments.rounds is None:
        arguments.rounds = 2 if arguments.quick else 5
    if arguments.source:
        with open(arguments.source) as file:
            data = json.load(file)
    else:
        data = run(arguments)
    if arguments.json:
        with open(arguments.json, 'w') as file:
            json.dump(data, file, indent=1, ensure_ascii=False)
            file.write('\n')
    if arguments.svg:
        with open(arguments.svg, 'w') as file:
            file.write(chart.draw(data))
    show(data, arguments.targets)
    return any('error' in m for m in data['measurements'])


if __name__ == '__main__':
    sys.exit(main())
