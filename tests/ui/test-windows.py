#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real windows with real keys on X11: with-display -s 1400x800 ./test-windows.py [CASE...]"""
import os
import re
import signal
import subprocess
import tempfile
import chat  # the first: it knows where the rig is
import a11y
import tap
import talk  # noqa: F401 - its cases run first
from chat import Chat, Peer, end_all, hands, nothing_left, pair, started_by
from tap import case


@case
def alone_there_is_a_way_to_a_second_window():
    """An only window explains how to open a second one, and opens it."""
    a = Chat('alone', 'Ada')
    a.place(10, 10, 620, 700)
    a.wait_shows('Waiting for another window')
    button = a.find('Open a Second Window', action='click')
    a.shot('alone')
    pid = started_by(lambda: a.click(button))
    assert pid != a.pid
    b = Chat.adopt(pid, 'alone')
    a11y.wait(lambda: not a11y.find_shown(a.frame, None, 'Open a Second Window'))
    b.send('here I am')
    a.wait_said('here I am')
    b.end()
    a.wait_shows('left')
    a.end()
    nothing_left()


@case
def new_window_is_a_process_of_its_own():
    """New Window starts another process."""
    a = Chat('new', 'Ada')
    pid = started_by(lambda: a.press('New Window'))
    b = Chat.adopt(pid, 'new')
    third = started_by(lambda: a.key('ctrl+n'))
    c = Chat.adopt(third, 'new')
    assert len({a.pid, pid, third}) == 3
    a.send('to all of you')
    for window in b, c:
        window.wait_said('to all of you')
    end_all(c, b, a)
    nothing_left()


@case
def coming_and_going_is_shown():
    """Arrivals and departures are shown."""
    a, b = pair('presence')
    a.wait_said('Ben joined')
    b.end()
    a.wait_said('Ben left')
    assert 'unexpectedly' not in a.transcript()
    a.wait_shows('Waiting for another window')
    a.end()


@case
def a_crash_is_shown_at_once_and_keeps_the_last_words():
    """A crash is shown at once, and the last draft is kept."""
    a, b = pair('crash')
    b.send('this was sent')
    b.write('this was not')
    a.wait_live('Ben', 'this was not')
    b.crash()
    a.wait_said('Ben left unexpectedly', seconds=3)
    a.wait_shows('this was sent', 'this was not')
    assert not a.live('Ben'), 'the draft of a window that crashed'
    a.shot('crashed')
    c = Chat('crash', 'Cleo')
    c.wait_said('this was sent')
    c.send('I need no cleaning')
    a.wait_said('I need no cleaning')
    c.end()
    a.end()
    nothing_left()


@case
def too_long_a_text_says_so_and_is_not_lost():
    """A text that is too long is reported and stays in the composer."""
    a, b = pair('long')
    text = 'much ado about nothing\n' * 4000
    a.write(text)
    a.wait_shows('(?i)too long')
    a.shot('too-long')
    send = a11y.find_shown(a.frame, None, 'Send')
    if send and a11y.has(send[0], 'SENSITIVE'):
        a11y.press(send[0])
    a.click(a.composer)
    a.key('ctrl+End')
    a.key('Return')
    a.key('BackSpace')
    left = a.draft()
    assert left.rstrip('\n').startswith(text[:-20]), f'{len(left)} of {len(text)} characters left'
    assert 'much ado' not in b.transcript()
    a.write('short again')
    b.wait_live('Ada', 'short again')
    a11y.wait(lambda: not re.search('(?i)too long', a.all_text()))
    a.press('Send')
    b.wait_said('short again')
    end_all(a, b)


@case
def text_can_be_selected_across_messages_and_copied():
    """Text can be selected across messages and copied."""
    a, b = pair('copy')
    a.send('first message')
    b.send('second message')
    a.wait_said('first message', 'second message')
    hands.set_clipboard('nothing yet')
    a.click(a.find('Messages', 'text'))
    a.key('ctrl+a', 'ctrl+c')

    def copied():
        got = hands.get_clipboard()
        return 'first message' in got and 'second message' in got
    a11y.wait(copied)
    end_all(a, b)


@case
def typing_over_the_transcript_goes_to_the_composer_again():
    """Typing while the transcript has the focus goes to the composer."""
    a, b = pair('focus')
    a.focus()
    a.type('no click was needed')
    b.wait_live('Ada', 'no click was needed')
    a.key('Return')
    a.type('nor now')
    b.wait_live('Ada', 'nor now')
    a.press('Send')
    b.wait_said('no click was needed', 'nor now')
    end_all(a, b)


@case
def menu_about_and_shortcuts_open_and_close():
    """Menu, About and Keyboard Shortcuts open and close with the keyboard."""
    a = Chat('menu', 'Ada')
    a.place(10, 10, 620, 700)
    for item, words in (('_About Shmooze', 'Shmooze'), ('_Keyboard Shortcuts', 'Quit')):
        a.click(a.find('Main Menu', action='click'))
        entry = a11y.menu_item(a.frame, item)
        a.shot('menu')
        a11y.press(entry)

        def opened():
            return [w for w in a11y.children(a.a11y) if w != a.frame and a11y.has(w, 'SHOWING')]
        opened.__doc__ = f'{item} did not open'
        dialog = a11y.wait(opened)[0]
        a11y.wait(lambda: words in a11y.texts(dialog))
        hands.picture().save(tap.artifact(item.split()[0].strip('_').lower() + '.png'))
        hands.run('xdotool', 'key', 'Escape')
        a11y.wait(lambda: not opened())
    # The shortcuts have one of their own, whether they were looked at before or not.
    for window in a, Chat('menu', 'Ben'):
        window.key('ctrl+question')
        a11y.wait(lambda: any('Quit' in a11y.texts(w) for w in a11y.children(window.a11y) if w != window.frame))
        hands.run('xdotool', 'key', 'Escape')
        window.end()


@case
def a_name_that_only_this_sandbox_knows_is_explained():
    """A name that is private to the sandbox is explained."""
    name = f'/shmooze-test-{os.getpid()}-private'
    a = Chat(name, 'Ada', env={'FLATPAK_ID': 'org.example.Sandbox'})
    a.wait_shows('exists only in this sandbox')
    a.shot('private')
    a.end()


@case
def the_window_comes_back_in_its_size():
    """A window opens in the size in which it was closed."""
    with tempfile.TemporaryDirectory() as config:
        kept = {'GSETTINGS_BACKEND': 'keyfile', 'XDG_CONFIG_HOME': config}
        a = Chat('size', 'Ada', env=kept)
        a.place(10, 10, 700, 650)
        size = a11y.wait(lambda: a11y.box(a.frame)[2:] if a11y.box(a.frame)[2] > 600 else None)
        a.key('ctrl+q')
        assert a.proc.wait(20 * a11y.PATIENCE) == 0
        a.end()
        b = Chat('size', 'Ben', env=kept)
        a11y.wait_equal(lambda: a11y.box(b.frame)[2:], size)
        b.end()


@case
def the_menu_opens_the_classic_demos():
    """The menu opens the classic demos under their classic names."""
    demos = {'_Messenger': '/MemoryMappedShare', '_Share a Text': '/EMoreauSharedDemo',
             'S_how a Shared Text': '/EMoreauSharedDemo'}
    if any(os.path.exists('/dev/shm' + name) for name in demos.values()):
        raise tap.Skip('the classic names are in use')
    a = Chat('demos', 'Ada')
    a.place(10, 10, 620, 700)
    opened = []
    for label, name in demos.items():
        known = a11y.pids()
        a.click(a.find('Main Menu', action='click'))
        a11y.press(a11y.menu_item(a.frame, '_Classic Demos'))
        a11y.press(a11y.menu_item(a.frame, label))
        pid = a11y.wait(lambda: next(iter(a11y.pids() - known), None))
        opened.append(hands.Window.of_pid(pid, name))
    assert len({window.pid for window in opened} | {a.pid}) == 4
    share, show = opened[1:]
    share.type('from the menu')
    show.key('alt+s')
    a11y.wait(lambda: 'from the menu' in a11y.texts(show.frame))
    for window in opened:
        window.key('ctrl+w')
        a11y.wait(lambda: window.pid not in a11y.pids())
    a.end()
    assert not any(os.path.exists('/dev/shm' + name) for name in demos.values())


@case
def ctrl_q_quits():
    """Ctrl+Q quits."""
    a = Chat('quit', 'Ada')
    a.key('ctrl+q')
    assert a.proc.wait(20 * a11y.PATIENCE) == 0
    a.end()
    nothing_left()


@case
def a_lost_region_has_a_banner_and_a_way_back():
    """A lost region is shown by a banner with a button to rejoin."""
    a, b = pair('lost')
    a.send('before the loss')
    b.wait_said('before the loss')
    os.truncate(os.path.join(chat.regions(), 'lost'), 0)
    a.write('is anybody there')
    for window in a, b:
        window.find('Rejoin', action='click', seconds=20)
    a.shot('lost')
    assert a.draft() == 'is anybody there', 'the draft is lost'
    for window in a, b:
        window.press('Rejoin')
        a11y.wait(lambda: not a11y.find_shown(window.frame, None, 'Rejoin'))
    b.wait_live('Ada', 'is anybody there')
    a.wait_said('before the loss')
    b.send('we are back')
    a.wait_said('we are back')
    end_all(a, b)
    nothing_left()


@case
def a_full_region_keeps_messages_waiting_and_in_order():
    """When the region is full, messages wait visibly and go out in order."""
    a, b = pair('full')
    os.kill(b.pid, signal.SIGSTOP)
    body, n = '\n'.join(['x' * 60] * 65), 0      # lines: one long word is slow to lay out

    def waiting():
        return 'Waiting to be sent' in a.all_text()
    while not waiting():
        assert n < 400, 'the region is never full, or nothing is said of it'
        a.send(f'm{n:03} {body}')
        n += 1
    for i in range(n, n + 5):
        a.send(f'm{i:03} {body}')
    n += 5
    a.wait_shows(f'm{n - 1:03}')
    assert f'm{n - 1:03}' not in a.transcript(), 'what waits is not said yet'
    a.shot('full')
    a.write('and I can still type')
    os.kill(b.pid, signal.SIGCONT)
    a11y.wait(lambda: not waiting())
    for window in b, a:
        window.wait_said(f'm{n - 1:03}', seconds=30)
        got = re.findall(r'\bm(\d{3}) x', window.transcript())
        assert got == [f'{i:03}' for i in range(n)], f'{got} of {n} in the window of {window.nick}'
    b.wait_live('Ada', 'and I can still type')
    end_all(a, b)


@case
def the_ninth_watches():
    """The ninth member can read but not write, until a seat is free."""
    peers = [Peer('crowd', f'P{i}') for i in range(8)]
    a11y.wait(lambda: all(f'P{i}' in chat.inspect('crowd') for i in range(8)))
    first, second = Chat('crowd', 'Ada'), Chat('crowd', 'Ben')
    for window in first, second:
        window.wait_shows('(?i)watching')
    first.shot('watching')
    peers[3].say('hello, watchers')
    for window in first, second:
        window.wait_said('hello, watchers')
    first.click(first.composer)
    first.type('may I')
    first.key('Return')
    assert not first.draft(), 'who watches cannot write'
    assert not any('may I' in peer.end() for peer in peers)
    first.end()
    second.end()
    nothing_left()


@case
def windows_and_console_talk_to_each_other():
    """Windows and shmoozectl talk in the same room."""
    a, peer = Chat('console', 'Ada'), Peer('console', 'Ben')
    a.wait_shows('Ben')
    peer.say('from the console: Grüße')
    a.wait_said('from the console: Grüße')
    a.send('from the window')
    a.wait_said('from the window')
    a.end()
    assert 'from the window' in peer.end()
    nothing_left()


@case
def a_region_that_cannot_be_joined_has_a_page_and_another_try():
    """A region that cannot be joined is explained on a page with a button to try again."""
    os.makedirs(chat.regions(), 0o700, exist_ok=True)
    path = os.path.join(chat.regions(), 'taken')
    with open(path, 'w') as file:
        file.write('something else')
    window = hands.Window(*chat.SHMOOZE.split(), 'taken', '--name=Ada', title='taken')
    again = a11y.get_shown(window.frame, None, 'Try Again', 'click')
    assert 'Cannot Join “taken”' in a11y.texts(window.frame)
    window.picture().save(tap.artifact('cannot-join.png'))
    window.key('Return')                          # it has the focus
    a11y.get_shown(window.frame, None, 'Try Again', 'click')
    os.unlink(path)
    a11y.press(again)
    a11y.get_shown(window.frame, 'text', 'Write a message')
    assert not a11y.find_shown(window.frame, None, 'Try Again')
    assert window.close() == 0
    nothing_left()


@case
def a_window_does_not_wait_for_somebody_who_was_stopped_while_joining():
    """A process that was stopped while it joined does not hold up a window."""
    a = Chat('held', 'Ada')
    with chat.joining_held('held'):
        b = hands.Window(*chat.SHMOOZE.split(), 'held', '--name=Ben', title='held')
        a11y.wait(lambda: re.search('Joining…|Cannot Join', a11y.texts(b.frame)))
        again = a11y.get_shown(b.frame, None, 'Try Again', 'click')
        assert 'Not connected' in a11y.texts(b.frame)
        b.picture().save(tap.artifact('joining-held.png'))
    a11y.press(again)
    a.wait_shows('Ben joined')
    a11y.get_shown(b.frame, 'text', 'Write a message')
    assert b.close() == 0
    a.wait_shows('Ben left')
    a.end()
    nothing_left()


@case
def who_quits_while_joining_has_not_crashed():
    """A window that quits while it joins is not shown as crashed."""
    a = Chat('held', 'Ada')
    with chat.joining_held('held'):
        b = hands.Window(*chat.SHMOOZE.split(), 'held', '--name=Ben', title='held')
        b.proc.send_signal(signal.SIGTERM)
    assert b.proc.wait(20 * a11y.PATIENCE) == 0
    a.send('alone again')
    a.wait_said('alone again')
    assert 'unexpectedly' not in a.all_text()
    a.end()
    nothing_left()


def catches_sigterm(pid):
    with open(f'/proc/{pid}/status') as file:
        return int(re.search(r'SigCgt:\s*(\w+)', file.read())[1], 16) >> (signal.SIGTERM - 1) & 1


@case
def who_quits_before_the_window_shows_says_nothing():
    """A window that quits before it is shown prints nothing."""
    a = Chat('held', 'Ada')
    with chat.joining_held('held'), open(tap.artifact('quits.log'), 'w+') as log:
        early = subprocess.Popen([*chat.SHMOOZE.split(), 'held', '--name=Ben'], stderr=log)
        a11y.wait(lambda: catches_sigterm(early.pid))
        early.send_signal(signal.SIGTERM)
        assert early.wait(20 * a11y.PATIENCE) == 0
        log.seek(0)
        assert 'CRITICAL' not in log.read()
    a.end()
    nothing_left()


@case
def what_was_said_before_comes_before_and_keeps_its_colour():
    """Earlier messages are shown first and in their author's color."""
    a, peer = Chat('before', 'Ada'), Peer('before', 'Ben')
    a.place(10, 10, 620, 700)
    a.wait_shows('Ben')
    a.focus()
    os.kill(a.pid, signal.SIGSTOP)
    said = [f'{n:04} is what Ben says' for n in range(2000)]
    peer.say(*said)
    a11y.wait(lambda: 'sent so far: 2000' in chat.inspect('before'))
    # When it continues, the window receives so many messages in parts, and inserts its own before most of them.
    hands.run('xdotool', 'type', '--delay', '0', 'mine')
    hands.run('xdotool', 'key', 'Return')
    os.kill(a.pid, signal.SIGCONT)
    a.wait_said(said[-1], 'mine')
    a11y.wait_equal(lambda: re.findall(r'^(?:\d{4} is.*|mine)$', a.transcript(), re.M), said + ['mine'])
    assert len(re.findall(r'^Ben · ', a.transcript(), re.M)) == 1, 'Ben has one caption'

    def red():
        """Ben's words at the end of the transcript are not red"""
        picture = a.picture()
        # Without the bar beside them.
        return picture.crop(50, 150, picture.width - 100, 350).red() > 1500
    a11y.wait(red)
    a.shot('before-mine')
    a.end()
    peer.end()


@case
def the_transcript_stays_where_it_is_read():
    """A new message does not move a transcript that is scrolled up."""
    a, b = pair('scroll')
    b.send('\n'.join(f'line {i}' for i in range(60)))
    a.wait_said('line 59')
    bars = a.picture()
    b.send('the newest, at the end')
    a.wait_said('the newest')
    a11y.wait(lambda: a.picture() != bars)
    # Scrolled up, a new message must not move the text under the reader's eyes.
    x, y = a.corner()
    hands.run('xdotool', 'mousemove', str(x + 300), str(y + 250))
    hands.run('xdotool', 'click', '--repeat', '8', '4')
    previous = [None]

    def still():
        picture = a.picture()
        same, previous[0] = picture == previous[0], picture
        return same
    a11y.wait(still, step=0.2)
    before = a.shot('scrolled')
    b.send('one that must not move it')
    a.wait_said('one that must not move it')
    a11y.wait(still, step=0.2)
    after = a.shot('scrolled-after')
    rows = slice(150 * before.width * 3, 350 * before.width * 3)
    assert before.rgb[rows] == after.rgb[rows], 'the transcript moved while it was read'
    end_all(a, b)


if __name__ == '__main__':
    assert os.environ.get('DISPLAY'), 'run me in with-display'
    tap.main(after=chat.clean)
