# SPDX-License-Identifier: LGPL-2.1-or-later
"""The measurements of windows.py: a start, a keystroke, and a hundred thousand messages."""
import random
import subprocess
import time
import windows_keys
from windows_probe import BUFFER_CHANGED, Program

BACKSPACE = 0xff08
# Not in step with the frames.
PAUSE = 0.02, 0.06
DRAFT = 80


def start(probe, *command):
    """The time and the CPU time until the first frame, in s, and private memory when idle, in bytes."""
    program = Program(probe, *command)
    try:
        return *program.first_frame(), program.settled_memory()
    finally:
        program.end()


class Typist:
    """Types in one window, and measures the time until each key is in the live text of the other."""

    def __init__(self, probe, shmooze, region):
        self.windows = [Program(probe, shmooze, region, f'--name={nick}') for nick in ('Ada', 'Ben')]
        for number, window in enumerate(self.windows):
            window.first_frame()
            windows_keys.place(window.pid, 10 + 650 * number, 10, 620, 700)
        self.keyboard = windows_keys.Keyboard()
        self.from_key, self.from_event, self.from_text = [], [], []
        windows_keys.focus(self.windows[0].pid)
        for window in self.windows:
            window.wait_quiet()
            window.records()

    def _changes(self, window, n_chars):
        """The first change after which a text of that window had n_chars characters."""
        return window.wait(lambda: next((r for r in window.records() if r[0] == BUFFER_CHANGED and r[4] == n_chars),
                                        None), 10, 0.0005)

    def key(self, keysym, n_chars):
        """Types a key, after which there are n_chars characters."""
        pressed = self.keyboard.press(keysym)
        _, shown, *_ = self._changes(self.windows[1], n_chars)
        _, changed, woken, *_ = self._changes(self.windows[0], n_chars)
        self.keyboard.release(keysym)
        time.sleep(random.uniform(*PAUSE))
        self.from_key.append((shown - pressed) / 1e9)
        self.from_event.append((shown - woken) / 1e9)
        self.from_text.append((shown - changed) / 1e9)

    def type(self, n_keys):
        """Types lines of DRAFT characters and deletes them again, letter by letter."""
        n_chars, step = 0, 1
        for _ in range(n_keys):
            step = 1 if n_chars == 0 else -1 if n_chars == DRAFT else step
            n_chars += step
            self.key(ord('a') + n_chars % 26 if step > 0 else BACKSPACE, n_chars)

    def end(self):
        for window in self.windows:
            window.end()


def keystrokes(probe, shmooze, region, n_keys):
    """Lists of the times in s from the key, the event and the changed text until the other window has the text."""
    typist = Typist(probe, shmooze, region)
    try:
        typist.type(n_keys)
        return typist.from_key, typist.from_event, typist.from_text
    finally:
        typist.end()


def _message(number):
    return f'Message {number:6} of many, which says a little more than the one before it did.'


def _send(shmoozectl, region, n_messages):
    """Starts a peer that sends n_messages as fast as possible."""
    peer = subprocess.Popen([shmoozectl, 'chat', region, '--name=Ben'], stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, text=True)
    peer.stdin.write(''.join(_message(n) + '\n' for n in range(n_messages)))
    peer.stdin.close()
    return peer


def transcript(probe, shmooze, shmoozectl, region, n_messages):
    """Sends n_messages to a window, until it has drawn them all, and returns the cost."""
    window = Program(probe, shmooze, region, '--name=Ada', PROBE_BEATS='1')
    try:
        window.first_frame()
        # The first messages also load fonts and the like.
        _send(shmoozectl, region, 100).wait()
        before, cpu = window.settled_memory(), window.cpu_time()
        window.forget_turns()
        began = time.monotonic()
        peer = _send(shmoozectl, region, n_messages)
        assert peer.wait() == 0, 'the peer failed'
        seconds = time.monotonic() - began
        after = window.settled_memory(1)
        turn, work, wait = window.turns()
        text = sum(len(_message(n)) for n in range(n_messages))
        return {'messages': n_messages, 'seconds': seconds, 'cpu_seconds': window.cpu_time() - cpu,
                'longest_turn': turn, 'longest_work': work, 'longest_wait': wait,
                'bytes_a_message': (after - before - text) / n_messages}
    finally:
        window.end()
