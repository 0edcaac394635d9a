#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-readme.py SOURCE BUILD CC…: what the README shows is there, compiles and runs."""
import os
import re
import subprocess
import sys
import tempfile

source, build, *cc = sys.argv[1:]
with open(os.path.join(source, 'README.md')) as readme:
    text = readme.read()


def test_pictures_and_links():
    """pictures, links and files that it names are there"""
    named = re.findall(r'\]\(([^):]+)\)', text) + re.findall(r'`((?:src|po|data|tests)/[\w./-]+)`', text)
    assert len(named) >= 5, named
    missing = [name for name in named if not os.path.exists(os.path.join(source, name))]
    assert not missing, missing


def test_verbs():
    """every ./run verb that it names is listed by ./run, and every one listed exists"""
    listed = set(re.findall(r'^  ([\w-]+)(?:  ?|$)', subprocess.run([os.path.join(source, 'run')], check=True, text=True,
                                                          capture_output=True).stdout, re.M))
    named = set(re.findall(r'\./run (\w[\w-]*)', text))
    assert named and named <= listed, named - listed


def test_console():
    """every shmoozectl verb that it names answers to --help"""
    verbs = set(re.findall(r'^(?:.*\| )?shmoozectl (\w+)', text, re.M))
    assert {'chat', 'list', 'inspect'} <= verbs, verbs
    for verb in verbs:
        subprocess.run([os.environ['SHMOOZECTL'], verb, '--help'], check=True, capture_output=True)


def test_program():
    """the program compiles without a warning, and two of it talk"""
    program = next(block for block in re.findall(r'```c\n(.*?)```', text, re.S) if 'main (' in block)
    table = next(block for block in re.findall(r'```c\n(.*?)```', text, re.S) if 'main (' not in block)
    program += f'\nvoid also_shown (GError *error);\nvoid\nalso_shown (GError *error)\n{{\n{table}  numbers[0] = 1;\n}}\n'
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


tests = [test for name, test in list(globals().items()) if name.startswith('test_')]
print(f'1..{len(tests)}', flush=True)
for number, test in enumerate(tests, 1):
    try:
        test()
        print(f'ok {number} {test.__doc__}', flush=True)
    except Exception as error:
        print(f'not ok {number} {test.__doc__}', flush=True)
        print('# ' + f'{type(error).__name__}: {error}'.replace('\n', '\n# '), flush=True)
