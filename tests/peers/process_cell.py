# SPDX-License-Identifier: LGPL-2.1-or-later
"""process_cell.py work|control|work-often|control-often NAME [COUNT]: the other side of a process cell, which only
knows the documented layout.

work: creates the object, records its process ID, prints "ready", works until the cell is -1, and prints "stopped".
control: prints the value of the cell, and sets it to -1 at a line of input; when it is 0 again, prints "ended".
work-often, control-often: the same COUNT times, as fast as the other side answers, on an existing object.
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


def work_often(path, count):
    memory = attach(path, 0)
    for _ in range(int(count)):
        put(memory, os.getpid())
        while (value := get(memory)) != -1:
            assert value == os.getpid(), value
        put(memory, 0)
    print(f'stopped {count}', flush=True)


def control_often(path, count):
    memory = attach(path, 0)
    workers = set()
    for _ in range(int(count)):
        while (value := get(memory)) <= 0:
            assert value == 0, value
        workers.add(value)
        put(memory, -1)
        while get(memory) == -1:
            pass
    print(f'stopped {count} of {len(workers)}', flush=True)


role, name, *arguments = sys.argv[1:]
{'work': work, 'control': control, 'work-often': work_often,
 'control-often': control_often}[role]('/dev/shm' + name, *arguments)
