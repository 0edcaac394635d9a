#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""idle.py [SECONDS] | --tap: what a pair of chat windows does without any input.

Counts the context switches of all threads of both windows, and of an empty GTK window with a text
view beside them: once with a still cursor, where nothing at all has a reason to run, and once with
a blinking one, each window in its turn having the focus. Run in with-display; a blinking cursor
needs with-display -b."""
import glob
import os
import re
import sys
import time
import chat  # the first: it knows where the rig is
import a11y
import tap
from chat import Chat, hands

EMPTY = os.environ['EMPTY_WINDOW']


def switches(pid):
    """Of each thread so far."""
    threads = {}
    for path in glob.glob(f'/proc/{pid}/task/*/status'):
        try:
            with open(path) as status:
                threads[path] = sum(int(n) for n in re.findall(r'ctxt_switches:\s+(\d+)', status.read()))
        except (FileNotFoundError, ProcessLookupError):
            pass                                  # a thread that has just ended
    return threads


def switched(pids, seconds):
    """How often each process was switched to or from in that time."""
    before = [switches(p) for p in pids]
    time.sleep(seconds)
    return [sum(count - old.get(thread, 0) for thread, count in switches(p).items())
            for p, old in zip(pids, before)]


def count(focused, windows, seconds):
    """Context switches of each window while the focused one has the focus."""
    pids = [w.pid for w in windows]
    focused.focus()
    # Threads that only helped to start end 15 s later, GTK's text view lays its lines out of the way
    # after 20 s, and a blinking cursor stops by itself.
    a11y.wait(lambda: max(switched(pids, 21)) == 0, 120)
    if blinking():
        focused.key('Left')                       # it blinks again, for 10 s
        time.sleep(0.5)
    return switched(pids, seconds)


def blinking():
    with open(os.environ['XDG_CONFIG_HOME'] + '/gtk-4.0/settings.ini') as ini:
        return 'gtk-cursor-blink=1' in ini.read()


def measure(seconds):
    """Rows of (who has the focus, switches of Ada, of Ben, of the empty window)."""
    empty = hands.Window(EMPTY, title='Empty', stderr=open(os.devnull, 'w'))
    empty.place(800, 10, 480, 560)
    a, b = chat.pair('idle')
    a.send('something was said')
    b.wait_said('something was said')
    b.write('and something else begun')
    a.wait_live('Ben', 'and something else begun')
    windows = a, b, empty
    turns = [('a chat window', a), ('the empty window', empty)]
    rows = [(name, *count(w, windows, seconds)) for name, w in (turns if blinking() else turns[:1])]
    a.end()
    b.end()
    empty.close()
    return rows


@tap.case
def an_idle_pair_of_windows_is_not_woken_up():
    """An idle pair of windows causes no wake-ups."""
    rows = measure(10)
    for name, ada, ben, empty in rows:
        tap.note(f'10 s, focus on {name}: {ada} + {ben} context switches of the pair, {empty} of the empty window')
    # Nothing has a reason to run: whatever GTK itself does, the empty window does as well.
    for name, ada, ben, empty in rows:
        assert max(ada, ben) <= empty + 2, f'with the focus on {name}: {ada} and {ben}, but {empty} of the empty window'


if __name__ == '__main__':
    if sys.argv[1:] == ['--tap']:
        sys.argv[1:] = []
        tap.main(after=chat.clean)
    seconds = int(sys.argv[1]) if sys.argv[1:] else 10
    print(f'Context switches in {seconds} s, cursor {"blinking" if blinking() else "still"}:', flush=True)
    for name, ada, ben, empty in measure(seconds):
        print(f'  focus on {name:16}  chat windows {ada} + {ben}, empty GTK window {empty}', flush=True)
