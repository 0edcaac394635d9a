# SPDX-License-Identifier: LGPL-2.1-or-later
"""A chat window as a person sees it, on X11 or Wayland; what the tests of this directory share."""
import contextlib
import fcntl
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import a11y
import tap

if os.environ.get('WAYLAND_DISPLAY'):
    import wl as hands
else:
    import ui as hands

SHMOOZE = os.environ['SHMOOZE']
SHMOOZECTL = os.environ['SHMOOZECTL']

# Complaints that GTK 4.8 makes by itself, whatever the program; the gizmo is its scroll bar's.
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
    """What stands in it: regions, not the directories beside them."""
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
        """words translates what the window says, where it does not say it in English."""
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
        """All that was said; '' while there is nothing."""
        return '\n'.join(a11y.text(n) for n in a11y.find_all(self.frame, 'text', self.words('Messages')))

    def live(self, nick):
        """What another is typing just now; '' while it is nothing."""
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
        """Closes as its own button does, and must leave in good order."""
        if self in _windows:
            _windows.remove(self)
        status = self.close()
        assert status in (0, None), f'{self.nick} ended with status {status}: {self.complaints() or "no words"}'
        assert not self.complaints(), f'{self.nick}: {self.complaints()}'

    def crash(self):
        _windows.remove(self)
        self.kill()

    def complaints(self):
        """What it said on standard error that it should not have had to say."""
        with open(self.log, errors='replace') as log:
            text = log.read()
        bad = [line for line in text.splitlines() if _COMPLAINT.search(line) and not _EXCUSED.search(line)]
        return text if any('Sanitizer' in line or 'runtime error' in line for line in bad) else '\n'.join(bad)


def pair(region, names=('Ada', 'Ben')):
    """Two windows side by side that know of each other."""
    a, b = (Chat(region, nick) for nick in names)
    a.place(10, 10, 620, 700)
    b.place(650, 10, 620, 700)
    a.wait_shows(names[1])
    b.wait_shows(names[0])
    return a, b


class Peer:
    """A console peer whose lines are written, and read, here."""

    def __init__(self, region, nick):
        self.proc = subprocess.Popen([*SHMOOZECTL.split(), 'chat', region, '--name', nick], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        _peers.append(self)

    def say(self, *lines):
        self.proc.stdin.write(''.join(line + '\n' for line in lines))
        self.proc.stdin.flush()

    def end(self):
        """Its input ends; what it printed."""
        _peers.remove(self)
        out, err = self.proc.communicate(timeout=20 * a11y.PATIENCE)
        assert self.proc.returncode == 0, f'shmoozectl chat ended with {self.proc.returncode}: {err}'
        return out


def inspect(region):
    """What `shmoozectl inspect` tells of a region; '' while it does not exist."""
    return subprocess.run([*SHMOOZECTL.split(), 'inspect', region], capture_output=True, text=True).stdout


@contextlib.contextmanager
def joining_held(region):
    """As somebody does who was stopped in the middle of joining."""
    with open(os.path.join(regions(), region), 'r+b') as file:
        # struct flock: the byte that who joins locks, see shmooze-backing-private.h
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, (1 << 62) + 4096, 1, 0))
        yield


def clean(failed):
    """Behind each case: no window is left, and after a good one nothing else is."""
    left, leftover = list(_windows), list(_peers)
    if failed:
        for window in left:
            if window.alive():
                try:
                    tap.note(f'--- what {window.nick} shows ---')
                    tap.note(window.all_text())
                    window.shot(f'failed-{window.region}-{window.nick}')
                except Exception as error:        # it may hang: the first error is the one that counts
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
