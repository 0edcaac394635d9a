#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""windows.py [--build DIR] [--rounds N] [--quick] [--json FILE]: how fast the chat window is.

Opens real windows with real keys on a private display, and in the same rounds an empty GTK window. Requires what the
tests of the windows require, a C compiler, and valgrind to count instructions.
"""
import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RIG = os.path.join(HERE, '..', 'rig', 'with-display')


def options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', default=os.path.join(HERE, '..', '..', 'build'), help='a built tree')
    parser.add_argument('--rounds', type=int, help='how often a window is started (default: 15, with --quick 5)')
    parser.add_argument('--quick', action='store_true',
                        help='take seconds instead of minutes, and do not count instructions')
    parser.add_argument('--json', metavar='FILE', help='write the figures to FILE')
    return parser.parse_args()


def enter_display():
    """Restarts the program on a private display, whose runtime directory is in memory, as on a desktop."""
    memory = '/dev/shm'
    env = {**os.environ, 'WINDOWS_DISPLAY': '1', **({'TMPDIR': memory} if os.path.isdir(memory) else {})}
    os.execve(RIG, [RIG, '-a', 'off', '-s', '1400x800', '--', sys.executable, os.path.abspath(__file__),
                    *sys.argv[1:]], env)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def starts(programs, rounds):
    """(seconds, CPU seconds, bytes) of each program by round; the first round, which fills the caches, is dropped."""
    import windows_rows
    found = [[windows_rows.start(*program) for program in programs] for _ in range(rounds + 1)]
    return found[1:]


def start_rows(found):
    """The rows that compare the chat window with the empty one."""
    def median(which, index, scale):
        return statistics.median(one[which][index] for one in found) * scale

    rows = []
    for index, name, unit, scale in ((0, 'first frame', 'ms', 1e3), (2, 'private memory', 'MiB', 2 ** -20)):
        empty, chat = median(0, index, scale), median(1, index, scale)
        rows.append(row(name, chat / empty, '×', 1.25, f'{chat:.1f} {unit}, empty window {empty:.1f} {unit}'))
    rows[0]['detail'] += f'; of it work {median(1, 1, 1e3):.1f} ms and {median(0, 1, 1e3):.1f} ms'
    return rows


def row(name, value, unit, target, detail=''):
    return {'name': name, 'value': value, 'unit': unit, 'target': target, 'met': value <= target, 'detail': detail}


def key_rows(times):
    """The rows of a keystroke: from the event in one window until the other has the text."""
    from_key, from_event, from_text = times
    detail = f'{len(from_event)} keys; from the key itself {percentile(from_key, 0.5) * 1e3:.2f} ms, ' \
             f'from the changed text {percentile(from_text, 0.5) * 1e3:.2f} ms'
    return [row('keystroke, p50', percentile(from_event, 0.5) * 1e3, 'ms', 1, detail),
            row('keystroke, p99', percentile(from_event, 0.99) * 1e3, 'ms', 16.7,
                f'longest {max(from_event) * 1e3:.2f} ms')]


def transcript_rows(found):
    detail = f'{found["messages"]:,} in {found["seconds"]:.1f} s; of it the window\'s own work ' \
             f'{found["longest_work"] * 1e3:.1f} ms, longest wait for a frame {found["longest_wait"] * 1e3:.1f} ms'
    return [row('transcript, longest stall', found['longest_turn'] * 1e3, 'ms', 50, detail),
            row('transcript, a message beyond its text', found['bytes_a_message'], 'bytes', 600)]


def count_rows(count):
    total, gtk = count
    return [row('keystroke, until published', total - gtk, 'instructions', 2000,
                f'of 80 characters, and {gtk:.0f} of GTK\'s own')]


def measure(args, folder):
    """Measures everything. Returns the rows and the raw figures."""
    import windows_count
    import windows_probe
    import windows_rows
    build = os.path.abspath(args.build)
    shmooze, shmoozectl = (os.path.join(build, 'src', *name) for name in (('chat', 'shmooze'), ('ctl', 'shmoozectl')))
    os.environ.setdefault('GSETTINGS_SCHEMA_DIR', os.path.join(build, 'data'))
    os.makedirs(os.environ['XDG_RUNTIME_DIR'], exist_ok=True)
    probe, empty = windows_probe.build(folder)
    raw = {'starts': starts(([probe, empty], [probe, shmooze, 'bench', '--name=Ada']),
                            args.rounds or (5 if args.quick else 15)),
           'keystrokes': windows_rows.keystrokes(probe, shmooze, 'bench', 160 if args.quick else 960),
           'transcript': windows_rows.transcript(probe, shmooze, shmoozectl, 'bench', 10000 if args.quick else 100000)}
    rows = start_rows(raw['starts']) + key_rows(raw['keystrokes']) + transcript_rows(raw['transcript'])
    if not args.quick and shutil.which('valgrind'):
        raw['instructions'] = windows_count.measure(shmooze, 'bench')
        rows += count_rows(raw['instructions'])
    return rows, raw


def show(rows):
    print('The chat window, with GTK\'s cairo renderer:')
    for r in rows:
        print(f'  {r["name"]:38} {r["value"]:9,.2f} {r["unit"]:12} at most {r["target"]:<6,} '
              f'{"met" if r["met"] else "MISSED":6}  {r["detail"]}'.rstrip())


def main():
    args = options()
    if not os.environ.get('WINDOWS_DISPLAY'):
        enter_display()
    with tempfile.TemporaryDirectory() as folder:
        rows, raw = measure(args, folder)
    show(rows)
    if args.json:
        with open(args.json, 'w') as file:
            json.dump({'rows': rows, 'raw': raw}, file, indent=1)


if __name__ == '__main__':
    main()
