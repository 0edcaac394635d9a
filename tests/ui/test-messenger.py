#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The messenger window, with real keys on X11: with-display -s 1400x800 ./test-messenger.py [CASE...]"""
import contextlib
import os
import subprocess
import struct
import sys
import chat  # the first: it knows where the rig is
import a11y
import tap
from chat import Chat, end_all, nothing_left, started_by
from tap import case

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers', 'communicator.py')


def messenger(region, who, *place):
    window = Chat(region, who, '--messenger')
    if place:
        window.place(*place)
    return window


def pair(region):
    a = messenger(region, 'Ada', 10, 10, 620, 700)
    b = messenger(region, 'Ben', 650, 10, 620, 700)
    for window in a, b:
        window.wait_shows('The other side is connected')
    return a, b


@contextlib.contextmanager
def python_peer(read, write, *options):
    """A peer that only knows the layout, on a region of its own making; yields its region, and who to ask."""
    region = f'/shmooze-test-{os.getpid()}-{read}'
    peer = subprocess.Popen([sys.executable, PEER, region, str(read), str(write), '--create', '4096', *options],
                            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(what):
        peer.stdin.write(what + '\n')
        peer.stdin.flush()
        return peer.stdout.readline().rstrip('\n')
    try:
        assert peer.stdout.readline() == 'ready\n'
        assert ask('claim') == 'claimed'
        yield region, ask
    finally:
        peer.kill()
        peer.communicate()
        os.unlink('/dev/shm' + region)


@case
def what_is_sent_is_read_in_red():
    """A sent message is shown in red on the other side."""
    a, b = pair('messenger')
    a.type('Hello from Ada')
    b.wait_shows('No Messages Yet|The other side joined')
    assert 'Hello' not in b.all_text(), 'what is typed has no place in this layout'
    a.key('Return')
    b.wait_said('Hello from Ada', 'The other side')
    a.wait_said('You', 'Hello from Ada')
    a11y.wait(lambda: not a11y.find_shown(b.frame, None, 'Open a Second Window'))
    a11y.wait(lambda: b.picture().red() > 100)
    b.type('Hello, Ada. 🙂')
    b.key('Return')
    a.wait_said('Hello, Ada. 🙂')
    a11y.wait(lambda: a.picture().red() > 100)
    a.shot('messenger-ada')
    b.shot('messenger-ben')
    b.end()
    a.wait_said('The other side left')
    a.wait_shows('Waiting for the other side')
    a.end()
    nothing_left()


@case
def messages_come_in_order():
    """Messages arrive in the order in which they were sent."""
    a, b = pair('messenger-order')
    said = [f'number {n}: ' + 'x' + 'x' * (n * 37 % 200) for n in range(40)]
    for one in said:
        a.send(one)
    b.wait_said(*said)
    places = [b.transcript().index(one) for one in said]
    assert places == sorted(places)
    end_all(a, b)


@case
def what_nobody_reads_waits_for_the_other_side():
    """A message that is not read yet waits for the other side."""
    a = messenger('messenger-waits', 'Ada', 10, 10, 620, 700)
    a.wait_shows('No Messages Yet', 'Waiting for the other side')
    a.shot('messenger-alone')
    a.send('first')
    a.send('second')
    a.wait_shows('Waiting to be sent', 'first', 'second')
    a.shot('messenger-waiting')
    pid = started_by(lambda: a.press('New Window'))
    b = Chat.adopt(pid, 'messenger-waits')
    b.wait_said('first', 'second')
    a.wait_said('first', 'second')
    a11y.wait(lambda: 'Waiting to be sent' not in a.all_text())
    b.send('I read both')
    a.wait_said('I read both')
    end_all(b, a)
    nothing_left()


@case
def a_killed_window_is_noticed_and_followed_by_another():
    """A killed window is noticed, and another one can take its place."""
    a, b = pair('messenger-killed')
    b.crash()
    a.wait_said('The other side left')
    a.send('for the next window')
    c = messenger('messenger-killed', 'Cleo')
    c.wait_said('for the next window')
    a.wait_shows('The other side is connected')
    a.crash()
    d = messenger('messenger-killed', 'Dan')
    d.send('from another side')
    c.wait_said('from another side')
    d.end()
    c.end()


@case
def a_third_window_is_told():
    """A third window reports that both positions are taken."""
    a, b = pair('messenger-third')
    c = messenger_that_cannot('messenger-third')
    c.wait_shows('Cannot Join', 'already used by two other programs', 'another name')
    c.shot('messenger-third')
    b.end()
    c.press('Try Again')
    c.wait_shows('The other side is connected')
    c._find_parts()
    c.send('now I am in')
    a.wait_said('now I am in')
    c.end()
    a.end()


def messenger_that_cannot(region):
    class Window(Chat):
        def _find_parts(self):
            if not self.find_composer:
                return
            super()._find_parts()
        find_composer = False
    window = Window(region, 'Cleo', '--messenger')
    window.find_composer = True
    return window


@case
def closing_asks_before_messages_are_lost():
    """Closing asks for confirmation while messages are unconfirmed."""
    a = messenger('messenger-close', 'Ada')
    a.send('this is not read')
    a.wait_shows('Waiting to be sent')
    for key in 'Escape', 'alt+c':
        a.key('ctrl+w')
        a11y.get(a11y.app(pid=a.pid), 'label', '1 Message Has Not Been Sent')
        assert a.alive()
        chat.hands.run('xdotool', 'key', key)
        a11y.wait(lambda: not (app := a11y.find_app(pid=a.pid)) or not a11y.find_all(app, 'dialog'))
    a11y.wait(lambda: not a.alive())
    a.end()


@case
def a_message_too_long_is_told_while_typing():
    """A message that is too long is reported while it is typed."""
    a = messenger('messenger-long', 'Ada')
    a.write('x' * 2085)
    a.key('ctrl+End')
    a.wait_shows('1 character too long')
    assert not a11y.has(a.find('Send', action='click'), 'SENSITIVE')
    a.shot('messenger-long')
    a.key('BackSpace')
    a11y.wait(lambda: a11y.has(a.find('Send', action='click'), 'SENSITIVE'))
    a.erase()
    a.end()


@case
def a_program_of_another_kind_can_be_on_the_other_side():
    """A program that only knows the layout can be on the other side."""
    with python_peer(2000, 0) as (region, ask):
        a = messenger(region, 'Ada', 10, 10, 620, 700)
        assert ask('write Guten Tag') == 'written'
        a.wait_said('Guten Tag')
        a.wait_shows('Talking to another program')
        a.send('Grüße 🙂')
        assert ask('read') == 'Grüße 🙂'
        a.wait_said('Grüße 🙂')
        a.end()


@case
def the_console_can_be_on_the_other_side():
    """shmoozectl can be on the other side."""
    a = messenger('messenger-console', 'Ada', 10, 10, 620, 700)
    console = subprocess.Popen([*chat.SHMOOZECTL.split(), 'messenger', 'messenger-console'], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        console.stdin.write('from the console\n')
        console.stdin.flush()
        a.wait_said('from the console')
        a.send('from the window')
        assert console.stdout.readline() == 'from the window\n'
        console.stdin.close()
        assert console.wait(20 * a11y.PATIENCE) == 0
    finally:
        console.kill()
        console.stdout.close()
        console.wait()
    a.wait_said('The other side left')
    a.end()


@case
def positions_can_be_swapped_for_it():
    """The positions can be swapped."""
    with python_peer(0, 2000) as (region, ask):
        a = messenger(region, 'Ada', 10, 10, 620, 700)
        a.click(a.find('Main Menu', action='click'))
        a11y.press(a11y.menu_item(a.frame, 'Swap _Positions'))
        a.wait_said('This window now reads at offset 2000 and writes at offset 0')
        assert ask('write from the other end') == 'written'
        a.wait_said('from the other end')
        a.send('and back')
        assert ask('read') == 'and back'
        a.wait_said('and back')
        a.end()


@case
def what_breaks_the_rules_is_told_and_harms_nobody():
    """A slot with invalid contents is reported and does no harm."""
    with python_peer(2000, 0) as (region, ask):
        with open('/dev/shm' + region, 'r+b') as memory:
            memory.seek(0)
            memory.write(struct.pack('<BBi', 1, 0, -5))
        a = messenger(region, 'Ada', 10, 10, 620, 700)
        a.wait_shows('Cannot read the message')
        a.shot('messenger-broken')
        with open('/dev/shm' + region, 'r+b') as memory:
            memory.seek(0)
            memory.write(struct.pack('<BBi6x', 1, 0, 6) + b'\xff\xfeab\0c')
        a.wait_said('ab')
        a.send('still here')
        assert ask('read') == 'still here'
        a.wait_said('still here')
        a.end()


if __name__ == '__main__':
    assert os.environ.get('DISPLAY'), 'run me in with-display'
    tap.main(after=chat.clean)
