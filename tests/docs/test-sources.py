# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-sources.py: rules that the sources keep, which no compiler checks."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import promises
import prose
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


def git(*arguments):
    done = subprocess.run(['git', '-C', SOURCE, *arguments], text=True, capture_output=True)
    return done.stdout if done.returncode in (0, 1) else ''


def squeezed(lines):
    """What a line break or alignment does not change."""
    return re.sub(r'(?<=[({\[]) | (?=[)}\]])|(?<=[)\]]) (?=\{)', '', ' '.join(' '.join(lines).split()))


def misformatted(diff):
    """The changes in which clang-format differs by more than line breaks and alignment, which it cannot do in this
    project's style. After a translated string it indents too far; macros and directives are left alone."""
    for hunk in re.split(r'^(?=diff |@@)', diff, flags=re.M):
        if not hunk.startswith('@@') or '_(' in hunk or '\\\n' in hunk or re.search(r'^-\s*#', hunk, re.M):
            continue
        for group in re.findall(r'(?:^-.*\n)+(?:^\+.*\n)*|(?:^\+.*\n)+', hunk, re.M):
            old, new = ([line[1:] for line in group.splitlines() if line[0] == sign] for sign in '-+')
            indents = [[len(line) - len(line.lstrip()) for line in lines] for lines in (old, new)]
            if squeezed(old) != squeezed(new) or len(old) == len(new) and indents[0] != indents[1]:
                yield group


@tap.case
def changed_lines_are_formatted():
    """The lines that changed since main, or in the last commit on main, are formatted as .clang-format says."""
    if not shutil.which('git-clang-format') and not git('clang-format', '-h'):
        raise tap.Skip('git clang-format is not installed')
    head = git('rev-parse', 'HEAD').strip()
    bases = [git('merge-base', 'HEAD', name).strip() for name in ('origin/main', 'main')]
    base = next((base for base in bases if base and base != head), git('rev-parse', '--verify', '-q', 'HEAD~1').strip())
    if not base:
        raise tap.Skip('there is no history to compare with')
    wrong = list(misformatted(git('clang-format', '--diff', '--extensions', 'c', base)))
    assert not wrong, 'run git clang-format, or format by hand:\n' + '\n'.join(wrong)


@tap.case
def prose_is_plain():
    """Sources, tests and documentation avoid the wording that CONTRIBUTING.md advises against."""
    if not git('ls-files'):
        raise tap.Skip('this is not a checkout')
    found = [f'{path}:{number}: {line}' for path, number, line in prose.findings(prose.files())]
    assert not found, '\n'.join(found)


@tap.case
def every_case_has_a_summary():
    """Every test case says in one or two sentences what it promises."""
    found = [(f'{suite}/{program}: {case}', summary) for suite, program, cases in promises.programs()
             for case, summary in cases]
    missing = [case for case, summary in found if not summary or not summary.rstrip().endswith('.')]
    assert not missing, 'without a summary: ' + ', '.join(missing)
    tap.note(f'{len(found)} cases')


tap.main()
