# SPDX-License-Identifier: LGPL-2.1-or-later
"""process_cell.py work|control NAME: the other side of a process cell, from the table of its layout alone.

work: makes the object, records its process, says "ready", and works until the cell says -1; then it says "stopped".
control: says the number in the cell, and at a line of input puts -1 there; when the cell is 0 again it says "ended".
"""
import mmap
import os
import struct
import sys
import time


def attach(path, flags):
    fd = os.open(path, os.O_RDWR | flags, 0o600)
    if flags:
        os.ftruncate(fd, 4)
    memory = mmap.mmap(fd, 4)
    os.close(fd)
    return memory


def get(memory):
    return struct.unpack('<i', memory[:])[0]


def put(memory, value):
    memory[:] = struct.pack('<i', value)


def work(path):
    memory = attach(path, os.O_CREAT | os.O_EXCL)
    try:
        put(memory, os.getpid())
        print('ready', flush=True)
        while get(memory) != -1:
            time.sleep(0.005)  # a unit of work
        put(memory, 0)
        print('stopped', flush=True)
        sys.stdin.read()
    finally:
        os.unlink(path)


def control(path):
    memory = attach(path, 0)
    print(get(memory), flush=True)
    sys.stdin.readline()
    put(memory, -1)
    print('told', flush=True)
    while get(memory) != 0:
        time.sleep(0.005)
    print('ended', flush=True)


role, name = sys.argv[1:]
{'work': work, 'control': control}[role]('/dev/shm' + name)
