# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a GTK program with window-probe.c preloaded, and reads the file that the probe writes."""
import mmap
import os
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

FIRST_FRAME, BUFFER_CHANGED = 1, 2

# As in window-probe.c.
_HEAD = struct.Struct('=QQQQQ')
_RECORD = struct.Struct('=QQQQQ')
_N_RECORDS = 1 << 16


def build(folder):
    """Compiles the probe and the empty window into a folder, and returns their paths."""
    flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'gtk4'], check=True, capture_output=True,
                           text=True).stdout.split()
    probe, empty = os.path.join(folder, 'window-probe.so'), os.path.join(folder, 'window-empty')
    for options, source, target in ((['-shared', '-fPIC'], 'window-probe.c', probe), ([], 'window-empty.c', empty)):
        subprocess.run([os.environ.get('CC', 'cc'), '-O2', *options, '-o', target, os.path.join(HERE, source), *flags],
                       check=True)
    return probe, empty


class Program:
    """A program with the probe."""

    def __init__(self, probe, *command, **env):
        self.file = tempfile.NamedTemporaryFile(prefix='window-probe-')
        self.file.truncate(_HEAD.size + _N_RECORDS * _RECORD.size)
        self.memory = mmap.mmap(self.file.fileno(), 0)
        self.n_read = 0
        full = {**os.environ, 'LD_PRELOAD': probe, 'PROBE_FILE': self.file.name, **env}
        self.started = time.monotonic_ns()
        self.proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=full)
        self.pid = self.proc.pid

    def _head(self):
        return _HEAD.unpack_from(self.memory, 0)

    def turns(self):
        """In s: the longest turn of the main loop, the most CPU time of a turn, the longest delay of drawing."""
        return [value / 1e9 for value in self._head()[1:4]]

    def forget_turns(self):
        struct.pack_into('=QQQ', self.memory, 8, 0, 0, 0)

    def frames(self):
        return self._head()[4]

    def records(self):
        """The records since the last call: (kind, time, woken, buffer, characters)."""
        n_written = self._head()[0]
        new = [_RECORD.unpack_from(self.memory, _HEAD.size + n % _N_RECORDS * _RECORD.size)
               for n in range(self.n_read, n_written)]
        self.n_read = n_written
        return new

    def wait(self, condition, seconds=30, step=0.001):
        """Waits until condition() is true, and returns its value."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if self.proc.poll() is not None:
                raise RuntimeError(f'{self.proc.args[0]} ended with status {self.proc.returncode}')
            if time.monotonic() > end:
                raise TimeoutError(f'{self.proc.args[0]}: nothing for {seconds} s')
            time.sleep(step)
        return found

    def first_frame(self):
        """The time from the start to the first frame, and the CPU time of the main thread, in s."""
        self.wait(lambda: self.frames() > 0)
        return next(((r[1] - self.started) / 1e9, r[4] / 1e9) for r in self.records() if r[0] == FIRST_FRAME)

    def private_memory(self):
        """In bytes: memory that is not shared."""
        with open(f'/proc/{self.pid}/smaps_rollup') as rollup:
            return sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith('Private_'))

    def cpu_time(self):
        """In s."""
        with open(f'/proc/{self.pid}/schedstat') as stat:
            return int(stat.read().split()[0]) / 1e9

    def settled_memory(self, still=0.5):
        """Its private memory when it is idle."""
        self.wait_quiet(still)
        return self.private_memory()

    def wait_quiet(self, still=0.5, seconds=120):
        """Waits until its main thread has been nearly idle for that time."""
        end = time.monotonic() + seconds
        before = self.cpu_time()
        while time.monotonic() < end:
            time.sleep(still)
            after = self.cpu_time()
            if after - before < 0.02 * still:
                return
            before = after
        raise TimeoutError(f'{self.proc.args[0]} was never quiet')

    def end(self):
        self.proc.terminate()
        self.proc.wait(20)
        self.memory.close()
        self.file.close()
