#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares instruction counts of callgrind with budget.json: test-budget.py [BUDGET] [CASE...]. Prints TAP.

    test-budget.py [BUDGET] --profile OPERATION   prints the functions that take most of its instructions
    test-budget.py [BUDGET] --update              writes the counts of this build into budget.json

BUDGET is the program that does the operations, by default the one in build/. Instruction counts do not depend on the
load of the machine, but on the compiler and on GLib. Therefore the figures apply only to the build that they
were taken from; other builds are only tested for the growth with the number of readers."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'rig'))
import tap  # noqa: E402

FIGURES = os.path.join(HERE, 'budget.json')
HELD = ('write-read-spin', 'write-read-bell', 'write-next-spin', 'draft', 'draft-read', 'room-draft', 'room-message')
READERS = (1, 2, 4, 8, 15)
GROWTH = 3                                        # maximum number of instructions of a write for each additional reader
ROOM = 0.10
# The lane's queue wraps after 455 of these messages: whole rounds are counted.
TIMES = {'room-message': (50, 250)}
USUAL_TIMES = (455, 3 * 455)
PATIENCE = 240

program = os.path.join(HERE, '..', '..', 'build', 'tests', 'budget', 'budget')


def build():
    """What the counts depend on, as the program reports it."""
    words = subprocess.run([program, '--build'], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return dict(word.split('=', 1) for word in words)


def callgrind(operation, times, output):
    """Runs an operation under callgrind, in a clean environment."""
    valgrind = shutil.which('valgrind')
    with tempfile.TemporaryDirectory(prefix='shmooze-budget-') as place:
        # On every processor, glibc copies with instructions that all of them have.
        env = {'XDG_RUNTIME_DIR': place, 'LC_ALL': 'C', 'LD_BIND_NOW': '1', 'G_SLICE': 'always-malloc',
               'GIO_USE_VFS': 'local', 'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX512VL,-AVX2,-ERMS,-FSRM'}
        done = subprocess.run([valgrind, '-q', '--tool=callgrind', '--toggle-collect=budget_measured',
                               '--callgrind-out-file=' + output, os.path.abspath(program), operation, str(times)],
                              env=env, timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        left = [name for _, _, names in os.walk(place) for name in names]
    if done.returncode != 0 and 'debuginfo reader' in done.stdout:
        raise tap.Skip('this version of valgrind cannot read the debugging information of this compiler')
    assert done.returncode == 0, f'{operation}: status {done.returncode}: {done.stdout}'
    assert not left, f'{operation} leaves {left}'


def total(operation, times):
    """The instructions of that number of operations."""
    with tempfile.TemporaryDirectory(prefix='shmooze-budget-') as folder:
        output = os.path.join(folder, 'callgrind.out')
        callgrind(operation, times, output)
        with open(output) as file:
            sums = [line.split()[1] for line in file if line.startswith('totals:')]
    assert len(sums) == 1, sums
    return int(sums[0])


def count(operation):
    """The instructions of one operation: those of additional ones, so that the start is not counted."""
    few, many = TIMES.get(operation, USUAL_TIMES)
    return (total(operation, many) - total(operation, few)) / (many - few)


def figures():
    with open(FIGURES) as file:
        return json.load(file)


def need_callgrind():
    if shutil.which('valgrind') is None:
        raise tap.Skip('valgrind is not installed')
    if build()['optimization'] == 'none':
        raise tap.Skip('this build is not optimized')


def differences(other):
    """How this build differs from the one that the figures were taken from, in words."""
    own = build()
    return ', '.join(f'{key} is {own.get(key)} and not {value}' for key, value in other.items()
                     if own.get(key) != value)


def hold(operation):
    """An operation takes at most its figure and 10 % more instructions."""
    need_callgrind()
    known = figures()
    figure, found = known['instructions'][operation], count(operation)
    more = found / figure - 1
    tap.note(f'{operation}: {found:.1f} instructions; the budget is {figure:.1f}')

    reason = differences(known['build'])
    if reason:
        raise tap.Skip(f'{found:.0f} instructions; the budget is for another build: {reason}')
    assert more <= ROOM, (f'{operation}: {found:.1f} instructions, {100 * more:.0f} % more than the budget of '
                          f'{figure:.1f}; see where with: tests/budget/test-budget.py --profile {operation}')
    if more <= -ROOM:
        tap.note(f'{operation}: the budget can be lowered by {-100 * more:.0f} %: tests/budget/test-budget.py --update')


def add_cases():
    for operation in HELD:
        def one(operation=operation):
            hold(operation)

        one.__name__ = operation.replace('-', '_')
        one.__doc__ = f'The instructions of {operation} stay within its budget.'
        tap.case(one)


@tap.case
def growth_with_readers():
    """The cost of a write does not grow with the number of awake readers."""
    need_callgrind()
    counts = [count(f'write-{n}') for n in READERS]
    tap.note('a write with ' + ', '.join(map(str, READERS)) + ' readers: ' + ', '.join(f'{c:.1f}' for c in counts))
    for i in range(1, len(READERS)):
        grows = (counts[i] - counts[i - 1]) / (READERS[i] - READERS[i - 1])
        assert grows <= GROWTH, (f'from {READERS[i - 1]} readers to {READERS[i]} a write grows by {grows:.1f} '
                                 f'instructions a reader; {GROWTH} are allowed')


def profile(operation):
    """Prints the functions that take most of the instructions."""
    _, many = TIMES.get(operation, USUAL_TIMES)
    with tempfile.TemporaryDirectory(prefix='shmooze-budget-') as folder:
        output = os.path.join(folder, 'callgrind.out')
        callgrind(operation, many, output)
        print(f'{operation}, {many} times:', flush=True)
        subprocess.run(['callgrind_annotate', '--auto=no', '--threshold=95', output], check=True)


def update():
    """Updates the file, and prints the changes."""
    former = figures()['instructions'] if os.path.exists(FIGURES) else {}
    found = {operation: round(count(operation), 1) for operation in HELD}
    with open(FIGURES, 'w') as file:
        json.dump({'build': build(), 'instructions': found}, file, indent=2)
        file.write('\n')
    for operation, figure in found.items():
        print(f'{operation}: {former.get(operation, "none")} → {figure}')


def main():
    global program
    if sys.argv[1:] and os.path.sep in sys.argv[1]:
        program = sys.argv.pop(1)
    if sys.argv[1:2] == ['--profile'] and len(sys.argv) == 3:
        profile(sys.argv[2])
    elif sys.argv[1:] == ['--update']:
        update()
    else:
        add_cases()
        tap.main()


if __name__ == '__main__':
    main()
