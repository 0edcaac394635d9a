# SPDX-License-Identifier: LGPL-2.1-or-later
"""communicator.py NAME [READ [WRITE]] [--create CAPACITY] [--pause MSEC]: a peer of the communicator that only knows
the documented layout and does not use the library.

A slot at P: u8 data-available at P, u8 read-confirm at P + 1, little-endian int32 length at P + 2, payload from P + 12.
Each line on standard input names a method and its argument; the answer is one line.
"""
import argparse
import mmap
import os
import struct
import sys
import time

DATA_AT = 12


class Slot:
    def __init__(self, memory, position):
        self.memory, self.position = memory, position

    def put(self, payload):
        """Returns False if the last message is not confirmed yet."""
        memory, position = self.memory, self.position
        if memory[position + 1] != 1:
            return False
        memory[position + 2:position + 6] = struct.pack('<i', len(payload))
        memory[position + DATA_AT:position + DATA_AT + len(payload)] = payload
        memory[position + 1] = 0
        memory[position] = 1
        return True

    def take(self):
        memory, position = self.memory, self.position
        if memory[position] != 1:
            return None
        [length] = struct.unpack('<i', memory[position + 2:position + 6])
        payload = memory[position + DATA_AT:position + DATA_AT + length]
        memory[position] = 0
        memory[position + 1] = 1
        return payload


def pattern(number):
    """1 to 1,900 bytes, from which the number of the message can be recognized, and whether it is whole."""
    return bytes((number + 7 * i) % 251 for i in range(1 + number * 7919 % 1900))


class Peer:
    def __init__(self, options):
        path = f'/dev/shm/{options.name.lstrip("/")}'
        if options.create:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            os.ftruncate(fd, options.create)
        else:
            fd = os.open(path, os.O_RDWR)
        self.path, self.pause = path, options.pause / 1000
        self.memory = mmap.mmap(fd, options.create or options.capacity)
        os.close(fd)
        self.incoming, self.outgoing = Slot(self.memory, options.read), Slot(self.memory, options.write)

    def until(self, what):
        while (result := what()) in (None, False):
            time.sleep(self.pause)
        return result

    def claim(self):
        """A sender's slot starts with read-confirm = 1."""
        self.memory[self.outgoing.position + 1] = 1
        return 'claimed'

    def write(self, text):
        self.until(lambda: self.outgoing.put(text.encode()))
        return 'written'

    def read(self):
        return self.until(self.incoming.take).decode()

    def send(self, count):
        for number in range(int(count)):
            self.until(lambda: self.outgoing.put(pattern(number)))
        return f'sent {count}'

    def receive(self, count):
        for number in range(int(count)):
            payload = self.until(self.incoming.take)
            if payload != pattern(number):
                return f'message {number} is not what was sent: {len(payload)} bytes'
        return f'received {count}'

    def exchange(self, count):
        """Sends and receives at the same time."""
        sent = received = 0
        while sent < int(count) or received < int(count):
            moved = False
            if sent < int(count) and self.outgoing.put(pattern(sent)):
                sent, moved = sent + 1, True
            if received < int(count) and (payload := self.incoming.take()) is not None:
                if payload != pattern(received):
                    return f'message {received} is not what was sent: {len(payload)} bytes'
                received, moved = received + 1, True
            if not moved:
                time.sleep(self.pause)
        return f'exchanged {count}'

    def unlink(self):
        os.unlink(self.path)
        return 'unlinked'


parser = argparse.ArgumentParser()
parser.add_argument('name')
parser.add_argument('read', type=int, nargs='?', default=0)
parser.add_argument('write', type=int, nargs='?', default=2000)
parser.add_argument('--capacity', type=int, default=4096)
parser.add_argument('--create', type=int)
parser.add_argument('--pause', type=float, default=0.3, help='milliseconds between two polls; 500 in the original')
peer = Peer(parser.parse_args())
print('ready', flush=True)
for line in sys.stdin:
    command, _, argument = line.rstrip('\n').partition(' ')
    print(getattr(peer, command)(*[argument] if argument else []), flush=True)
