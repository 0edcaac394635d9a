# SPDX-License-Identifier: LGPL-2.1-or-later
"""Flatpaks and their windows, as the host sees them; shared by the cases of this directory."""
import os
import shutil
import subprocess
import sys
import time

ID = 'io.github.shmooze.Shmooze'
DEVEL = ID + '.Devel'
WORK = os.environ['WORK']
SOURCE = os.path.join(WORK, 'source')
REPOSITORY = os.path.join(WORK, 'repo')
os.environ['SHMOOZE'] = f'flatpak run {ID}'

sys.path.insert(0, os.path.join(SOURCE, 'tests', 'ui'))
import chat  # the first: it knows where the rig is
import a11y
import tap

_plain_run = subprocess.run


def run(*command, fails=False, env=None, **more):
    """Runs a command, which must succeed, or with fails=True must fail. Returns its output of both kinds."""
    done = _plain_run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                      env={**os.environ, **(env or {})}, **more)
    said = ''.join(line for line in done.stdout.splitlines(True) if not line.startswith('dbus-daemon['))
    assert (done.returncode != 0) == fails, f'{" ".join(command)} ended with {done.returncode}:\n{said}'
    return said


def log(name, text):
    with open(tap.artifact(name), 'w') as file:
        file.write(text)


# -- Building and installing ------------------------------------------------------------------

def manifest(app_id):
    return os.path.join(SOURCE, 'flatpak', app_id + '.yml')


def build(app_id):
    """Builds from the manifest into the repository. Returns the output of the tools."""
    said = run('flatpak-builder', '--force-clean', '--disable-rofiles-fuse', '--disable-download', '--disable-updates',
               '--state-dir', os.path.join(WORK, 'state'), '--repo', REPOSITORY,
               os.path.join(WORK, 'app-' + app_id), manifest(app_id))
    log(f'build-{app_id}.log', said)
    return said


def install(*what, user_dir=None):
    """Installs for this user. Flatpak asks a service on the system bus for permission: without the service it goes on,
    without a bus it fails. So it gets a bus."""
    env = {'DBUS_SYSTEM_BUS_ADDRESS': os.environ['DBUS_SESSION_BUS_ADDRESS']}
    if user_dir:
        env['FLATPAK_USER_DIR'] = user_dir
    return run('flatpak', '--user', 'install', '--assumeyes', '--noninteractive', *what, env=env)


def still_windows(app_id):
    """Copies the settings of the rig into the sandbox, which has its own directory of settings."""
    folder = os.path.join(os.environ['HOME'], '.var', 'app', app_id, 'config')
    shutil.copytree(os.path.join(os.environ['XDG_CONFIG_HOME'], 'gtk-4.0'), os.path.join(folder, 'gtk-4.0'),
                    dirs_exist_ok=True)


# -- Instances --------------------------------------------------------------------------------

def command(program, *arguments, app_id=ID):
    return ['flatpak', 'run', f'--command={program}', app_id, *arguments]


def instances():
    """The running instances: the process that `flatpak run` became, and the instance's number."""
    listed = run('flatpak', 'ps', '--columns=pid,instance').split()
    return dict(zip(map(int, listed[::2]), listed[1::2]))


def kill(pid):
    run('flatpak', 'kill', instances()[pid])


def parents():
    found = {}
    for entry in os.listdir('/proc'):
        try:
            with open(f'/proc/{entry}/stat') as file:
                found[int(entry)] = int(file.read().rpartition(')')[2].split()[1])
        except (OSError, ValueError):
            pass
    return found


def is_below(pid, ancestor):
    known = parents()
    while pid and pid != ancestor:
        pid = known.get(pid)
    return pid == ancestor


def inner_pids(ancestor, name):
    """The process IDs that processes of this name, started by ancestor, have in their sandbox."""
    found = []
    for pid in parents():
        try:
            with open(f'/proc/{pid}/status') as file:
                status = dict(line.split(':', 1) for line in file if ':' in line)
        except OSError:
            continue
        if status['Name'].strip() == name and is_below(pid, ancestor):
            found.append(int(status['NSpid'].split()[-1]))
    return found


class Sandboxed(chat.Chat):
    """A window in a sandbox. All of them have the same process ID in their sandbox and other IDs on the accessibility
    bus. So a window is found by its nick, and on the screen by the focus."""

    @classmethod
    def of(cls, proc, region, nick, log_path):
        """The window of an instance that the caller has started."""
        self = cls.__new__(cls)
        self.proc, self.region, self.nick, self.words, self.log = proc, region, nick, str, log_path
        chat._windows.append(self)
        self._meet(proc.pid, region)
        self._find_parts()
        return self

    @classmethod
    def within(cls, region, nick):
        """A window that another one started in its own sandbox."""
        self = cls.__new__(cls)
        self.proc, self.region, self.nick, self.words, self.log = None, region, nick, str, os.devnull
        self._meet(None, region)
        self._find_parts()
        return self

    def _meet(self, pid, title):
        self.pid = pid
        self.a11y = a11y.wait(lambda: self._ended() or self._find_app(), 30)
        self.frame = a11y.get(self.a11y, 'frame', title)
        self.show()

    def _find_app(self):
        for app in a11y.children(a11y.Atspi.get_desktop(0)):
            titles = a11y.find_all(app, 'label', self.region)
            if any(title.get_description() == f'The others see you as {self.nick}' for title in titles):
                return app

    def _find(self):
        found = _plain_run(['xdotool', 'search', '--onlyvisible', '--name', f'^{self.region}$'],
                           capture_output=True, text=True).stdout.split()
        for window in found:
            # Another window may open meanwhile and take the focus; then try again.
            _plain_run(['xdotool', 'windowactivate', window], stderr=subprocess.DEVNULL)
            try:
                a11y.wait(lambda: self._has_focus(window), 0.5)
                time.sleep(0.05)
                a11y.settle()
                if self._has_focus(window):
                    return window
            except TimeoutError:
                pass

    def _has_focus(self, window):
        return chat.hands.run('xdotool', 'getwindowfocus') == window and a11y.has(self.frame, 'ACTIVE')

    def kill(self):
        if self.alive():
            kill(self.proc.pid)
            self.proc.wait()


def start_together(region, *nicks, app_id=ID):
    """Windows whose instances start at the same instant: each waits for the end of one pipe."""
    go, hold = os.pipe()
    started = []
    for nick in nicks:
        path = tap.artifact(f'together-{nick}.log')
        with open(path, 'wb') as err:
            proc = subprocess.Popen(['sh', '-c', 'read -r nothing; exec "$@" </dev/null', 'sh',
                                     'flatpak', 'run', app_id, f'--name={nick}', region], stdin=go, stderr=err)
        started.append((proc, region, nick, path))
    os.close(go)
    os.close(hold)
    return [Sandboxed.of(*one) for one in started]
