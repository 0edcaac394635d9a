# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-table.py SOURCE-OF-TESTS BUILT-TESTS: every behaviour that tests/README.md lists has a test case of its own."""
import collections
import functools
import glob
import os
import re
import subprocess
import sys

source, build = map(os.path.abspath, sys.argv[1:3])
sys.argv[1:] = []
sys.path.insert(0, os.path.join(source, 'rig'))
import tap

AREAS = ['Names', 'Capacity', 'Access', 'Bounds', 'Coherence', 'Copy-on-write', 'Stream', 'Life cycle', 'Across processes',
         'Foreign objects', 'Lock', 'File-backed', 'Unnamed regions and descriptors', 'Strangers', 'Liveness', 'Threads',
         'Communicator', 'Shared text', 'Waiting without a bell', 'Supervisor', 'Console', 'Sandbox']
WHO = {'NET', 'Boost', 'Qt', 'Python', 'design'}
FEWEST = 100

Row = collections.namedtuple('Row', 'area behaviour who program case')


@functools.lru_cache
def table():
    rows, area = [], None
    with open(os.path.join(source, 'README.md')) as file:
        for line in file:
            if line.startswith('#'):
                area = line.strip('# \n')
            elif re.match(r'\|(?! *Behaviour)[^|]*[^-|]', line):
                cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
                assert len(cells) == 3, f'not three cells: {line}'
                named = re.fullmatch(r'`(test-[\w-]+(?:\.py)?): (\S+)`', cells[2])
                assert named, f'no "program: case": {line}'
                rows.append(Row(area, cells[0], cells[1], *named.groups()))
    return rows


@functools.lru_cache
def cases_of(program):
    """The cases that a program lists; those of a Python program are the functions that it marks."""
    if program.endswith('.py'):
        [path] = glob.glob(os.path.join(source, '**', program), recursive=True)
        with open(path) as file:
            return set(re.findall(r'^(?:@(?:tap\.)?case\ndef (?=\w)|def (?=test_))(\w+)\(', file.read(), re.M))
    listed = subprocess.run([os.path.join(build, program), '-l'], check=True, text=True, capture_output=True, timeout=60)
    return {line for line in listed.stdout.splitlines() if line.startswith('/')}


def doubles(values):
    return [value for value, count in collections.Counter(values).items() if count > 1]


@tap.case
def there_are_enough_rows():
    assert len(table()) >= FEWEST, f'only {len(table())} rows'
    tap.note(f'{len(table())} behaviours')


@tap.case
def every_area_is_known_and_has_rows():
    assert {row.area for row in table()} == set(AREAS), {row.area for row in table()} ^ set(AREAS)


@tap.case
def every_row_says_who_else_asserts_it():
    bad = [row for row in table() if not row.who or not set(row.who.split(', ')) <= WHO]
    assert not bad, bad


@tap.case
def every_behaviour_is_one_plain_sentence():
    bad = [row.behaviour for row in table() if not re.fullmatch(r'\S.*\.', row.behaviour)]
    assert not bad, bad
    assert not doubles(row.behaviour for row in table()), doubles(row.behaviour for row in table())


@tap.case
def no_two_rows_name_the_same_case():
    same = doubles((row.program, row.case) for row in table())
    assert not same, same


@tap.case
def every_case_exists():
    missing = [f'{row.program}: {row.case}' for row in table() if row.case not in cases_of(row.program)]
    assert not missing, '\n'.join(missing)


tap.main()
