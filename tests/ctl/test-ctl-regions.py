#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the verbs for regions and mutexes."""
import os
import signal

from common import DEADLINE, bad, equal, good, main, place, tap, wait_until


def hold(*arguments):
    program = place.dialog('hold', *arguments)
    assert program.hear().startswith('Holding')
    return program


def end(program):
    equal(program.end(), 0)


def has_open(program, path):
    """Whether the program has a file open whose path ends like this."""
    folder = f'/proc/{program.process.pid}/fd'
    for fd in os.listdir(folder):
        try:
            if os.readlink(os.path.join(folder, fd)).endswith(path):
                return True
        except FileNotFoundError:  # closed meanwhile
            pass
    return False


def check_nothing_left():
    for program in place.started:
        program.close()
    left = [f for _, _, files in os.walk(place.path) for f in files]
    assert not left, left


@tap.case
def held_until_the_input_ends():
    """A region is held until the end of the input."""
    holder = hold('kept', '4K')
    assert b'kept' in good('list')
    end(holder)
    bad(1, 'read', 'kept', words=['no region', 'kept'])


@tap.case
def held_until_a_signal():
    """A region is held until SIGINT, SIGTERM or SIGHUP, and then removed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        holder = hold('kept', '100')
        holder.process.send_signal(number)
        equal(holder.process.wait(DEADLINE), 0)
        bad(1, 'read', 'kept', words=['no region'])


@tap.case
def capacities():
    """A capacity can have a unit; anything else is refused."""
    for text, size in (('1', 1), ('100', 100), ('4K', 4096), ('4k', 4096), ('2M', 2 << 20)):
        holder = hold('sized', text)
        assert len(good('read', 'sized')) == size
        end(holder)
    for text in ('', '-1', '1z', 'K', '99999999999999999999', '99999999999G', '1.5'):
        bad(2, 'hold', '--', 'sized', text, words=['Invalid size'])
    bad(1, 'hold', 'sized', '0', words=['sized', 'capacity 0'])


@tap.case
def taken_name():
    """A name that is taken is refused."""
    holder = hold('taken', '10')
    bad(1, 'hold', 'taken', '10', words=['taken', 'exists'])
    end(holder)


@tap.case
def written_and_read():
    """Bytes can be written and read at any offset."""
    holder = hold('table', '100')
    good('write', 'table', given=b'at the start')
    good('write', 'table', '90', given=b'at the end')
    assert good('read', 'table') == b'at the start'.ljust(90, b'\0') + b'at the end'
    assert good('read', 'table', '90') == b'at the end'
    assert good('read', 'table', '3', '3') == b'the'
    assert good('read', 'table', '100') == b''
    end(holder)


@tap.case
def every_byte_as_it_is():
    """Every byte value passes through write and read unchanged."""
    holder = hold('bytes', '3M')
    data = bytes(range(256)) * (3 << 12)
    good('write', 'bytes', given=data)
    assert good('read', 'bytes') == data
    end(holder)


@tap.case
def what_does_not_fit_changes_nothing():
    """Input that does not fit is refused and changes nothing."""
    holder = hold('small', '10')
    bad(1, 'write', 'small', '4', given=b'1234567', words=['small', '6 bytes'])
    bad(1, 'write', 'small', '11', given=b'', words=['11', 'small'])
    assert good('read', 'small') == bytes(10)
    bad(1, 'read', 'small', '4', '7', words=['7 bytes at offset 4', '10'])
    bad(1, 'read', 'small', '11', words=['11', '10'])
    end(holder)


@tap.case
def a_file_stays():
    """A file that was held with --file stays, with its bytes."""
    path = os.path.join(place.path, 'file')
    holder = hold('--file', path, '20')
    assert os.path.getsize(path) == 20
    end(holder)
    with open(path, 'r+b') as file:
        assert file.read() == bytes(20)
    end(hold('--file', path))
    bad(1, 'hold', '--file', path, '10', words=['20', '10'])
    bad(2, 'hold', '--file', path, 'name', '10', words=['--file'])
    os.unlink(path)


@tap.case
def accesses():
    """The access can be chosen by name; others are refused."""
    end(hold('--access=read', 'fixed', '10'))
    bad(1, 'hold', '--access=write', 'fixed', '10', words=['writing only'])
    bad(2, 'hold', '--access=all', 'fixed', '10', words=['all'])


@tap.case
def removed_under_its_holder():
    """A removed name can be taken again while the former region is still held."""
    holder = hold('gone', '10')
    good('remove', 'gone')
    bad(1, 'read', 'gone', words=['no region'])
    bad(1, 'remove', 'gone', words=['gone'])
    other = hold('gone', '20')
    assert len(good('read', 'gone')) == 20
    end(holder)
    assert len(good('read', 'gone')) == 20
    end(other)


@tap.case
def lock_runs_the_command():
    """lock runs the command with its input and output, and returns its status."""
    done = place.run('lock', 'm', '--', 'sh', '-c', 'cat; echo told >&2; exit 7', given=b'input')
    assert (done.returncode, done.stdout, done.stderr) == (7, b'input', b'told\n'), done
    assert place.run('lock', 'm', '--', 'sh', '-c', 'kill -TERM $$').returncode == 128 + signal.SIGTERM
    bad(1, 'lock', 'm', '--', '/nowhere/at/all', words=['/nowhere/at/all'])


@tap.case
def lock_excludes():
    """A second lock waits, or fails after its time-out."""
    owner = place.dialog('lock', 'm', '--', 'sh', '-c', 'echo locked; cat')
    equal(owner.hear(), 'locked')
    bad(1, 'lock', '--timeout=0', 'm', '--', 'true', words=['m', 'locked'])
    bad(1, 'lock', '--timeout=0.01', 'm', '--', 'true', words=['m', 'locked'])
    waiting = place.dialog('lock', 'm', '--', 'echo', 'mine')
    end(owner)
    equal(waiting.hear(), 'mine')
    end(waiting)


@tap.case
def lock_reports_a_dead_owner():
    """A lock after the death of its owner is reported."""
    holder = place.dialog('lock', 'm', '--', 'sh', '-c', 'echo locked; cat')
    equal(holder.hear(), 'locked')
    waiting = place.dialog('lock', 'm', '--', 'echo', 'mine')
    wait_until(lambda: has_open(waiting, '/locks/m'), 'the open mutex')
    holder.process.kill()
    equal(waiting.hear(), 'mine')
    end(waiting)
    assert 'died while holding' in waiting.said(), waiting.said()


@tap.case
def wrong_words():
    """Wrong arguments are refused with status 2 and a pointer to --help."""
    for verb, arguments in (('hold', ()), ('hold', ('a',)), ('hold', ('a', '1', 'b')), ('read', ()),
                            ('read', ('a', '1', '2', '3')), ('read', ('a', 'x')), ('write', ()),
                            ('write', ('a', '1', '2')), ('remove', ()), ('remove', ('a', 'b')), ('lock', ()),
                            ('lock', ('m',)), ('lock', ('--',)), ('hold', ('--wrong', 'a', '1'))):
        bad(2, verb, *arguments, words=['--help'])
    for verb in ('read', 'write', 'remove'):
        bad(1, verb, 'a/b', words=['slash'])
    bad(1, 'lock', '/m', '--', 'true', words=['/m'])


main(check=check_nothing_left)
