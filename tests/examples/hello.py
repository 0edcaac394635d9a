# SPDX-License-Identifier: LGPL-2.1-or-later
"""hello.py write NAME TEXT: creates a region and holds it until end of input. hello.py read NAME: prints the text."""
import sys

import gi
gi.require_version('Shmooze', '1.0')
from gi.repository import GLib, Shmooze


def write(name, text):
    region = Shmooze.Region.create(name, 100, Shmooze.Access.READ_WRITE)
    view = region.create_view(0, 0, Shmooze.Access.READ_WRITE)
    view.write(0, text.encode())
    print('holding', flush=True)
    sys.stdin.read()


def read(name):
    region = Shmooze.Region.open(name, Shmooze.Access.READ)
    view = region.create_view(0, 0, Shmooze.Access.READ)
    data = view.read_bytes(0, 100).get_data()
    print(data.partition(b'\0')[0].decode())


try:
    {'write': write, 'read': read}[sys.argv[1]](*sys.argv[2:])
except GLib.Error as error:
    sys.exit(error.message)
