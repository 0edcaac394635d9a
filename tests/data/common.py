# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared by the tests of this folder: paths, and how to run a tool."""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))

SOURCE = os.environ['SOURCE_ROOT']
BUILD = os.environ['BUILD_ROOT']
APP_ID = os.environ['APP_ID']


def run(*command, ends_with=(0,), **options):
    """Runs a command, which must exist and succeed. Returns what it printed on both streams."""
    assert shutil.which(command[0]), f'{command[0]} is not installed'
    options.setdefault('env', {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': ''})
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode in ends_with, f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout}'
    return done.stdout


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def languages():
    lines = read(SOURCE, 'po', 'LINGUAS').splitlines()
    return [word for line in lines if not line.startswith('#') for word in line.split()]


def same(found, wanted, what):
    """Checks that two lists have the same names."""
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    assert not missing and not extra, f'{what}: missing {missing}, not expected {extra}'
