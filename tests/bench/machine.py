# SPDX-License-Identifier: LGPL-2.1-or-later
"""Describes the machine on which the figures were measured."""
import os
import platform
import re
import shutil
import subprocess
import time
import measure


def find(path, pattern):
    try:
        with open(path) as file:
            return re.search(pattern, file.read(), re.M).group(1).strip()
    except (OSError, AttributeError):
        return ''


def module_version(*modules):
    if shutil.which('pkg-config'):
        for module in modules:
            asked = subprocess.run(['pkg-config', '--modversion', module], capture_output=True, text=True)
            if asked.returncode == 0:
                return asked.stdout.strip()
    return ''


def versions():
    nng = '/usr/include/nng/nng.h'
    found = {
        'GLib': module_version('glib-2.0'),
        'Boost': find('/usr/include/boost/version.hpp', r'BOOST_LIB_VERSION "(.*)"').replace('_', '.'),
        'ZeroMQ': module_version('libzmq'),
        'nng': '.'.join(find(nng, rf'NNG_{part}_VERSION\s+(\d+)') for part in ('MAJOR', 'MINOR', 'PATCH')).strip('.'),
        'D-Bus': module_version('dbus-1'),
    }
    return {name: version for name, version in found.items() if version}


def describe(programs):
    copied = measure.probe(programs, '--copy')
    return {
        'cpu': find('/proc/cpuinfo', r'^model name\s*:\s*(.*)') or platform.machine(),
        'cpus': len(os.sched_getaffinity(0)),
        'virtual': ' hypervisor ' in find('/proc/cpuinfo', r'^flags\s*(:.*)') + ' ',
        'kernel': platform.release().split('-')[0],
        'system': find('/etc/os-release', r'^PRETTY_NAME="?([^"\n]*)') or platform.system(),
        'date': time.strftime('%Y-%m-%d %H:%M %z'),
        'versions': versions(),
        'memcpy_mb_per_s': {key.removeprefix('copy_'): figure for key, figure in copied.items() if key != 'line'},
    }


def in_words(machine):
    kind = ', virtual' if machine['virtual'] else ''
    return (f"{machine['cpu']}, {machine['cpus']} CPUs{kind}; Linux {machine['kernel']}, {machine['system']}; "
            f"{machine['date']}")


def copies_in_words(machine):
    sizes = {'1024': '1 KiB', '65536': '64 KiB', '1048576': '1 MiB'}
    return ', '.join(f'{figure / 1000:.0f} GB/s by {sizes.get(size, size)}'
                     for size, figure in machine['memcpy_mb_per_s'].items())
