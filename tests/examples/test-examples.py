# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-examples.py C-PROGRAM [VALA-PROGRAM]: each example meets each other one, and Python's shared memory."""
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

# Python's shared memory differs from version 3.13 on: every version that is installed is tested.
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
    """Returns what a program printed. It must write to standard error if it fails, and only then."""
    done = subprocess.run(words, env=env, text=True, capture_output=True, timeout=60)
    assert done.returncode == ends_with, f'{words} ended with {done.returncode}: {done.stderr}'
    assert bool(done.stderr) == bool(ends_with), done.stderr
    return done.stderr if ends_with else done.stdout


class Holding:
    """A program that writes a text into a region and holds the region during the block."""
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
        assert not os.path.exists(path_of(self.name)), f'{self.name} was not removed'


def need(*languages):
    for language in languages:
        if language not in programs:
            raise tap.Skip(f'the {language} example was not built')


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
def a_missing_region_is_reported_before_and_after():
    """Each example reports a missing region before it is created and after it is gone."""
    name = new_name()
    for program in programs.values():
        assert name in call(*program, 'read', name, ends_with=1)
    with Holding(programs['c'], name, 'one'):
        for program in programs.values():
            assert name in call(*program, 'write', name, 'another', ends_with=1)
    for program in programs.values():
        assert name in call(*program, 'read', name, ends_with=1)


@tap.case
def the_name_of_a_killed_example_can_be_taken():
    """The next example can take the name of one that was killed."""
    name = new_name()
    for program in programs.values():
        try:
            with Holding(program, name, 'killed') as held:
                held.process.kill()
                held.process.wait()
        except AssertionError:
            pass
        assert os.path.exists(path_of(name)), 'the killed example has removed the name, so that this test proves nothing'
        assert name in call(*programs['c'], 'read', name, ends_with=1)
        with Holding(program, name, 'alive'):
            assert call(*programs['c'], 'read', name) == 'alive\n'


@tap.case
def regions_are_read_and_changed_by_the_standard_library():
    """Python's standard library reads and changes regions of the library."""
    for program, python in itertools.product(programs.values(), pythons):
        other, name = [python, os.path.join(HERE, 'shared_memory.py')], new_name('/')
        with Holding(program, name, 'ours'):
            assert call(*other, 'read', name) == 'ours\n'
            call(*other, 'change', name, 'theirs')
            assert os.path.exists(path_of(name)), 'Python has removed a name that it did not create'
            assert call(*programs['c'], 'read', name) == 'theirs\n'


@tap.case
def shared_memory_of_the_standard_library_is_read_and_never_removed():
    """The examples read shared memory of Python's standard library and never remove it."""
    for python in pythons:
        other, name = [python, os.path.join(HERE, 'shared_memory.py')], new_name('/')
        with Holding(other, name, 'theirs'):
            for program in programs.values():
                assert call(*program, 'read', name) == 'theirs\n'
                assert os.path.exists(path_of(name)), 'a foreign object was removed'
            call(*other, 'change', name, 'changed')
            assert call(*programs['c'], 'read', name) == 'changed\n'


tap.main()
