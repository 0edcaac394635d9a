# SPDX-License-Identifier: LGPL-2.1-or-later
"""shared_text.py write|step|read|grow NAME COUNT: the other side of a shared text, which only knows the layout.

write COUNT: creates the object, writes COUNT texts, prints "written", and removes the object at the end of input.
step COUNT: the same, but writes a text for each line of input, and prints "wrote N" for each.
read COUNT: waits for each of COUNT texts, which must be whole, and prints "saw N" for each.
grow COUNT: follows a text that grows to COUNT lines, of which line N is the number N, and prints "saw N" for each.
Text N is one letter, repeated.
"""
import mmap
import os
import struct
import sys

SIZE = 8096
MAX_UNITS = (SIZE - 10) // 2


def text_of(number):
    return chr(ord('A') + number % 26) * (1 + number * 37 % MAX_UNITS)


def attach(path, flags):
    fd = os.open(path, os.O_RDWR | flags, 0o600)
    if flags:
        os.ftruncate(fd, SIZE)
    memory = mmap.mmap(fd, SIZE)
    os.close(fd)
    return memory


def put(memory, text):
    units = text.encode('utf-16-le')
    struct.pack_into('<i', memory, 0, 0)
    memory[10:10 + len(units)] = units
    struct.pack_into('<i', memory, 0, len(units) // 2)


def write(path, count):
    memory = attach(path, os.O_CREAT | os.O_EXCL)
    try:
        print('ready', flush=True)
        sys.stdin.readline()
        for number in range(1, count + 1):
            put(memory, text_of(number))
        print('written', flush=True)
        sys.stdin.read()
    finally:
        os.unlink(path)


def step(path, count):
    memory = attach(path, os.O_CREAT | os.O_EXCL)
    try:
        print('ready', flush=True)
        for number in range(1, count + 1):
            sys.stdin.readline()
            put(memory, text_of(number))
            print(f'wrote {number}', flush=True)
        sys.stdin.read()
    finally:
        os.unlink(path)


def look(memory):
    """Returns the text, or None if it was changed meanwhile."""
    [count] = struct.unpack_from('<i', memory, 0)
    if not 0 <= count <= MAX_UNITS:
        sys.exit(f'a count of {count}')
    units = memory[10:10 + 2 * count]
    if struct.unpack_from('<i', memory, 0) != (count,):
        return None
    return units.decode('utf-16-le')


def read(path, count):
    memory = attach(path, 0)
    print('ready', flush=True)
    before = ''
    for number in range(1, count + 1):
        expected = text_of(number)
        while (text := look(memory)) != expected:
            # A count never covers more than what is whole: the former text, or nothing yet.
            if text not in (None, '', before):
                sys.exit(f'torn: {len(text)} units of {sorted(set(text))} before text {number}')
        before = text
        print(f'saw {number}', flush=True)


def grow(path, count):
    memory = attach(path, 0)
    print('ready', flush=True)
    lines = [f'{number}\n' for number in range(1, count + 1)]
    whole = ''.join(lines)
    number = length = end = 0
    while number < count:
        text = look(memory)
        if text is None:
            continue
        # The beginning stays while the text grows, and a count never covers more than has been written.
        if len(text) < length or text != whole[:len(text)]:
            sys.exit(f'torn: {len(text)} units after {length}, at line {number}')
        length = len(text)
        while number < count and length >= end + len(lines[number]):
            end += len(lines[number])
            number += 1
            print(f'saw {number}', flush=True)


role, name, count = sys.argv[1:]
{'write': write, 'step': step, 'read': read, 'grow': grow}[role]('/dev/shm' + name, int(count))
