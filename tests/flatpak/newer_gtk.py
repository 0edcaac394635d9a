# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same source with the SDK's GTK, which is newer than the oldest supported one: it builds without a warning and
its tests pass. All of this runs beside the cases about sandboxes: begin() starts it, and the cases here wait for the
results."""
import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from sandbox import SOURCE, WORK, log
import tap
from tap import case

BUILD = os.path.join(WORK, 'newer')
SDK = os.path.join(os.environ['FLATPAK_SYSTEM_DIR'], 'runtime', 'org.gnome.Sdk')


def sdk():
    """The files of the installed SDK."""
    for folder, folders, _ in os.walk(SDK):
        if 'files' in folders:
            return os.path.join(folder, 'files')
    raise FileNotFoundError(SDK)


def inside(*command):
    """The command that runs a command in the SDK, without network, display and the host's files."""
    files = sdk()
    etc = [word for name in sorted(os.listdir(files + '/etc')) if name != 'passwd'
           for word in ('--symlink', f'/usr/etc/{name}', f'/etc/{name}')]
    links = [word for name in ('bin', 'sbin', 'lib', 'lib64') for word in ('--symlink', 'usr/' + name, '/' + name)]
    passwd = os.path.join(WORK, 'passwd')
    with open(passwd, 'w') as file:
        file.write(f'tester:x:{os.getuid()}:{os.getgid()}:Tester:/tmp:/bin/sh\n')
    return ['env', '-i', 'bwrap', '--unshare-all', '--die-with-parent', '--ro-bind', files, '/usr', *links, *etc,
            '--ro-bind', passwd, '/etc/passwd', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run',
            '--dir', '/var', '--ro-bind', SOURCE, SOURCE, '--bind', BUILD, BUILD, '--chdir', BUILD,
            '--setenv', 'PATH', '/usr/bin:/usr/sbin', '--setenv', 'HOME', '/tmp', '--setenv', 'LANG', 'C.UTF-8',
            '--setenv', 'GDK_DEBUG', '', '--setenv', 'GDK_DISABLE', 'gl,vulkan', '--setenv', 'G_ENABLE_DIAGNOSTIC', '1',
            '--setenv', 'RIG_PATIENCE', os.environ['RIG_PATIENCE'],
            '--', *command]


def say(*command):
    done = subprocess.run(inside(*command), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}'
    return done.stdout


# -- Run beside the other cases ----------------------------------------------------------------

_pool = _built = None
_tests = {}                                   # suite: futures of its tests' results


BUILDS = 'the_source_builds_on_a_newer_gtk_without_a_warning'
SUITES = {                                    # with the cases that report them; the longest first
    'ui': 'the_windows_tests_pass_on_a_newer_gtk',
    'ctl': 'the_consoles_tests_pass_on_a_newer_gtk',
    'ipc': 'the_tests_of_several_processes_pass_on_a_newer_gtk',
    'unit': 'the_librarys_tests_pass_on_a_newer_gtk',
}


def wanted(name):
    return not sys.argv[1:] or name in sys.argv[1:]


def begin():
    """Starts the build and the tests that the chosen cases report."""
    global _pool, _built
    if not any(wanted(name) for name in (BUILDS, *SUITES.values())):
        return
    _pool = ThreadPoolExecutor(os.cpu_count() + 1)  # windows' tests wait more than they work
    _built = _pool.submit(_build)


def _build():
    """Builds, and submits the tests. Returns the output of the tools."""
    os.mkdir(BUILD)
    # Installed within its own directory, so that the test of translated windows finds their translations.
    said = say('meson', 'setup', '.', SOURCE, '-Dprefix=' + BUILD + '/installed', '-Dc_std=c11', '-Dwarning_level=2')
    said += say('ninja')
    said += say('ninja', 'tests/ui/empty-window')
    say('meson', 'install', '--no-rebuild', '--quiet')
    log('newer-gtk-build.log', said)
    tests = json.loads(say('meson', 'introspect', '--tests', '.'))
    for suite, name in SUITES.items():
        if wanted(name):
            _tests[suite] = {test['name']: _pool.submit(_run, test['name'], suite) for test in tests
                             if suite in [words.split(':')[-1] for words in test['suite']]}
    return said


def _run(name, suite):
    """Runs one test program. Returns its result, its output and its duration."""
    done = subprocess.run(inside('meson', 'test', '--no-rebuild', '--logbase', name, name), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        with open(os.path.join(BUILD, 'meson-logs', name + '.json')) as file:
            test = json.loads(file.readline())
    except (OSError, ValueError):
        return 'NOT RUN', done.stdout, 0
    output = test.get('stdout', '') + test.get('stderr', '')
    log(f'newer-gtk-{name}.log', output)
    return test['result'], output, test['duration']


# -- The cases ---------------------------------------------------------------------------------

@case
def the_source_builds_on_a_newer_gtk_without_a_warning():
    """The source builds with a newer GTK without a warning."""
    said = _built.result()
    tap.note('GTK ' + say('pkg-config', '--modversion', 'gtk4').strip() + ', GLib '
             + say('pkg-config', '--modversion', 'glib-2.0').strip())
    warnings = re.findall(r'.*warning:.*', said)
    assert not warnings, '\n'.join(warnings)


# Warnings of libraries, except those that libatspi prints in the tests when a window closes.
COMPLAINT = re.compile(r'(?:WARNING|CRITICAL) \*\*|deprecated')
EXCUSED = re.compile(r'dbind-WARNING')


def alike(line):
    """A warning without the parts that differ each time."""
    return re.sub(r'.*?(\w+-(?:WARNING|CRITICAL) \*\*): [\d:.]+', r'\1', re.sub(r'0x[0-9a-f]+ ', '', line))


def report(suite):
    """All tests of a suite pass, and none of its programs prints a warning."""
    _built.result()
    assert _tests[suite], f'the suite {suite} has no tests'
    bad, complaints, times, count = [], [], [], 0
    for name, result in _tests[suite].items():
        ended, output, seconds = result.result()
        times.append((seconds, name))
        count += len(re.findall('^ok ', output, re.M))
        if ended not in ('OK', 'SKIP'):
            bad.append(name)
            tap.note(f'{name}: {ended}')
            for line in [line for line in output.splitlines() if line and not COMPLAINT.search(line)][-60:]:
                tap.note('| ' + line)
        complaints += [f'{name}: {alike(line)}' for line in output.splitlines()
                       if COMPLAINT.search(line) and not EXCUSED.search(line)]
    slow = ', '.join(f'{name} {seconds:.0f} s' for seconds, name in sorted(times, reverse=True)[:5])
    tap.note(f'{len(_tests[suite])} test programs, {count} cases passed; the longest: {slow}')
    for line, times_said in Counter(complaints).most_common(20):
        tap.note(f'{times_said} times {line}')
    assert not bad, f'failed: {", ".join(bad)}'
    assert not complaints, f'{len(complaints)} complaints'


@case
def the_librarys_tests_pass_on_a_newer_gtk():
    """The library's tests pass with a newer GTK."""
    report('unit')


@case
def the_tests_of_several_processes_pass_on_a_newer_gtk():
    """The tests of several processes pass with a newer GTK."""
    report('ipc')


@case
def the_consoles_tests_pass_on_a_newer_gtk():
    """The tests of shmoozectl pass with a newer GTK."""
    report('ctl')


@case
def the_windows_tests_pass_on_a_newer_gtk():
    """The tests of the windows pass with a newer GTK."""
    report('ui')
