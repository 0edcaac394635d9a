# SPDX-License-Identifier: LGPL-2.1-or-later
"""line.py NAME [--create CAPACITY] [--mutex FILE]: a peer of the shared line that only knows the documented
layout: one line of UTF-8 from the start of the region, which ends with CR LF. A reader stops there. Readers and writers
hold the mutex.

Without --mutex the caller must hold the mutex: shmoozectl lock MUTEX -- python3 line.py …
Each line on standard input names a method and its argument; the answer is one line.
"""
import argparse
import fcntl
import mmap
import os
import struct
import sys
import time

PAUSE = 0.0003
F_OFD_SETLK = 37
MUTEX_BYTE = (1 << 62) + 4096
END = b'\r\n'


class Mutex:
    """A lock on a byte of the mutex's file; the word at its start says whether the mutex has an owner."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR)

    def set(self, kind):
        fcntl.fcntl(self.fd, F_OFD_SETLK, struct.pack('hhxxxxqqixxxx', kind, os.SEEK_SET, MUTEX_BYTE, 1, 0))

    def __enter__(self):
        while True:
            try:
                self.set(fcntl.F_WRLCK)
                break
            except BlockingIOError:
                time.sleep(PAUSE)
        os.pwrite(self.fd, struct.pack('=I', 1), 0)

    def __exit__(self, *problem):
        os.pwrite(self.fd, struct.pack('=I', 0), 0)
        self.set(fcntl.F_UNLCK)


class Held:
    """The caller holds the mutex."""

    def __enter__(self):
        pass

    def __exit__(self, *problem):
        pass


def pattern(number):
    """Up to 97 bytes, from which the number of the change can be recognized, and whether it is whole."""
    text = '%d %s' % (number, chr(0xe0 + number % 20) * (number * 7 % 48))
    return text.encode()[:97].decode(errors='ignore')


class Peer:
    def __init__(self, options):
        path = '/dev/shm/' + options.name.lstrip('/')
        fd = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if options.create else 0), 0o600)
        if options.create:
            os.ftruncate(fd, options.create)
        self.path = path
        self.capacity = options.create or options.capacity
        self.memory = mmap.mmap(fd, self.capacity)
        os.close(fd)
        self.mutex_path, self.mutex = options.mutex, Held()
        self.known = None

    def join(self):
        """Waits until the other side has created the mutex."""
        while not os.path.exists(self.mutex_path):
            time.sleep(PAUSE)
        self.mutex = Mutex(self.mutex_path)
        return 'joined'

    def put(self, line):
        data = line.encode() + END
        assert len(data) <= self.capacity
        self.memory[:len(data)] = data
        self.known = line

    def get(self):
        end = self.memory.find(END)
        return None if end < 0 else self.memory[:end].decode()

    def write(self, line=''):
        with self.mutex:
            self.put(line)
        return 'written'

    def next(self):
        """Waits for a line that differs from the last one."""
        while True:
            with self.mutex:
                line = self.get()
            if line is not None and line != self.known:
                self.known = line
                return line
            time.sleep(PAUSE)

    def show(self):
        """Returns the current line."""
        with self.mutex:
            return self.get()

    def drive(self, count):
        """Writes lines and waits for the answer to each."""
        for number in range(int(count)):
            self.write(pattern(number))
            answer = self.next()
            if answer != pattern(number)[::-1] + '.':
                return f'answer {number} is {answer!r}'
        return f'drove {count}'

    def answer(self, count):
        """Answers each of the expected lines."""
        for number in range(int(count)):
            line = self.next()
            if line != pattern(number):
                return f'line {number} is {line!r}'
            self.write(line[::-1] + '.')
        return f'answered {count}'

    def unlink(self):
        os.unlink(self.path)
        return 'unlinked'


parser = argparse.ArgumentParser()
parser.add_argument('name')
parser.add_argument('--capacity', type=int, default=100)
parser.add_argument('--create', type=int)
parser.add_argument('--mutex')
if __name__ == '__main__':
    peer = Peer(parser.parse_args())
    print('ready', flush=True)
    for said in sys.stdin:
        command, _, argument = said.rstrip('\n').partition(' ')
        print(getattr(peer, command)(*[argument] if argument else []), flush=True)
