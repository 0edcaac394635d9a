#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One window is killed while it types, again and again: with-display ./test-crash-windows.py"""
import os
import random
import chat  # the first: it knows where the rig is
import a11y
import tap
from chat import Chat, nothing_left
from tap import case

ROUNDS = 50 if 'THOROUGH' in os.environ else 10
TEXT = 'Typed äöü ☃ until the very end: ' + 'and on and on, ' * 8


@case
def kill_while_typing_many_times():
    """A peer killed while typing is shown as crashed, many times in a row, and its seat is reused."""
    seed = random.randrange(1 << 32)
    tap.note(f'seed {seed}, {ROUNDS} rounds')
    chance = random.Random(seed)
    a = Chat('killed', 'Ada')
    a.place(10, 10, 620, 700)
    kept = []
    for i in range(ROUNDS):
        b = Chat('killed', 'Ben')
        b.place(650, 10, 620, 700)
        b.wait_said(*kept[-3:])
        b.send(f'kept {i:02};')
        kept.append(f'kept {i:02};')
        a.wait_said(kept[-1])
        length = chance.randrange(1, len(TEXT) - 20)
        typist = b.start_typing(TEXT, 3)

        def far_enough():
            live = a.live('Ben')
            assert TEXT.startswith(live), f'torn: {live!r}'
            return len(live) >= length
        a11y.wait(far_enough, step=0.001)
        b.crash()
        b.stop_typing(typist)

        def told():
            live = a.live('Ben')
            assert TEXT.startswith(live), f'torn: {live!r}'
            return a.transcript().count('Ben left unexpectedly') == i + 1
        told.__doc__ = f'round {i}: the crash was not told'
        a11y.wait(told, 5)
        assert a.alive()
    transcript = a.transcript()
    at = [transcript.index(k) for k in kept]
    assert at == sorted(at) and all(transcript.count(k) == 1 for k in kept), 'not everything sent was kept, once'
    a.shot('killed-50-times')
    b = Chat('killed', 'Ben')
    b.wait_said(*kept[-3:])
    b.send('and no cleaning was needed')
    a.wait_said('and no cleaning was needed')
    b.end()
    a.end()
    nothing_left()


@case
def kill_minus_9_of_the_last_holder_leaves_no_name():
    """After the last holder was killed, the next window starts with an empty room."""
    for i in range(3):
        a = Chat('orphan', 'Ada')
        a.send(f'this will be forgotten {i}')
        a.crash()
        b = Chat('orphan', 'Ben')
        b.wait_shows('Waiting for another window')
        assert 'this will be forgotten' not in b.all_text(), 'a dead region was opened'
        b.end()
    nothing_left()


assert os.environ.get('DISPLAY'), 'run me in with-display'
tap.main(after=chat.clean)
