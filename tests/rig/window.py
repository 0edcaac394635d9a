# SPDX-License-Identifier: LGPL-2.1-or-later
"""A window in a test, on any display: its process and its place on the accessibility bus."""
import subprocess
import a11y


class BaseWindow:
    """The program's first window, ready when it is on the accessibility bus and on the screen."""

    def __init__(self, *cmd, title=None, **popen):
        self.proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, **popen)
        try:
            self._meet(self.proc.pid, title)
        except BaseException:
            self.kill()
            raise

    @classmethod
    def of_pid(cls, pid, title=None):
        """A window of a process that was not started here."""
        self = cls.__new__(cls)
        self.proc = None
        self._meet(pid, title)
        return self

    def _meet(self, pid, title):
        self.pid = pid
        self.a11y = a11y.wait(lambda: self._ended() or a11y.find_app(pid=pid), 30)
        self.frame = a11y.get(self.a11y, 'frame', title)
        self.show()

    def _ended(self):
        if self.proc and self.proc.poll() is not None:
            raise RuntimeError(f'ended with status {self.proc.returncode} before its window was there')

    def alive(self):
        return self.proc is not None and self.proc.poll() is None

    def close(self, seconds=20):
        """As the window's own close button does; the exit status."""
        try:
            if self.proc is None or self.alive():
                a11y.press(self.frame, 'window.close')
        except a11y.GLib.Error:                   # the program may be gone before it answers
            pass
        return self.proc.wait(seconds * a11y.PATIENCE) if self.proc else None

    def kill(self):
        if self.alive():
            self.proc.kill()
            self.proc.wait()
