# SPDX-License-Identifier: LGPL-2.1-or-later
"""What "meson install" installs where, and whether programs can be built against it."""
import atexit
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile

from common import BUILD, SOURCE, languages, read, run, same
import tap

PREFIX, LIBDIR, INCLUDEDIR = (os.environ[name] for name in ('PREFIX', 'LIBDIR', 'INCLUDEDIR'))
CC = shlex.split(os.environ['CC'])
SANITIZE = os.environ['SANITIZE']
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only']

folder = tempfile.mkdtemp(prefix='shmooze-install-')
atexit.register(shutil.rmtree, folder)
stage = os.path.join(folder, 'stage')
headers = os.path.join(stage + INCLUDEDIR, 'shmooze-1', 'shmooze')
library = os.path.join(stage + LIBDIR, 'libshmooze-1.so')


def expected():
    """The list beside this test, with its @words@ filled in."""
    for line in read(os.path.dirname(os.path.abspath(__file__)), 'installed-files.txt').splitlines():
        condition, _, path = line.rpartition(' ')
        if not path or line.startswith('#'):
            continue
        if condition and os.environ[condition.rstrip(':').upper()] == 'no':
            continue
        for language in languages() if '@LANG@' in path else ['']:
            named = path.replace('@LANG@', language)
            yield re.sub(r'@([A-Z_]+)@', lambda word: os.environ[word[1]], named)


def pkgconfig(*arguments):
    """What the staged shmooze-1.pc says, as if the stage were its prefix."""
    moved = os.path.join(folder, 'pkgconfig')
    os.makedirs(moved, exist_ok=True)
    text = read(stage + LIBDIR, 'pkgconfig', 'shmooze-1.pc')
    text, found = re.subn(rf'^prefix={re.escape(PREFIX)}$', f'prefix={stage + PREFIX}', text, flags=re.M)
    assert found == 1, f'no prefix={PREFIX} in:\n{text}'
    with open(os.path.join(moved, 'shmooze-1.pc'), 'w', encoding='utf-8') as file:
        file.write(text)
    path = ':'.join(filter(None, [moved, os.environ.get('PKG_CONFIG_PATH')]))
    return shlex.split(run('pkg-config', *arguments, 'shmooze-1', env={**os.environ, 'PKG_CONFIG_PATH': path}))


@tap.case
def installs_into_a_stage():
    """meson install works with DESTDIR."""
    run('meson', 'install', '--no-rebuild', '--quiet', '-C', BUILD, '--destdir', stage)
    assert os.path.isdir(stage + PREFIX), f'nothing in {stage + PREFIX}'


@tap.case
def installs_exactly_the_expected_files():
    """Exactly the listed files are installed."""
    found = [os.path.join(place, name)[len(stage):] for place, _, names in os.walk(stage) for name in names]
    wanted = list(expected())
    for whole in [path for path in wanted if path.endswith('/')]:
        assert any(path.startswith(whole) for path in found), f'nothing in {whole}'
        found = [path for path in found if not path.startswith(whole)] + [whole]
    same(found, wanted, 'installed files')


@tap.case
def installed_files_have_the_usual_modes():
    """Installed files have the usual modes."""
    for place, folders, names in os.walk(stage):
        for name in folders + names:
            path = os.path.join(place, name)
            if os.path.islink(path):
                assert os.path.exists(path), f'{path} leads nowhere'
                assert not os.path.isabs(os.readlink(path)), f'{path} leads out of the stage'
                continue
            mode = stat.S_IMODE(os.stat(path).st_mode)
            runs = name in folders or place == stage + os.environ['BINDIR'] or '.so' in name
            assert mode == (0o755 if runs else 0o644), f'{path}: {mode:o}'


@tap.case
def installed_texts_do_not_know_where_they_were_built():
    """No installed text contains the path of the build."""
    for place, _, names in os.walk(stage):
        for name in names:
            if name.endswith(('.pc', '.gir', '.h', '.desktop', '.xml', '.1', '.vapi', '.deps', '.html')):
                text = read(place, name)
                for path in (SOURCE, BUILD, stage):
                    assert path not in text, f'{name} names {path}'


@tap.case
def each_header_stands_alone_in_c():
    """Each header compiles on its own in C."""
    flags = pkgconfig('--cflags')
    assert '-I' + os.path.dirname(headers) in flags, flags
    for name in sorted(os.listdir(headers)):
        run(*CC, '-std=c11', *STRICT, *flags, '-x', 'c', '-', input=f'#include <shmooze/{name}>\nint nothing;\n')


@tap.case
def each_header_stands_alone_in_cpp():
    """Each header compiles on its own in C++."""
    if not shutil.which('c++'):
        raise tap.Skip('no C++ compiler')
    flags = pkgconfig('--cflags')
    for name in sorted(os.listdir(headers)):
        run('c++', '-std=c++17', *STRICT, *flags, '-x', 'c++', '-', input=f'#include <shmooze/{name}>\nint nothing;\n')


@tap.case
def umbrella_header_includes_all():
    """shmooze.h includes all public headers."""
    text = read(headers, 'shmooze.h')
    same(re.findall(r'#include <shmooze/(.*)>', text) + ['shmooze.h'], os.listdir(headers), 'shmooze.h')


@tap.case
def library_exports_what_its_headers_declare():
    """The library exports exactly what its headers declare."""
    declared = set()
    for name in os.listdir(headers):
        text = re.sub(r'/\*.*?\*/', '', read(headers, name), flags=re.S)
        declared |= set(re.findall(r'\b(shmooze_\w+)\s+\(', re.sub(r'#.*(?:\\\n.*)*', '', text)))
        declared |= {name + '_get_type' for name in re.findall(r'G_DECLARE_\w+_TYPE\s*\(\w+,\s*(\w+)', text)}
    exported = {line.split()[-1].split('@')[0] for line in run('nm', '-D', '--defined-only', library).splitlines()}
    if SANITIZE != 'none':
        exported = {name for name in exported if not name.startswith('__')}
    assert len(declared) > 20, declared
    same(exported, declared, 'exported symbols')


@tap.case
def program_builds_and_runs_against_the_stage():
    """A program builds and runs against the staged installation."""
    program = os.path.join(folder, 'program')
    code = r'''
      #include <shmooze/shmooze.h>
      int
      main (void)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (ShmoozeRoom) room = shmooze_room_join ("test", "Ada", SHMOOZE_WAIT_AUTO, &error);
        g_assert_no_error (error);
        g_print ("%s in %s\n", shmooze_room_get_nick (room), shmooze_room_get_name (room));
        return 0;
      }
    '''
    extra = [] if SANITIZE == 'none' else [f'-fsanitize={SANITIZE}']
    run(*CC, *extra, '-Wall', '-Werror', '-o', program, '-x', 'c', '-', '-x', 'none',
        *pkgconfig('--cflags', '--libs'), input=code)
    runtime = os.path.join(folder, 'runtime')
    os.mkdir(runtime, 0o700)
    said = run(program, env={**os.environ, 'LD_LIBRARY_PATH': stage + LIBDIR, 'XDG_RUNTIME_DIR': runtime})
    assert said == 'Ada in test\n', said


def write_and_read(*program):
    """Checks that one instance reads what another one writes."""
    runtime = tempfile.mkdtemp(dir=folder)
    env = {**os.environ, 'LD_LIBRARY_PATH': stage + LIBDIR, 'XDG_RUNTIME_DIR': runtime}
    with subprocess.Popen([*program, 'write', 'install', 'hello'], env=env, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == 'holding\n'
        said = run(*program, 'read', 'install', env=env)
    assert said == 'hello\n' and writer.returncode == 0, said


@tap.case
def example_in_c_builds_with_what_pkgconfig_says():
    """The C example builds with the flags of pkg-config."""
    program = os.path.join(folder, 'hello-c')
    extra = [] if SANITIZE == 'none' else [f'-fsanitize={SANITIZE}']
    run(*CC, *extra, '-Wall', '-Werror', '-o', program, os.path.join(SOURCE, 'tests', 'examples', 'hello.c'),
        *pkgconfig('--cflags', '--libs'))
    write_and_read(program)


@tap.case
def example_in_vala_builds_with_the_installed_vapi():
    """The Vala example builds with the installed bindings."""
    if os.environ['VAPI'] == 'no' or not shutil.which('valac'):
        raise tap.Skip('no vapi is built, or no Vala compiler there')
    pkgconfig('--exists')
    env = {**os.environ, 'PKG_CONFIG_PATH': ':'.join(filter(None, [os.path.join(folder, 'pkgconfig'),
                                                                   os.environ.get('PKG_CONFIG_PATH')]))}
    said = run('valac', '--vapidir', os.path.join(stage + os.environ['DATADIR'], 'vala', 'vapi'), '--pkg', 'shmooze-1',
               '-X', '-w', '--directory', folder, '-o', 'hello-vala',
               os.path.join(SOURCE, 'tests', 'examples', 'hello.vala'), env=env)
    assert 'warning' not in said, said
    write_and_read(os.path.join(folder, 'hello-vala'))


@tap.case
def example_in_python_runs_with_the_installed_typelib():
    """The Python example runs with the installed typelib."""
    if os.environ['INTROSPECTION'] == 'no' or SANITIZE != 'none':
        raise tap.Skip('no introspection data is built, or a sanitizer has to come first')
    os.environ['GI_TYPELIB_PATH'] = os.path.join(stage + LIBDIR, 'girepository-1.0')
    write_and_read(sys.executable, os.path.join(SOURCE, 'tests', 'examples', 'hello.py'))


@tap.case
def commands_answer_in_the_stage():
    """The installed programs start."""
    env = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LD_LIBRARY_PATH': stage + LIBDIR}
    said = run(os.path.join(stage + os.environ['BINDIR'], 'shmoozectl'), '--version', env=env)
    assert os.environ['VERSION'] in said, said


tap.main()
