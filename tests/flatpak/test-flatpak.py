#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program as a Flatpak; check-flatpak runs this. Each case needs the ones before it."""
import configparser
import json
import os
import re
import shlex
import subprocess
import time
import sandbox  # the first: it knows where the rig is
import a11y
import chat
import tap
from chat import Peer, hands, inspect, nothing_left
from sandbox import DEVEL, ID, WORK, Sandboxed, build, command, install, run, start_together
from tap import case

PERMISSIONS = ['--share=ipc', '--socket=wayland', '--socket=fallback-x11', '--device=dri']
ROUNDS = 30


def hosts_list():
    return run(os.environ['SHMOOZECTL'], 'list')


# -- From the manifest to a window --------------------------------------------------------------

@case
def the_manifests_ask_for_a_window_and_no_more():
    """The manifests ask for the permissions of a window and no others."""
    for app_id in ID, DEVEL:
        told = json.loads(run('flatpak-builder', '--show-manifest', sandbox.manifest(app_id)))
        assert told['id'] == app_id, told['id']
        assert told['finish-args'] == PERMISSIONS, told['finish-args']
        assert all(source['type'] == 'dir' for module in told['modules'] for source in module['sources'])


@case
def the_program_builds_and_installs_for_an_ordinary_user():
    """The program builds and installs as a Flatpak for an ordinary user."""
    assert os.geteuid() != 0
    said = build(ID)
    bad = re.findall(r'.*(?:warning|error):.*', said)
    assert not bad, '\n'.join(bad)
    run('flatpak', '--user', 'remote-add', '--no-gpg-verify', 'built', 'file://' + sandbox.REPOSITORY)
    install('built', ID)
    sandbox.still_windows(ID)
    context = configparser.ConfigParser(strict=True)
    context.read_string(run('flatpak', 'info', '--show-permissions', ID))
    assert {key: set(value.strip(';').split(';')) for key, value in context['Context'].items()} == {
        'shared': {'ipc'}, 'sockets': {'x11', 'wayland', 'fallback-x11'}, 'devices': {'dri'}}
    assert context.sections() == ['Context'], context.sections()


@case
def the_desktop_gets_its_icon_and_entry():
    """The desktop entry and the icon are exported, and a development build has its own."""
    for app_id, name in (ID, 'Shmooze'), (DEVEL, 'Shmooze (Development)'):
        if app_id == DEVEL:
            build(DEVEL)
            install('built', DEVEL)
            sandbox.still_windows(DEVEL)
        share = os.path.join(os.environ['FLATPAK_USER_DIR'], 'exports', 'share')
        entry = configparser.ConfigParser(interpolation=None, delimiters='=')
        entry.optionxform = str
        entry.read(os.path.join(share, 'applications', app_id + '.desktop'), encoding='utf-8')
        assert entry['Desktop Entry']['Name'] == name, entry['Desktop Entry']['Name']
        assert entry['Desktop Entry']['Icon'] == app_id, entry['Desktop Entry']['Icon']
        for group in 'Desktop Entry', 'Desktop Action new-window':
            assert f'--command=shmooze {app_id}' in entry[group]['Exec'], entry[group]['Exec']
        for icon in f'scalable/apps/{app_id}.svg', f'symbolic/apps/{app_id}-symbolic.svg':
            assert os.path.exists(os.path.join(share, 'icons', 'hicolor', icon)), icon
        # Older versions of flatpak-builder give it the older name.
        assert any(name.startswith(app_id + '.') for name in os.listdir(os.path.join(share, 'metainfo')))


@case
def a_bundle_installs_and_runs_without_a_network():
    """A bundle installs and runs without a network."""
    bundle, elsewhere = os.path.join(WORK, 'shmooze.flatpak'), os.path.join(WORK, 'home', 'another')
    run('flatpak', 'build-bundle', sandbox.REPOSITORY, bundle, ID)
    tap.note(f'{os.path.getsize(bundle)} bytes')
    install(bundle, user_dir=elsewhere)
    env = {'FLATPAK_USER_DIR': elsewhere}
    assert run('flatpak', 'info', '--show-location', ID, env=env).startswith(elsewhere)
    assert re.match(r'shmooze \d', run('flatpak', 'run', ID, '--version', env=env))
    run(*command('test', '-s', '/app/share/locale/de/LC_MESSAGES/shmooze.mo'), env=env)
    a = Sandboxed('bundle', 'Ada', env=env)
    a.wait_shows('Waiting for another window')
    a.end()
    nothing_left()


# -- Two sandboxes, one memory ------------------------------------------------------------------

def redden(window):
    """Waits until the window shows red. Returns the number of red pixels."""
    return a11y.wait(lambda: window.picture().red())


@case
def windows_started_together_talk_every_time():
    """Sandboxes that start at the same moment always see each other."""
    began = time.monotonic()
    for n in range(1, ROUNDS + 1):
        a, b = start_together('chat', 'Ada', 'Ben')
        a.place(10, 10, 620, 700)
        b.place(650, 10, 620, 700)
        a.wait_shows('Ben')
        b.wait_shows('Ada')
        assert not a.picture().red() and not b.picture().red()
        a.type(f'ada in round {n}')
        b.wait_live('Ada', f'ada in round {n}')
        b.type(f'ben in round {n}')
        a.wait_live('Ben', f'ben in round {n}')
        reds = redden(a), redden(b)
        if n == 1:
            hands.picture().save(tap.artifact('two-sandboxes.png'))
            tap.note(f'red pixels: {reds}')
        assert re.findall(r'^chat .*', hosts_list(), re.M) and len(hosts_list().splitlines()) == 2, hosts_list()
        room = inspect('chat')
        assert 'Ada' in room and 'Ben' in room, room
        a.end()
        b.end()
        nothing_left()
    tap.note(f'{ROUNDS} rounds in {time.monotonic() - began:.0f} s')


@case
def the_hosts_shmoozectl_joins_the_sandboxes_room():
    """The console on the host joins the sandboxes' room."""
    a, b = start_together('chat', 'Ada', 'Ben')
    a.wait_shows('Ben')
    host = Peer('chat', 'Hostess')
    a.wait_said('Hostess joined')
    host.say('from the host')
    for window in a, b:
        window.wait_said('from the host')
    a.send('from a sandbox')
    b.send('from the other')
    a.wait_said('from the other')
    b.wait_said('from a sandbox')
    told = host.end()
    assert 'from a sandbox' in told and 'from the other' in told, told
    a.wait_said('Hostess left')
    a.end()
    b.end()
    nothing_left()


@case
def presence_is_right_though_both_are_process_2():
    """A killed sandbox is noticed within a second, and its seat is reused."""
    a, b = start_together('chat', 'Ada', 'Ben')
    a.wait_shows('Ben')
    b.wait_shows('Ada')
    pids = [sandbox.inner_pids(w.proc.pid, 'shmooze') for w in (a, b)]
    assert pids == [[2], [2]], pids
    room = inspect('chat')
    seats = {nick: re.search(rf'^(Seat \d): {nick}, since', room, re.M)[1] for nick in ('Ada', 'Ben')}
    b.write('last words')
    a.wait_live('Ben', 'last words')
    killed = time.monotonic()
    b.crash()
    a11y.wait(lambda: 'Ben left unexpectedly' in a.transcript(), 5, 0.005)
    took = time.monotonic() - killed
    tap.note(f'noticed after {took * 1000:.0f} ms')
    assert took < 1, took
    a.wait_said('last words')
    # The seat of a crashed peer is the last to be reused, so that its messages are kept as long as possible.
    crowd = [Peer('chat', f'Guest {n}') for n in range(6)]
    a.wait_said(*(f'Guest {n} joined' for n in range(6)))
    c = Sandboxed('chat', 'Cleo')
    a.wait_said('Cleo joined')
    assert f"{seats['Ben']}: Cleo, since" in inspect('chat'), inspect('chat')
    for guest in crowd:
        guest.end()
    c.send('in the seat of another')
    a.wait_said('in the seat of another')
    c.end()
    a.end()
    nothing_left()


def holder(name):
    """Starts an instance that holds a mutex until its input ends, and waits until it holds it."""
    proc = subprocess.Popen(command('shmoozectl', 'lock', name, '--', 'sh', '-c', 'echo held; exec cat'), text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert proc.stdout.readline() == 'held\n', proc.communicate()
    return proc


@case
def a_mutex_excludes_across_sandboxes_and_reports_a_death():
    """A mutex excludes across sandboxes, and its next owner learns that the former one died."""
    def attempt(*how, program=command('shmoozectl'), **more):
        return run(*program, 'lock', *how, 'across', '--', 'echo', 'mine', **more)

    host = [os.environ['SHMOOZECTL']]
    first = holder('across')
    for program in command('shmoozectl'), host:
        assert 'mine' not in attempt('--timeout=0.2', program=program, fails=True)
    # An attempt that timed out has changed nothing, although the process IDs in the sandboxes are equal.
    assert 'mine' not in attempt('--timeout=0', fails=True)
    first.communicate('', timeout=20)
    assert first.returncode == 0
    assert attempt('--timeout=5') == 'mine\n'

    second = holder('across')
    waiting = subprocess.Popen(command('shmoozectl', 'lock', 'across', '--', 'echo', 'mine'), text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    a11y.wait(lambda: sandbox.inner_pids(waiting.pid, 'shmoozectl') == [2])
    assert waiting.poll() is None
    killed = time.monotonic()
    sandbox.kill(second.pid)
    out, err = waiting.communicate(timeout=20)
    tap.note(f'told after {(time.monotonic() - killed) * 1000:.0f} ms: {err.strip()}')
    assert waiting.returncode == 0 and out == 'mine\n', (out, err)
    assert 'died while holding it' in err, err
    second.communicate()
    assert attempt('--timeout=5') == 'mine\n'
    assert attempt('--timeout=5', program=host) == 'mine\n'


@case
def a_posix_object_is_private_to_its_instance_and_says_so():
    """A name with a slash is private to its sandbox, and shmoozectl says so."""
    name = f'/shmooze-test-{os.getpid()}'
    hold = subprocess.Popen(command('sh', '-c', f'shmoozectl hold {name} 4096 | while read -r line; do '
                                    f'echo "$line"; shmoozectl inspect {name}; done'),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = ''.join(hold.stdout.readline() for _ in range(4))
    assert 'Holding' in said and re.search('^  Visible only in this sandbox', said, re.M), said
    for program in command('shmoozectl'), [os.environ['SHMOOZECTL']]:
        assert 'no region' in run(*program, 'inspect', name, fails=True)
    hold.communicate(timeout=20)
    assert hold.returncode == 0
    # Output for another program has no such remark.
    listed = run('script', '-qec', shlex.join(command('shmoozectl', 'list')), '/dev/null')
    assert 'Not listed: names that begin with a slash' in listed, listed
    assert 'Not listed' not in run(*command('shmoozectl', 'list'))


@case
def a_window_says_so_too_and_meets_those_from_within():
    """A window says that its name is private, and meets windows of the same sandbox."""
    name = f'/shmooze-test-{os.getpid()}'
    a = Sandboxed(name, 'Ada')
    a.wait_shows('exists only in this sandbox')
    b = Sandboxed(name, 'Ben')
    a.wait_shows('Waiting for another window')
    a.press('Open a Second Window')
    second = Sandboxed.within(name, 'Ada 2')
    assert 'Ben' not in a.all_text()
    a.shot('private')
    a.end()
    second.wait_said('Ada left')               # and has not gone with it
    second.end()
    b.end()
    nothing_left()


@case
def a_development_build_has_rooms_of_its_own():
    """A development build has rooms of its own."""
    release = Sandboxed('chat', 'Ada')
    path, err = tap.artifact('devel.log'), None
    with open(path, 'wb') as err:
        proc = subprocess.Popen(['flatpak', 'run', DEVEL, '--name=Dev', 'chat'], stdin=subprocess.DEVNULL, stderr=err)
    devel = Sandboxed.of(proc, 'chat', 'Dev', path)
    for window in release, devel:
        window.wait_shows('Waiting for another window')
    assert 'Dev' not in hosts_list()
    assert 'Dev' in run(os.environ['SHMOOZECTL'], 'list', env={'SHMOOZE_DOMAIN': DEVEL})
    devel.end()
    release.end()
    nothing_left()


def clean(failed):
    """After each case: a sandbox does not end with the `flatpak run` that started it."""
    for instance in sandbox.instances().values() if failed else ():
        run('flatpak', 'kill', instance)
    chat.clean(failed)


import newer_gtk  # noqa: E402 - its cases run last

newer_gtk.begin()
tap.main(after=clean)
