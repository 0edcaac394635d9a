# SPDX-License-Identifier: LGPL-2.1-or-later
"""A chat window as a user sees it, on X11 or Wayland; shared by the tests of this directory."""
import contextlib
import fcntl
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import a11y
import tap

if os.environ.get('WAYLAND_DISPLAY'):
    import wl as hands
else:
    import ui as hands

SHMOOZE = os.environ['SHMOOZE']
SHMOOZECTL = os.environ['SHMOOZECTL']

# Warnings of GTK 4.8 itself that do not depend on the program; the gizmo is part of its scroll bar.
_EXCUSED = re.compile(r'Trying to snapshot GtkGizmo|dconf-WARNING|dbind-WARNING|Unable to acquire session bus'
                      r'|Unable to connect to the accessibility bus|Vulkan|libEGL|MESA')
_COMPLAINT = re.compile(r'-(CRITICAL|WARNING|ERROR) \*\*|runtime error:|ERROR: (Address|Leak|Thread)Sanitizer')

_windows = []
_peers = []
_count = 0


def regions():
    """The directory where this run's regions are."""
    return os.path.join(os.environ['XDG_RUNTIME_DIR'], 'app', 'io.github.shmooze.Shmooze', 'shmooze')


def region_files():
    """The regions in it, without the directories beside them."""
    try:
        with os.scandir(regions()) as found:
            return sorted(e.name for e in found if not e.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def bells():
    try:
        return sorted(os.listdir(os.path.join(regions(), 'bells')))
    except FileNotFoundError:
        return []


class Chat(hands.Window):
    def __init__(self, region, nick, *args, env=None, words=str):
        """words translates the English texts of the window into its language."""
        global _count
        _count += 1
        self.region, self.nick, self.words = region, nick, words
        self.log = tap.artifact(f'{os.path.basename(sys.argv[0])[:-3]}-{_count:02}-{nick}.log')
        _windows.append(self)
        with open(self.log, 'wb') as log:
            super().__init__(*SHMOOZE.split(), region, f'--name={nick}', *args,
                             title=region if words is str else None,
                             stderr=log, env={**os.environ, **(env or {})})
        self._find_parts()

    def _find_parts(self):
        self.composer = self.find('Write a message', 'text')

    @classmethod
    def adopt(cls, pid, region):
        """A window that another window started."""
        self = cls.of_pid(pid, region)
        self.region, self.nick, self.words, self.log = region, None, str, os.devnull
        self._find_parts()
        return self

    # What can be read.

    def draft(self):
        return a11y.text(self.composer)

    def transcript(self):
        """All messages; '' if there are none."""
        return '\n'.join(a11y.text(n) for n in a11y.find_all(self.frame, 'text', self.words('Messages')))

    def live(self, nick):
        """The draft of a peer; '' if it is empty."""
        def bare(name):
            return re.sub('[\u200e\u200f\u2066-\u2069]', '', name)
        name = bare(self.words('%s is typing') % nick)
        return '\n'.join(a11y.text(n) for n in a11y.find_all(self.frame, 'text') if bare(n.get_name()) == name)

    def all_text(self):
        return a11y.texts(self.frame)

    def wait_live(self, nick, text, seconds=10):
        a11y.wait_equal(lambda: self.live(nick), text, seconds)

    def wait_said(self, *texts, seconds=15):
        """Waits until the transcript holds each text."""
        def said():
            transcript = self.transcript()
            return all(t in transcript for t in texts)
        said.__doc__ = f'{a11y.abbreviate(texts)} missing from the messages of {self.nick}'
        a11y.wait(said, seconds)

    def wait_shows(self, *patterns, seconds=15):
        """Waits until each pattern can be read somewhere in the window."""
        def shows():
            text = self.all_text()
            return all(re.search(p, text) for p in patterns)
        shows.__doc__ = f'{patterns} not seen in the window of {self.nick}'
        a11y.wait(shows, seconds)

    # What can be done.

    def find(self, name, role=None, action=None, seconds=10):
        """A part of the window that can be seen, by its English name."""
        return a11y.get_shown(self.frame, role, self.words(name), action, seconds)

    def write(self, text):
        """Puts text into the composer without the keyboard."""
        a11y.set_text(self.composer, text)
        a11y.wait_equal(self.draft, text)

    def press(self, name):
        a11y.press(self.find(name, action='click'))

    def send(self, text):
        """Sends without the keyboard: the window needs no focus for it."""
        self.write(text)
        self.press('Send')
        a11y.wait_equal(self.draft, '')

    def erase(self):
        self.key('ctrl+a', 'BackSpace')
        a11y.wait_equal(self.draft, '')

    def shot(self, name):
        """Keeps a picture of the window and hands it out."""
        picture = self.picture()
        picture.save(tap.artifact(name + '.png'))
        return picture

    def end(self):
        """Closes the window with its own button, and checks that it leaves cleanly."""
        if self in _windows:
            _windows.remove(self)
        status = self.close()
        assert status in (0, None), f'{self.nick} ended with status {status}: {self.complaints() or "no words"}'
        assert not self.complaints(), f'{self.nick}: {self.complaints()}'

    def crash(self):
        _windows.remove(self)
        self.kill()

    def complaints(self):
        """The warnings and errors that it printed on standard error."""
        with open(self.log, errors='replace') as log:
            text = log.read()
        bad = [line for line in text.splitlines() if _COMPLAINT.search(line) and not _EXCUSED.search(line)]
        return text if any('Sanitizer' in line or 'runtime error' in line for line in bad) else '\n'.join(bad)


def settings(*more):
    """An environment with GTK settings of its own."""
    home = tempfile.mkdtemp(dir=os.environ['XDG_CONFIG_HOME'])
    os.mkdir(f'{home}/gtk-4.0')
    with open(f'{home}/gtk-4.0/settings.ini', 'w') as ini:
        ini.write('\n'.join(['[Settings]', 'gtk-enable-animations=0', 'gtk-cursor-blink=0',
                             'gtk-font-name=DejaVu Sans 10', *more]) + '\n')
    return {'XDG_CONFIG_HOME': home}


def started_by(act):
    """The process id of the window that act() opens."""
    known = a11y.pids()
    act()
    return a11y.wait(lambda: next(iter(a11y.pids() - known), None))


def end_all(*windows):
    for window in windows:
        window.end()


def pair(region, names=('Ada', 'Ben')):
    """Two windows side by side that have each other as a peer."""
    a, b = (Chat(region, nick) for nick in names)
    a.place(10, 10, 620, 700)
    b.place(650, 10, 620, 700)
    a.wait_shows(names[1])
    b.wait_shows(names[0])
    return a, b


class Peer:
    """A console peer that the test writes to and reads from."""

    def __init__(self, region, nick):
        self.proc = subprocess.Popen([*SHMOOZECTL.split(), 'chat', region, '--name', nick], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        _peers.append(self)

    def say(self, *lines):
        self.proc.stdin.write(''.join(line + '\n' for line in lines))
        self.proc.stdin.flush()

    def end(self):
        """Closes its input; returns what it printed."""
        _peers.remove(self)
        out, err = self.proc.communicate(timeout=20 * a11y.PATIENCE)
        assert self.proc.returncode == 0, f'shmoozectl chat ended with {self.proc.returncode}: {err}'
        return out


def inspect(region):
    """The output of `shmoozectl inspect` for a region; '' if it does not exist."""
    return subprocess.run([*SHMOOZECTL.split(), 'inspect', region], capture_output=True, text=True).stdout


@contextlib.contextmanager
def joining_held(region):
    """Holds the lock of a process that is joining, as if it had been stopped meanwhile."""
    with open(os.path.join(regions(), region), 'r+b') as file:
        # struct flock: the byte that a joining process locks, see shmooze-backing-private.h
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, (1 << 62) + 4096, 1, 0))
        yield


def clean(failed):
    """Runs after each case: closes all windows; a case that passed must have left none."""
    left, leftover = list(_windows), list(_peers)
    if failed:
        for window in left:
            if window.alive():
                try:
                    tap.note(f'--- what {window.nick} shows ---')
                    tap.note(window.all_text())
                    window.shot(f'failed-{window.region}-{window.nick}')
                except Exception as error:        # the window may hang; report the first error
                    tap.note(f'({error})')
            tap.note(window.complaints())
    for one in left + leftover:
        if one.proc.poll() is None:
            one.proc.send_signal(18)              # SIGCONT: a case may have stopped it
            one.proc.kill()
            one.proc.wait()
    _windows.clear()
    _peers.clear()
    if not failed:
        assert not left and not leftover, 'the case left windows behind'


def nothing_left():
    """After the last window of a region was closed, neither its name nor a bell is left."""
    a11y.wait_equal(region_files, [])
    a11y.wait_equal(bells, [])
