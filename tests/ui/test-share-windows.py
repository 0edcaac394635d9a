#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The windows that share and show a text, with real keys on X11: with-display -s 1400x800 ./test-share-windows.py [CASE...]"""
import contextlib
import os
import struct
import subprocess
import sys
import chat  # the first: it knows where the rig is
import a11y
import tap
from chat import Chat, end_all, hands, nothing_left, settings, started_by
from tap import case

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers', 'shared_text.py')
SIZE = 8096
MAX_UNITS = (SIZE - 10) // 2
NO_REGION = 'Memory-mapped file does not exist. Run Process A first.'
NOBODY = r'(?m)^Not shared$'
FOLLOWING = r'(?m)^Following$'
DARK_RED = range(215, 256), range(85, 150), range(60, 130)         # #ff7b63


class Share(Chat):
    def __init__(self, region, nick='Ada', env=None, works=True):
        self.works = works
        super().__init__(region, nick, '--share', env=env)

    def _find_parts(self):
        if self.works:
            self.composer = self.find('Text to share', 'text')


class Show(Chat):
    def __init__(self, region, nick='Ben', env=None):
        super().__init__(region, nick, '--show', env=env)

    def _find_parts(self):
        self.box = self.find('Shared text', 'text')

    def shown(self):
        return a11y.text(self.box)

    def click_show(self):
        self.click(self.find('Show Text', action='click'))

    def follow(self):
        """By the keyboard: the label's letter."""
        switch = self.find('Follow', action='toggle')
        on = a11y.has(switch, 'CHECKED')
        self.key('alt+f')
        a11y.wait(lambda: a11y.has(switch, 'CHECKED') != on)

    def wait_box(self, text, seconds=10):
        a11y.wait_equal(self.shown, text, seconds)

    def wait_text(self, text, seconds=10):
        self.wait_box(with_head(text), seconds)


def with_head(text):
    n = len(text.encode('utf-16-le')) // 2
    return f"{n} character{'s' * (n != 1)} to read.\n{'-' * 30}\n{text}"


def posix(what):
    """A name that other programs can use too."""
    return f'/shmooze-test-{os.getpid()}-{what}'


def path_of(name):
    return '/dev/shm' + name


def put(name, content, size=SIZE):
    with open(path_of(name), 'wb') as file:
        file.write(content)
        file.truncate(size)


@contextlib.contextmanager
def removed(name):
    try:
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path_of(name))


def close_by_key(key, *windows):
    for window in windows:
        window.key(key)
        a11y.wait(lambda: not window.alive())
        window.end()


def pair(region):
    a, b = Share(region), Show(region)
    a.place(10, 10, 620, 560)
    b.place(650, 10, 620, 560)
    return a, b


@case
def what_is_typed_is_read_by_a_click_in_red():
    """A click on Read shows the shared text in red."""
    b = Show('click')
    b.place(650, 10, 620, 560)
    b.shot('show-nothing')
    assert b.shown() == ''
    b.click_show()
    b.wait_box(NO_REGION)
    no_red = b.shot('show-no-region').red()
    a = Share('click')
    a.place(10, 10, 620, 560)
    a.type('Hello, can you read this?')
    b.click_show()
    b.wait_text('Hello, can you read this?')
    a11y.wait(lambda: b.picture().red() > no_red + 200)
    b.wait_shows('Read at')
    a.key('Return')
    a.type('And this?')
    a11y.wait_equal(a.draft, 'Hello, can you read this?\nAnd this?')
    assert b.shown() == with_head('Hello, can you read this?'), 'the button was not pressed again'
    b.key('Return')                               # the button has the focus
    b.wait_text('Hello, can you read this?\nAnd this?')
    a.shot('share')
    b.shot('show')
    assert not a.picture().red(), 'one’s own text is not red'
    end_all(a, b)
    nothing_left()


@case
def it_is_followed_letter_by_letter():
    """A followed text changes with each letter."""
    a, b = pair('follow')
    b.follow()
    b.wait_text('')
    assert not a11y.has(b.find('Show Text', action='click'), 'SENSITIVE')
    for text in 'A', 'AB', 'AB🙂', 'AB🙂ü':
        a.type(text[-1])
        b.wait_text(text)
    a.key('BackSpace', 'BackSpace')
    b.wait_text('AB')
    a.key('Home')
    a.type('🙂, ')
    b.wait_text('🙂, AB')
    b.wait_shows(FOLLOWING)
    a11y.wait(lambda: b.picture().red() > 20)
    a.erase()
    b.wait_text('')
    a11y.wait(lambda: not b.picture().red())
    a.type('the last')
    b.wait_text('the last')
    b.follow()
    b.wait_shows('Read at')
    a.type(' and more')
    a11y.wait_equal(a.draft, 'the last and more')
    assert b.shown() == with_head('the last')
    b.follow()
    b.wait_text('the last and more')
    end_all(a, b)
    nothing_left()


@case
def what_an_input_method_has_not_entered_is_no_text():
    """Text that an input method has not committed is not shared."""
    a, b = pair('preedit')
    b.follow()
    a.key('x', 'ctrl+shift+u', '2', '6', '3')
    plain = a.picture()
    a.key('a')
    a11y.wait(lambda: a.picture() != plain)
    assert a.draft() == 'x'
    assert b.shown() in (with_head(''), with_head('x'))
    a.key('space')
    b.wait_text('x☺')
    end_all(a, b)


@case
def whoever_reads_is_not_moved():
    """A change of the text does not move the reader's scroll position."""
    a, b = pair('scroll')
    a.write('\n'.join(f'line {n}' for n in range(200)))
    b.follow()
    a11y.wait(lambda: b.shown().endswith('line 199'))
    b.key('Tab', 'Page_Down', 'Page_Down')
    x, y, width, height = a11y.box(b.box)
    before = last = None

    def still():
        nonlocal before, last
        before, last = last, b.picture()
        return before == last and before.crop(x, y, width, 60).red() > 200
    still.__doc__ = 'the text does not scroll: its head is in sight'
    a11y.wait(still)
    a.key('ctrl+End')
    a.type(' and more')
    a11y.wait(lambda: b.shown().endswith('line 199 and more'))
    a.key('ctrl+Home')
    a.type('changed: ')
    a11y.wait(lambda: 'changed: line 0' in b.shown())
    # Without the frame, which shows who has the focus, and the scroll bar.
    part = x + 10, y + 10, width - 40, height - 20

    def where_it_was():
        """the text has moved"""
        return b.picture().crop(*part) == before.crop(*part)
    a11y.wait(where_it_was)
    a.key('Home', 'Return')
    a11y.wait(lambda: f'{"-" * 30}\n\nchanged: line 0' in b.shown())
    a11y.wait(where_it_was)
    b.shot('show-scrolled')
    end_all(a, b)


@case
def a_text_too_long_is_told_and_not_shared():
    """A text that is too long is reported and not shared."""
    with removed(posix('long')) as name:
        a, b = pair(name)
        b.follow()
        a.write('x' * MAX_UNITS)
        a.wait_shows(f'{MAX_UNITS} of {MAX_UNITS} characters')
        b.wait_text('x' * MAX_UNITS)
        a.key('ctrl+End', 'BackSpace')
        b.wait_text('x' * (MAX_UNITS - 1))
        a.type('🙂')
        a.wait_shows(f'{MAX_UNITS + 1} of {MAX_UNITS} characters', 'This is 1 character too long',
                     'The others see the last text that fit')
        a.shot('share-too-long')
        a.type('yz')
        a.wait_shows('This is 3 characters too long')
        assert b.shown() == with_head('x' * (MAX_UNITS - 1))
        a.key('BackSpace', 'BackSpace', 'BackSpace')
        a11y.wait(lambda: 'too long' not in a.all_text())
        a.type('y')
        b.wait_text('x' * (MAX_UNITS - 1) + 'y')
        a.erase()
        assert 'characters' not in '\n'.join(a11y.text(n) for n in a11y.find_shown(a.frame, 'label')), 'far from the limit'
        end_all(a, b)


@case
def a_second_sharer_is_told():
    """A second sharer reports that the name is taken."""
    a = Share('second')
    a.type('first')
    c = Share('second', 'Cleo', works=False)
    c.wait_shows('Cannot Share as', 'already being shared', 'choose another name')
    c.place(650, 10, 460, 420)
    c.shot('share-second')
    c.key('Return')                               # "Try Again" has the focus
    c.wait_shows('Cannot Share as')
    a.end()
    c.key('Return')
    c.works = True
    c._find_parts()
    c.type('now I am in')
    b = Show('second')
    b.click_show()
    b.wait_text('now I am in')
    end_all(b, c)
    nothing_left()


@case
def a_killed_sharer_is_told_and_followed_by_another():
    """A killed sharer is reported, and another one can take its place."""
    a, b = pair('killed')
    b.follow()
    a.type('my last words')
    b.wait_text('my last words')
    a.crash()
    b.wait_shows(NOBODY, 'The text is no longer shared')
    assert b.shown() == with_head('my last words')
    a11y.wait(lambda: b.picture().red() > 100)
    b.shot('show-no-sharer')
    c = Share('killed', 'Cleo')
    c.type('I go on')
    b.wait_text('I go on')
    b.wait_shows(FOLLOWING)
    c.end()
    b.wait_shows(NOBODY)
    b.end()
    nothing_left()


@case
def a_sharer_that_comes_later_is_awaited():
    """The reading window waits for a sharer that starts later."""
    b = Show('later')
    b.follow()
    b.wait_box(NO_REGION)
    a = Share('later')
    b.wait_text('')
    a.type('here I am')
    b.wait_text('here I am')
    pid = started_by(lambda: a.press('Show the Text in Another Window'))
    c = Show.adopt(pid, 'later')
    c.click_show()
    c.wait_text('here I am')
    c.end()
    close_by_key('ctrl+w', a, b)
    nothing_left()


@contextlib.contextmanager
def python_peer(role, name, count):
    """A peer that only knows the layout."""
    peer = subprocess.Popen([sys.executable, PEER, role, name, str(count)],
                            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert peer.stdout.readline() == 'ready\n'
        yield peer
    finally:
        peer.communicate('\n')


def text_of(number):
    """The peer's texts."""
    return chr(ord('A') + number % 26) * (1 + number * 37 % MAX_UNITS)


@case
def a_program_of_another_kind_can_share():
    """A program that only knows the layout can share a text."""
    name = posix('write')
    b = Show(name)
    b.follow()
    b.wait_box(NO_REGION)
    for count in 1000, 2000:
        with python_peer('write', name, count) as peer:
            b.wait_text('')
            b.wait_shows(FOLLOWING)
            peer.stdin.write('\n')
            peer.stdin.flush()
            assert peer.stdout.readline() == 'written\n'
            b.wait_text(text_of(count))
        b.wait_shows(NOBODY)
        assert b.shown() == with_head(text_of(count))
    b.end()


@case
def a_program_of_another_kind_can_show():
    """A program that only knows the layout can read a shared text."""
    with removed(posix('read')) as name:
        a = Share(name)
        with python_peer('read', name, 30) as peer:
            for number in range(1, 31):
                a.write(text_of(number))
                assert peer.stdout.readline() == f'saw {number}\n'
        a.end()
        assert not os.path.exists(path_of(name))


@case
def what_cannot_be_read_is_told_and_harms_nobody():
    """Invalid contents are reported and do no harm."""
    good = struct.pack('<i6x', 5) + 'bonus'.encode('utf-16-le')
    with removed(posix('odd')) as name:
        b = Show(name)
        for count in -1, -2 ** 31, 2 ** 31 - 1, 2048 * 2:
            put(name, struct.pack('<i', count))
            b.click_show()
            b.wait_shows(f'claims a text of {count} UTF-16 units')
            b.wait_box('')
        b.shot('show-odd')
        put(name, b'', 4)
        b.click_show()
        b.wait_shows('has 4 bytes, but at least 10 are needed')
        put(name, b'', 0)
        b.click_show()
        b.wait_shows('is still empty')
        put(name, struct.pack('<i6xHHHH', 4, 0xd83d, ord('a'), 0, 0xde42))
        b.click_show()
        b.wait_text('\ufffda\ufffd\ufffd')
        put(name, good)
        b.follow()
        b.wait_text('bonus')
        with open(path_of(name), 'r+b') as file:
            file.write(struct.pack('<i', -5))
        b.wait_shows('claims a text of -5 UTF-16 units')
        assert b.shown() == with_head('bonus')
        with open(path_of(name), 'r+b') as file:
            file.write(struct.pack('<i', 3))
        b.wait_text('bon')
        b.wait_shows(FOLLOWING)
        with open(path_of(name), 'r+b') as file:
            file.write(struct.pack('<i6x', 9) + 'a\r\nb\rc\n\u2028d'.encode('utf-16-le'))
        b.wait_box(with_head('x' * 9)[:-9] + 'a\nb\nc\n\u2028d')
        b.end()


@case
def a_lost_region_is_told():
    """A lost region is reported."""
    with removed(posix('lost')) as name:
        a, b = pair(name)
        b.follow()
        a.type('all is well')
        b.wait_text('all is well')
        os.truncate(path_of(name), 0)
        a.type('!')
        a.wait_shows('The region is gone', 'is no longer shared')
        b.wait_shows('Cannot be read', 'The region is gone')
        assert b.shown() == with_head('all is well')
        a.shot('share-lost')
        b.shot('show-lost')
        a.type('?')
        a.press('Try Again')
        b.wait_text('all is well!?')
        b.wait_shows(FOLLOWING)
        a11y.wait(lambda: not a11y.find_shown(a.frame, None, 'Try Again'))
        end_all(a, b)


@case
def a_region_that_is_lost_and_removed_is_told():
    """A region that is both lost and removed is reported."""
    with removed(posix('lost')) as name:
        a, b = pair(name)
        b.follow()
        a.type('all is well')
        b.wait_text('all is well')
        os.truncate(path_of(name), 0)
        os.unlink(path_of(name))
        b.wait_shows('Cannot be read', 'The region is gone')
        assert b.shown() == with_head('all is well')
        end_all(a, b)


@case
def a_text_without_end_is_not_shown_to_the_end():
    """A very long text is shown up to a limit."""
    with removed(posix('huge')) as name:
        n = 1_000_000
        put(name, struct.pack('<i6x', n) + 'word '.encode('utf-16-le') * (n // 5), 4_000_000)
        b = Show(name)
        b.click_show()
        a11y.wait(lambda: b.shown().startswith(f'{n} characters to read.'))
        a11y.wait(lambda: b.shown().endswith('\nThe text is too long: only the beginning is shown.'))
        assert len(b.shown()) < 70_000
        b.end()


@case
def everything_can_be_reached_by_keys():
    """Every control can be reached with the keyboard."""
    b = Show('keys')
    b.focus()
    for node in b.find('Show Text', action='click'), b.find('Follow', action='toggle'), b.box:
        a11y.wait(lambda: a11y.has(node, 'FOCUSED'))
        b.key('Tab')
    a = Share('keys')
    a11y.wait(lambda: a11y.has(a.composer, 'FOCUSED'))
    a.type('typed')
    b.key('alt+s')
    b.wait_text('typed')
    for window in a, b:
        window.key('ctrl+question')
        a11y.get(a11y.app(pid=window.pid), None, 'Open the menu')
        assert not a11y.find_shown(a11y.app(pid=window.pid), None, 'Send the message'), 'nothing is sent here'
        hands.run('xdotool', 'key', 'Escape')
        a11y.wait(lambda: not a11y.find_shown(a11y.app(pid=window.pid), None, 'Open the menu'))
    close_by_key('ctrl+q', a, b)


TEXT = 'Dear reader,\n\nthis is a line that is long enough to be wrapped in a window that is not wide. 🙂\n\nשלום, 你好'


def looks(look, env, size):
    a, b = Share(look, env=env), Show(look, env=env)
    a.place(10, 10, *size)
    b.place(20 + size[0], 10, *size)
    a.write(TEXT)
    b.follow()
    b.wait_text(TEXT)
    return a, b


def check_fits(window, *names):
    picture = window.picture()
    for name in names:
        x, y, width, height = a11y.box(window.find(name))
        assert x >= 0 and x + width <= picture.width and y + height <= picture.height, f'{name} does not fit'


@case
def dark():
    """The windows look right in the dark style."""
    a, b = looks('dark', settings('gtk-application-prefer-dark-theme=1'), (620, 560))
    a11y.wait(lambda: b.picture().count(*DARK_RED) > 300)
    a.shot('share-dark')
    picture = b.shot('show-dark')
    assert not picture.count([0xc0], [0x1c], [0x28]), 'the red for light windows is too dark here'
    end_all(a, b)


@case
def narrow():
    """The windows look right when they are narrow."""
    a, b = looks('narrow', settings(), (360, 480))
    a.shot('share-narrow')
    picture = b.shot('show-narrow')
    assert picture.width == 360, f'the window does not shrink below {picture.width}'
    assert picture.red() > 300
    x, y, _, height = a11y.box(b.box)
    assert picture.crop(x, y, 18, height).red() > 200, 'no red bar at the start side'
    check_fits(a, 'Text to share', 'Main Menu')
    check_fits(b, 'Shared text', 'Show Text', 'Follow', 'Main Menu')
    end_all(a, b)


if __name__ == '__main__':
    assert os.environ.get('DISPLAY'), 'run me in with-display'
    tap.main(after=chat.clean)
