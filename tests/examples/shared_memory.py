# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses a region with a POSIX name, with only Python's standard library.

shared_memory.py write /NAME TEXT   creates the object and removes it at end of input
shared_memory.py change /NAME TEXT  attaches to the object and writes another text
shared_memory.py read /NAME         maps the file of the object and prints the text
"""
import mmap
import sys
from multiprocessing import resource_tracker, shared_memory


def write(name, text):
    memory = shared_memory.SharedMemory(name.lstrip('/'), create=True, size=100)
    memory.buf[:100] = text.encode().ljust(100, b'\0')
    print('holding', flush=True)
    sys.stdin.read()
    memory.close()
    memory.unlink()


def change(name, text):
    if sys.version_info >= (3, 13):
        memory = shared_memory.SharedMemory(name.lstrip('/'), track=False)
    else:  # Otherwise the tracker removes another program's object at exit
        memory = shared_memory.SharedMemory(name.lstrip('/'))
        resource_tracker.unregister(memory._name, 'shared_memory')
    memory.buf[:100] = text.encode().ljust(100, b'\0')  # the first 100 bytes: the file is larger
    memory.close()


def read(name):
    with open('/dev/shm' + name, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        print(data[:100].partition(b'\0')[0].decode())


{'write': write, 'change': change, 'read': read}[sys.argv[1]](*sys.argv[2:])
