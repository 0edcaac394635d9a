# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of shmoozectl share. They are run as test-NAME.py SHMOOZECTL [CASE...] and print TAP."""
import os
import sys

sys.dont_write_bytecode = True
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
sys.path[:0] = [os.path.join(TESTS, 'rig'), os.path.join(TESTS, 'peers')]
import tap  # noqa: E402
from place import DEADLINE, Dialog, Piped, Place, Program, Terminal, contains, equal, wait_until  # noqa: E402,F401

CTL = os.path.abspath(sys.argv.pop(1))
PEERS = os.path.join(TESTS, 'peers')

# The runtime directory of the case that runs.
place = Place.__new__(Place)


def good(*arguments, given=b''):
    """What the verb prints; it must succeed and print nothing on standard error."""
    done = place.run(*arguments, given=given)
    equal((done.returncode, done.stderr), (0, b''))
    return done.stdout


def bad(status, *arguments, words=(), given=b''):
    """The verb must fail with this status and an error that contains the words, and print nothing else."""
    done = place.run(*arguments, given=given)
    equal((done.returncode, done.stdout), (status, b''))
    contains(done.stderr, *words)


def main(region=None, check=None, may_leave=False):
    """Runs the cases. After each that succeeds check() is called, and it must not leave a region of this name.

    may_leave: a case may kill the last holder of the region, which cannot remove it then.
    """
    path = '/dev/shm' + region if region else None

    def after(failed):
        try:
            if check and not failed:
                check()
        finally:
            place.close()
        left = path and os.path.exists(path)
        if left:
            os.unlink(path)
        assert failed or may_leave or not left, path

    tap.main(before=lambda: place.__init__(CTL), after=after)
