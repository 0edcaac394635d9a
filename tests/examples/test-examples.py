# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-examples.py C-PROGRAM [VALA-PROGRAM]: each example meets each other one, and Python's own shared memory."""
import atexit
import itertools
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'rig'))
import tap

programs = dict(zip(('c', 'vala'), ([os.path.abspath(path)] for path in sys.argv[1:])))
sys.argv[1:] = []
if os.environ['INTROSPECTION'] == 'yes':
    programs['python'] = [sys.executable, os.path.join(HERE, 'hello.py')]

# Python's shared memory is another one from 3.13 on: every version that is there is tried.
pythons = {os.path.realpath(path) for path in (sys.executable, shutil.which('python3')) if path}

folder = tempfile.mkdtemp(prefix='shmooze-examples-')
atexit.register(shutil.rmtree, folder)
env = {**os.environ, 'XDG_RUNTIME_DIR': folder, 'SHMOOZE_DOMAIN': 'test.Examples', 'FLATPAK_ID': ''}
numbers = itertools.count(1)


def new_name(slash=''):
    return f'{slash}shmooze-test-{os.getpid()}-{next(numbers)}'


def path_of(name):
    return '/dev/shm' + name if name.startswith('/') else f'{folder}/app/test.Examples/shmooze/{name}'


def call(*words, ends_with=0):
    """What a program printed; it is to say nothing on the error stream unless it fails."""
    done = subprocess.run(words, env=env, text=True, capture_output=True, timeout=60)
    assert done.returncode == ends_with, f'{words} ended with {done.returncode}: {done.stderr}'
    assert bool(done.stderr) == bool(ends_with), done.stderr
    return done.stderr if ends_with else done.stdout


class Holding:
    """A program that writes a text under a name, and holds it within the block."""
    def __init__(self, program, name, text):
        self.words, self.name = [*program, 'write', name, text], name

    def __enter__(self):
        self.process = subprocess.Popen(self.words, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line == 'holding\n', f'{self.words}: {line}{self.process.communicate()[1]}'
        assert os.path.exists(path_of(self.name))
        return self

    def __exit__(self, *whatever):
        errors = self.process.communicate(timeout=60)[1]
        assert self.process.returncode == 0 and errors == '', errors
        assert not os.path.exists(path_of(self.name)), f'{self.name} is left behind'


def need(*languages):
    for language in languages:
        if language not in programs:
            raise tap.Skip(f'there is no {language} here')


@tap.case
def each_example_is_at_most_40_lines():
    """Each example has at most 40 lines."""
    for name in ('hello.c', 'hello.py', 'hello.vala', 'shared_memory.py'):
        with open(os.path.join(HERE, name), encoding='utf-8') as file:
            count = len(file.readlines())
        assert count <= 40, f'{name} has {count}'


def pair(writer, reader):
    def test():
        need(writer, reader)
        name, text = new_name(), f'Grüße, from {writer} to {reader}'
        with Holding(programs[writer], name, text):
            assert call(*programs[reader], 'read', name) == text + '\n'
    test.__name__ = f'{writer}_writes_and_{reader}_reads'
    tap.case(test)


for languages in itertools.product(('c', 'python', 'vala'), repeat=2):
    pair(*languages)


@tap.case
def whoever_comes_before_or_after_is_told_that_nothing_is_there():
    """Each example reports that there is nothing to read before the region exists and after it is gone."""
    name = new_name()
    for program in programs.values():
        assert name in call(*program, 'read', name, ends_with=1)
    with Holding(programs['c'], name, 'one'):
        for program in programs.values():
            assert name in call(*program, 'write', name, 'another', ends_with=1)
    for program in programs.values():
        assert name in call(*program, 'read', name, ends_with=1)


@tap.case
def one_that_is_killed_leaves_a_name_that_the_next_one_can_take():
    """The name of a killed example can be taken by the next one."""
    name = new_name()
    for program in programs.values():
        try:
            with Holding(program, name, 'killed') as held:
                held.process.kill()
                held.process.wait()
        except AssertionError:
            pass
        assert os.path.exists(path_of(name)), 'the killed one has removed it, so this test shows nothing'
        assert name in call(*programs['c'], 'read', name, ends_with=1)
        with Holding(program, name, 'alive'):
            assert call(*programs['c'], 'read', name) == 'alive\n'


@tap.case
def ours_is_changed_and_read_by_the_standard_library():
    """Python's standard library reads and changes ours."""
    for program, python in itertools.product(programs.values(), pythons):
        other, name = [python, os.path.join(HERE, 'shared_memory.py')], new_name('/')
        with Holding(program, name, 'ours'):
            assert call(*other, 'read', name) == 'ours\n'
            call(*other, 'change', name, 'theirs')
            assert os.path.exists(path_of(name)), 'Python has removed a name that is not its own'
            assert call(*programs['c'], 'read', name) == 'theirs\n'


@tap.case
def the_standard_library_s_is_read_and_never_removed_by_ours():
    """Python's own shared memory is read and never removed by ours."""
    for python in pythons:
        other, name = [python, os.path.join(HERE, 'shared_memory.py')], new_name('/')
        with Holding(other, name, 'theirs'):
            for program in programs.values():
                assert call(*program, 'read', name) == 'theirs\n'
                assert os.path.exists(path_of(name)), 'a foreign object was removed'
            call(*other, 'change', name, 'changed')
            assert call(*programs['c'], 'read', name) == 'changed\n'


tap.main()
