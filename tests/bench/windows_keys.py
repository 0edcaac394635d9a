# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real keys on X11, sent by XTEST, with the time of each."""
import ctypes
import subprocess
import time


def _run(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def focus(pid):
    """Focuses the window of a process."""
    for window in _run('xdotool', 'search', '--sync', '--onlyvisible', '--pid', str(pid)).split():
        if _run('xdotool', 'getwindowname', window):
            _run('xdotool', 'windowactivate', '--sync', window)
            return
    raise RuntimeError(f'process {pid} has no window')


def place(pid, x, y, width, height):
    """Moves and resizes the window of a process."""
    for window in _run('xdotool', 'search', '--sync', '--onlyvisible', '--pid', str(pid)).split():
        if _run('xdotool', 'getwindowname', window):
            _run('xdotool', 'windowsize', window, str(width), str(height))
            _run('xdotool', 'windowmove', window, str(x), str(y))


class Keyboard:
    def __init__(self):
        self.x11, self.xtst = ctypes.CDLL('libX11.so.6'), ctypes.CDLL('libXtst.so.6')
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
        self.x11.XFlush.argtypes = [ctypes.c_void_p]
        self.xtst.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
        self.display = self.x11.XOpenDisplay(None)

    def _send(self, keysym, down):
        code = self.x11.XKeysymToKeycode(self.display, keysym)
        self.xtst.XTestFakeKeyEvent(self.display, code, down, 0)
        self.x11.XFlush(self.display)

    def press(self, keysym):
        """Presses the key, and returns the time, in ns of the monotonic clock."""
        when = time.monotonic_ns()
        self._send(keysym, 1)
        return when

    def release(self, keysym):
        self._send(keysym, 0)
