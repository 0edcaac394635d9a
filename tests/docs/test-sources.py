# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-sources.py: rules that the sources keep, which no compiler checks."""
import os
import pathlib
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import promises
import tap

SOURCE = pathlib.Path(os.environ['SOURCE_ROOT'])
LIBRARY = SOURCE / 'src' / 'shmooze'
# What each folder of the library may include, besides the headers that belong to none.
BELOW = {'os': 'os', 'region': 'os region', 'lane': 'os region lane', 'room': 'os region lane room',
         'classic': 'os region classic'}


def folder(path):
    """The folder of the library that a file belongs to: a public header to that of its .c file."""
    name = pathlib.Path(path).name.replace('-private.h', '.h')
    return next((f for f in BELOW if path.startswith(f + '/') or (LIBRARY / f / name).with_suffix('.c').exists()), None)


@tap.case
def includes_point_down():
    """A file of the library includes headers of its own folder and of the folders below it only."""
    wrong = []
    for path in [*LIBRARY.glob('*/*.[ch]'), *LIBRARY.glob('*.h')]:
        own = folder(str(path.relative_to(LIBRARY)))
        for name in re.findall(r'#\s*include ["<](?:shmooze/)?([\w/-]+\.h)[">]', path.read_text()):
            if own and folder(name) and folder(name) not in BELOW[own].split():
                wrong.append(f'{path.relative_to(LIBRARY)} ({own}) includes {name} ({folder(name)})')
    assert not wrong, '\n'.join(wrong)


@tap.case
def every_case_has_a_summary():
    """Every test case says in one or two sentences what it promises."""
    found = [(f'{suite}/{program}: {case}', summary) for suite, program, cases in promises.programs()
             for case, summary in cases]
    missing = [case for case, summary in found if not summary or not summary.rstrip().endswith('.')]
    assert not missing, 'without a summary: ' + ', '.join(missing)
    tap.note(f'{len(found)} cases')


tap.main()
