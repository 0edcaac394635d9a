# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs programs in a temporary runtime directory, with pipes or a pseudo-terminal, and collects their output."""
import fcntl
import glob
import os
import pty
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import threading
import time

DEADLINE = 30 * float(os.environ.get('RIG_PATIENCE', 1))


def wait_until(condition, what):
    """Waits until condition() is true. After a time-out, fails with a message that contains `what`."""
    end = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, 'timed out waiting for ' + what
        time.sleep(0.01)


def equal(first, second):
    assert first == second, '%r is not %r' % (first, second)


def contains(text, *parts):
    text = text.decode() if isinstance(text, bytes) else text
    for part in parts:
        assert part in text, 'no %r in %r' % (part, text)


class Place:
    """A temporary runtime directory, and the programs started in it: `command` with various arguments."""

    def __init__(self, command):
        self.command = command
        self.path = tempfile.mkdtemp(prefix='shmoozectl-')
        self.env = {k: v for k, v in os.environ.items()
                    if k not in ('NO_COLOR', 'FLATPAK_ID', 'SHMOOZE_DOMAIN', 'LANGUAGE')}
        self.env.update(XDG_RUNTIME_DIR=self.path, LC_ALL='C.UTF-8', TERM='xterm')
        self.started = []

    def run(self, *arguments, given=b'', **more):
        return subprocess.run((self.command,) + arguments, input=given, env=self.env, timeout=DEADLINE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def start(self, *arguments):
        return self.keep(Piped(self, (self.command,) + arguments))

    def dialog(self, *arguments):
        return self.keep(Dialog(self, (self.command,) + arguments))

    def terminal(self, *arguments, **keywords):
        return self.keep(Terminal(self, (self.command,) + arguments, **keywords))

    def keep(self, program):
        self.started.append(program)
        return program

    def regions(self):
        return [os.path.basename(p) for p in glob.glob(self.path + '/app/*/shmooze/*') if os.path.isfile(p)]

    def close(self):
        for program in self.started:
            program.close()
        shutil.rmtree(self.path)


class Program:
    """A running program whose output is collected in a thread."""

    output = b''

    def listen(self, fd):
        def collect():
            while True:
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    data = b''
                if not data:
                    return
                self.output += data
        self.listener = threading.Thread(target=collect, daemon=True)
        self.listener.start()

    def lines(self):
        return self.output.decode().split('\n')[:-1]

    def wait_for(self, text):
        wait_until(lambda: text.encode() in self.output or self.process.poll() is not None,
                   '%r in %r' % (text, self.output[-500:]))
        if text.encode() not in self.output:
            self.listener.join(DEADLINE)
        assert text.encode() in self.output, 'ended without %r: %r' % (text, self.output[-500:])

    def wait(self):
        status = self.process.wait(DEADLINE)
        self.listener.join(DEADLINE)
        return status


class Piped(Program):
    def __init__(self, place, command):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=place.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.listen(self.process.stdout.fileno())

    def write(self, text):
        self.process.stdin.write(text if isinstance(text, bytes) else text.encode())
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        return self.wait()

    def said(self):
        """Returns what the program has printed on standard error."""
        # The program shares the file offset, so the file is read with pread(), which does not move it.
        return os.pread(self.errors.fileno(), 1 << 20, 0).decode()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        if not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        self.process.stdout.close()
        self.errors.close()


class Dialog:
    """A program that answers each line of its input with a line of output."""

    def __init__(self, place, command):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=place.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.heard = b''

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def say(self, line):
        self.write(line + '\n')

    def hear(self, seconds=DEADLINE):
        end = time.monotonic() + seconds
        while b'\n' not in self.heard:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            assert ready, 'nothing heard after %r' % self.heard
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, 'ended after %r: %s' % (self.heard, self.said())
            self.heard += data
        line, self.heard = self.heard.split(b'\n', 1)
        return line.decode()

    def ask(self, line, seconds=DEADLINE):
        self.say(line)
        return self.hear(seconds)

    def said(self):
        return os.pread(self.errors.fileno(), 1 << 20, 0).decode()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(DEADLINE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            try:
                file.close()
            except BrokenPipeError:
                pass


class Terminal(Program):
    """A program on its own pseudo-terminal."""

    def __init__(self, place, command, columns=80, **environment):
        self.fd, self.other = pty.openpty()
        fcntl.ioctl(self.other, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        self.mode = termios.tcgetattr(self.other)
        self.process = subprocess.Popen(command, env={**place.env, **environment},
                                        stdin=self.other, stdout=self.other, stderr=self.other,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.listen(self.fd)

    def write(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        return self.process.wait(DEADLINE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.other)
        self.listener.join(DEADLINE)
        os.close(self.fd)
