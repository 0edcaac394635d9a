#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-readme.py SOURCE BUILD CC…: what the README shows is there, compiles and runs."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import tap

source, build, *cc = sys.argv[1:]
sys.argv[1:] = []
with open(os.path.join(source, 'README.md')) as readme:
    text = readme.read()


@tap.case
def pictures_and_links():
    """The pictures, links and files that the README names exist."""
    named = re.findall(r'\]\(([^):]+)\)', text) + re.findall(r'`((?:src|po|data|tests)/[\w./-]+)`', text)
    assert len(named) >= 5, named
    missing = [name for name in named if not os.path.exists(os.path.join(source, name))]
    assert not missing, missing


@tap.case
def verbs():
    """Every ./run verb that the README names is listed by ./run."""
    listed = set(re.findall(r'^  ([\w-]+)(?:  ?|$)', subprocess.run([os.path.join(source, 'run')], check=True, text=True,
                                                          capture_output=True).stdout, re.M))
    named = set(re.findall(r'\./run (\w[\w-]*)', text))
    assert named and named <= listed, named - listed


@tap.case
def console():
    """Every shmoozectl verb that the README names answers to --help."""
    verbs = set(re.findall(r'^(?:.*\| )?shmoozectl (\w+)', text, re.M))
    assert {'chat', 'list', 'inspect'} <= verbs, verbs
    for verb in verbs:
        subprocess.run([os.environ['SHMOOZECTL'], verb, '--help'], check=True, capture_output=True)


@tap.case
def program():
    """The README's program compiles without a warning, and two instances of it talk."""
    program = next(block for block in re.findall(r'```c\n(.*?)```', text, re.S) if 'main (' in block)
    with tempfile.TemporaryDirectory() as tmp:
        with open(f'{tmp}/talk.c', 'w') as out:
            out.write(program)
        flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'gio-2.0'], check=True, text=True,
                               capture_output=True).stdout.split()
        libdir = f'{build}/src/shmooze'
        subprocess.run([*cc, '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-o', f'{tmp}/talk', f'{tmp}/talk.c',
                        f'-I{source}/src', f'-I{build}/src', f'-I{libdir}', f'-L{libdir}', '-lshmooze-1',
                        f'-Wl,-rpath,{libdir}', *flags], check=True)
        os.mkdir(f'{tmp}/run', 0o700)
        env = dict(os.environ, XDG_RUNTIME_DIR=f'{tmp}/run')
        both = [subprocess.Popen([f'{tmp}/talk', *words], stdout=subprocess.PIPE, text=True, env=env)
                for words in (('Ada', 'hello'), ('Ben', 'hi'))]
        for process in both:
            out, _ = process.communicate(timeout=60)
            assert process.returncode == 0
            assert {'Ada: hello', 'Ben: hi'} == set(out.splitlines()), out


tap.main()
