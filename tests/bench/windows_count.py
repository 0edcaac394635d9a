# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the instructions of the real window from a change of the composer's text to its publication, by callgrind."""
import collections
import os
import re
import subprocess
import tempfile
import time
import windows_keys

BACKSPACE = 0xff08
HANDLER = 'on_buffer_changed'
# What the handler calls until the text is published.
UNTIL_PUBLISHED = 'chat_text_dup', 'g_signal_emit'
DRAFT = 80
PAIRS = 10


def calls(path):
    """The instructions in a callgrind file, by (object, function, called object, called function)."""
    names, found = {}, collections.Counter()
    here = {'ob': '', 'fn': '', 'cob': None, 'cfn': ''}
    called = False
    with open(path) as file:
        for line in file:
            if match := re.match(r'(ob|fn|cob|cfn)=(?:\((\d+)\)(?: (.*))?)?', line.rstrip()):
                kind, number, name = match.groups()
                table = kind[-2:]
                if name:
                    names[table, number] = name
                here[kind] = names.get((table, number), '')
            elif line.startswith('calls='):
                called = True
            elif called:
                caller = here['ob'], here['fn']
                callee = here['ob'] if here['cob'] is None else here['cob']
                found[*caller, callee, here['cfn']] += int(line.split()[-1])
                here['cob'], called = None, False
    return found


def _is_ours(path):
    return 'shmooze' in os.path.basename(path)


def _base(function):
    """Without the suffix that callgrind adds for a recursion."""
    return function.split("'")[0]


def count(path, n_keys):
    """The instructions of a key until the text is published, and those of them in GTK."""
    found = calls(path)
    all_of_it = sum(n for (_, caller, _, called), n in found.items()
                    if _base(caller) == HANDLER and _base(called) in UNTIL_PUBLISHED)
    below = 'chat_text_dup', 'on_composer_changed'
    gtk = sum(n for (of, caller, to, called), n in found.items()
              if _is_ours(of) and not _is_ours(to) and _base(caller) in below and called.startswith('gtk_'))
    return all_of_it / n_keys, gtk / n_keys


def _wait_window(valgrind, seconds=120):
    end = time.monotonic() + seconds
    while not subprocess.run(['xdotool', 'search', '--onlyvisible', '--pid', str(valgrind.pid)],
                             capture_output=True).stdout:
        if time.monotonic() > end or valgrind.poll() is not None:
            raise RuntimeError('no window under valgrind')
        time.sleep(0.2)


def _settle(valgrind, still=1):
    """Waits until it is idle."""
    def cpu():
        with open(f'/proc/{valgrind.pid}/schedstat') as stat:
            return int(stat.read().split()[0])
    before = -1
    while cpu() - before > still * 5e7:
        before = cpu()
        time.sleep(still)


def _type(keyboard, *keysyms):
    for keysym in keysyms:
        keyboard.press(keysym)
        keyboard.release(keysym)


def measure(shmooze, region):
    """Types at the end of a line of DRAFT characters, with a peer in the room."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'callgrind')
        peer = subprocess.Popen([shmooze, region, '--name=Ben'])
        window = subprocess.Popen(['valgrind', '--tool=callgrind', f'--toggle-collect={HANDLER}',
                                   f'--callgrind-out-file={out}', shmooze, region, '--name=Ada'],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_window(window)
            _settle(window)
            windows_keys.focus(window.pid)
            keyboard = windows_keys.Keyboard()
            _type(keyboard, *[ord('a') + n % 26 for n in range(DRAFT - 1)])
            _settle(window)
            subprocess.run(['callgrind_control', '-z', str(window.pid)], check=True, capture_output=True)
            for _ in range(PAIRS):
                _type(keyboard, ord('z'), BACKSPACE)
                _settle(window, 0.2)
            subprocess.run(['callgrind_control', '-d', str(window.pid)], check=True, capture_output=True)
            return count(out + '.1', 2 * PAIRS)
        finally:
            for process in window, peer:
                process.terminate()
                process.wait(30)
