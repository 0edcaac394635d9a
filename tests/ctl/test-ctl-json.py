#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of --json on the verbs of shmoozectl, compared with what they print without it."""
import base64
import datetime
import glob
import json
import os
import random
import re
import signal
import struct
import subprocess
import unicodedata

from common import CTL, DEADLINE, bad, contains, equal, good, main, place, tap, wait_until

NAME = '/shmoozectl-json-%d' % os.getpid()
PATH = '/dev/shm' + NAME
ODD_NAMES = ['a "b" \\c', '\u2028\u2029', '\u202egnp.exe', '\\u0041', '😀', 'élan', '{}', "'", '\ufeff', '\U000e0041']
ODD_NICK = 'E"\\\x1b[2Jve\n\tBen\u202e\u2028\x7f\x85😀'
MIB = 1 << 20


def unique(pairs):
    keys = [key for key, _ in pairs]
    equal(len(set(keys)), len(keys))
    for key in keys:
        assert re.fullmatch('[a-z_]+', key), key
    return dict(pairs)


def parse(output):
    """Parses a document, which must be valid UTF-8 without invisible characters."""
    text = output.decode()
    assert text.endswith('\n'), text[-20:]
    hidden = {c for c in text if c != '\n' and unicodedata.category(c) in ('Cc', 'Cf', 'Zl', 'Zp')}
    equal(hidden, set())
    return json.loads(text, object_pairs_hook=unique)


def as_json(verb, *arguments):
    return parse(good(verb, '--json', *arguments))


def as_text(verb, *arguments):
    return good(verb, *arguments).decode()


def hold(name, capacity):
    program = place.start('hold', '--', name, str(capacity))
    program.wait_for('\n')
    return program


def hold_bytes(name, data):
    """A region that is held and has these bytes."""
    program = hold(name, len(data))
    good('write', name, given=data)
    return program


def chat(nick, name='chat'):
    program = place.start('chat', '--name', nick, name)
    wait_until(lambda: program.process.poll() is not None or nick_of(program, name), 'a seat')
    return program


def nick_of(program, name):
    """Whether the program has joined: there are as many participants as programs."""
    done = place.run('inspect', '--json', name)
    taken = done.returncode == 0 and sum(seat['state'] == 'taken' for seat in parse(done.stdout)['seats'])
    running = sum(p.process.poll() is None for p in place.started)
    return taken and taken >= running


def folder():
    return glob.glob(place.path + '/app/*/shmooze')[0]


@tap.case
def no_regions():
    """Without any region, the list is an empty array."""
    equal(as_json('list'), [])
    equal(place.run('list', '--json').stdout, b'[]\n')


@tap.case
def regions_listed():
    """Each region is listed with its name, path, capacity and state, whatever its name."""
    for size, name in enumerate(ODD_NAMES, 1):
        hold(name, size)
    found = as_json('list')
    equal({r['name']: r['capacity'] for r in found}, {name: size for size, name in enumerate(ODD_NAMES, 1)})
    for region in found:
        equal(region['path'], os.path.join(folder(), region['name']))
        equal((region['held'], region['room'], region['participants']), (True, False, []))
    lines = as_text('list').split('\n')[1:-1]
    equal([int(re.search(r'(\d+) bytes? +in use$', line).group(1)) for line in lines], [r['capacity'] for r in found])


@tap.case
def odd_paths():
    """Odd names and paths are right in JSON, and valid UTF-8."""
    for name, told in ((b'r\xe2ab', 'r\ufffdab'), (b'\xff"\xf0\x9f\x98', '\ufffd"\ufffd\ufffd\ufffd')):
        place.env['XDG_RUNTIME_DIR'] = os.fsencode(place.path) + b'/' + name
        os.mkdir(place.env['XDG_RUNTIME_DIR'], 0o700)
        holder = hold('odd', 1)
        [region] = as_json('list')
        assert region['path'].startswith(place.path + '/' + told + '/app/'), region['path']
        equal(as_json('inspect', 'odd')['path'], region['path'])
        equal(holder.end(), 0)
    place.env['XDG_RUNTIME_DIR'] = place.path


@tap.case
def participants_listed():
    """list --json has each region with its participants."""
    chat('Ada')
    chat(ODD_NICK)
    [region] = as_json('list')
    equal((region['name'], region['held'], region['room']), ('chat', True, True))
    # The library has taken the control characters out; what else may deceive at a terminal, the text takes out.
    nick = 'E"\\ [2Jve  Ben\u202e\u2028  😀'
    equal([p['nick'] for p in region['participants']], ['Ada', nick])
    contains(as_text('list'), '  Ada, %s\n' % nick.replace('\u202e', '\ufffd').replace('\u2028', '␊'))
    equal([p['watching'] for p in region['participants']], [False, False])
    for number in range(7):
        chat('Nick%d' % number)
    [region] = as_json('list')
    equal([p['watching'] for p in region['participants']], [False] * 8 + [True])
    contains(as_text('list'), 'Nick6 (watching)')


@tap.case
def room_inspected():
    """inspect --json has everything that inspect prints in words."""
    ada = chat('Ada')
    ben = chat('Ben')
    ada.write('hello\n')
    ben.wait_for('hello')
    room = as_json('inspect', 'chat')
    text = as_text('inspect', 'chat')
    contains(text, 'Room “%s”' % room['name'], 'File: %s\n' % room['path'], '(%d bytes)' % room['capacity'],
             'Identity: %s\n' % room['id'], 'Version of the layout: %d\n' % room['version'],
             'messages in each lane: %d\n' % room['queue_size'], 'being typed: %d\n' % room['draft_size'],
             'Messages sent so far: %d\n' % room['messages'])
    equal((room['room'], room['messages'], os.path.basename(room['path'])), (True, 1, 'chat'))
    equal([(s['number'], s['watching']) for s in room['seats']],
          [(n, False) for n in range(1, 9)] + [(n, True) for n in range(1, 9)])
    equal([s['nick'] for s in room['seats']], ['Ada', 'Ben'] + [None] * 14)
    equal([s['state'] for s in room['seats']], ['taken'] * 2 + ['free'] * 14)
    equal([s['lane'] for s in room['seats'] if s['watching']], [None] * 8)
    for seat in room['seats'][:2]:
        lane = seat['lane']
        since = datetime.datetime.fromisoformat(seat['since'].replace('Z', '+00:00')).astimezone()
        contains(text, 'Seat %d: %s, since %s\n  %d message%s kept in %d of %d bytes, %d reader' % (
            seat['number'], seat['nick'], since.strftime('%F %T'), lane['messages'],
            '' if lane['messages'] == 1 else 's', lane['bytes'], room['queue_size'], lane['readers']))
        equal((lane['draft'], lane['problem']), ('', None))
    equal(room['seats'][2]['since'], None)


@tap.case
def crash_and_draft_inspected():
    """A crashed participant's draft is in the document."""
    chat('Ada')
    ben = place.terminal('chat', '--name', 'Ben')
    ben.wait_for('Ctrl+D leaves')
    ben.write('half a "th\\o😀')
    wait_until(lambda: as_json('inspect', 'chat')['seats'][1]['lane']['draft'] == 'half a "th\\o😀', 'the draft')
    contains(as_text('inspect', 'chat'), 'Being typed: half a "th\\o😀\n')
    ben.process.send_signal(signal.SIGKILL)
    ben.wait()
    seat = as_json('inspect', 'chat')['seats'][1]
    equal((seat['state'], seat['nick'], seat['lane']['draft']), ('crashed', 'Ben', 'half a "th\\o😀'))
    contains(as_text('inspect', 'chat'), 'Seat 2: Ben left unexpectedly')


@tap.case
def other_regions_inspected():
    """A region that is not a room is inspected with its name, path and capacity."""
    for size, name in enumerate(ODD_NAMES, 1):
        holder = hold(name, size)
        equal(as_json('inspect', name),
              {'name': name, 'path': os.path.join(folder(), name), 'capacity': size, 'private': False, 'room': False})
        equal(holder.end(), 0)
    with open(PATH, 'wb') as file:
        file.truncate((1 << 33) + 1)
    equal(as_json('inspect', NAME), {'name': NAME, 'path': PATH, 'capacity': (1 << 33) + 1, 'private': False, 'room': False})
    contains(as_text('inspect', NAME), '(%d bytes)' % ((1 << 33) + 1))
    place.env['FLATPAK_ID'] = 'org.example.Sandbox'
    try:
        equal(as_json('inspect', NAME)['private'], True)
        contains(as_text('inspect', NAME), 'Visible only in this sandbox')
    finally:
        del place.env['FLATPAK_ID']
    os.unlink(PATH)


@tap.case
def huge_numbers_inspected():
    """Numbers that only fit into 64 bits without a sign are exact."""
    os.kill(chat('Ada').process.pid, signal.SIGSTOP)
    with open(os.path.join(folder(), 'chat'), 'r+b') as file:
        for number in ((1 << 63) - 1, 1 << 63, (1 << 64) - 1):
            file.seek(128)
            file.write(struct.pack('<Q', number))
            file.flush()
            equal(as_json('inspect', 'chat')['messages'], number)


@tap.case
def hostile_rooms():
    """Whatever a room contains, the document can be parsed."""
    # A participant that runs could repair the room or leave it.
    ada = chat('Ada')
    ada.write('hello\n')
    wait_until(lambda: as_json('inspect', 'chat')['messages'] == 1, 'the message')
    os.kill(ada.process.pid, signal.SIGSTOP)
    path = os.path.join(folder(), 'chat')
    with open(path, 'r+b') as file:
        good = file.read()
        problems = nulls = errors = 0
        for seed in range(60):
            chance = random.Random(seed)
            data = bytearray(good)
            # In half of the cases the state of the seats is kept, so that some are taken.
            for seat in range(16):
                start = 256 + seat * 256 + (8 if seed % 2 else 0)
                data[start:512 + seat * 256] = bytes(chance.choice((0, 0xff, 0x80, 0x22, 0x5c, chance.randrange(256)))
                                                     for _ in range(512 + seat * 256 - start))
            for _ in range(seed):
                at = chance.randrange(8192, len(data) - 4096)
                data[at:at + 4] = struct.pack('<I', chance.choice((0xffffffff, 1 << 31, chance.randrange(1 << 32))))
            if seed >= 30:
                data[8192:16384] = chance.randbytes(8192)
            file.seek(0)
            file.write(data[:-4096])
            file.flush()
            done, plain = place.run('inspect', '--json', 'chat'), place.run('inspect', 'chat')
            equal((seed, done.returncode, done.stderr), (seed, plain.returncode, plain.stderr))
            assert b'Sanitizer' not in done.stderr and done.returncode in (0, 1), done
            errors += done.returncode
            if done.returncode == 0:
                room = parse(done.stdout)
                problems += sum(seat['lane'] is not None and seat['lane']['problem'] is not None for seat in room['seats'])
                nulls += sum(seat['state'] != 'free' and seat['since'] is None for seat in room['seats'])
            [region] = as_json('list')
            equal(region['name'], 'chat')
        file.seek(0)
        file.write(good[:-4096])
    tap.note('%d lanes with a problem, %d seats since no time, %d errors' % (problems, nulls, errors))
    assert problems > 0 and nulls > 0, (problems, nulls)
    os.kill(ada.process.pid, signal.SIGCONT)


def check_read(name, data, *position):
    found = as_json('read', name, *map(str, position))
    offset = position[0] if position else 0
    part = data[offset:offset + position[1]] if len(position) > 1 else data[offset:]
    equal(base64.b64decode(found.pop('data'), validate=True), part)
    try:
        text = part.decode()
    except UnicodeDecodeError:
        text = None
    assert found['text'] == (text if len(part) <= MIB else None), 'the text is another'
    del found['text']
    equal(found, {'name': name, 'offset': offset, 'count': len(part)})


@tap.case
def bytes_read():
    """The document has every byte, and the text if the bytes are valid UTF-8."""
    for data in (b'\0', b'hello', b'a\0b"\\\n\r\t\b\f\x7f/', 'é\u2028\u2029\ufeff\u202e\u200d😀\U0010ffff'.encode(), b'\xff',
                 b'\xed\xa0\x80', b'ab\xc3', b'\0\xc3\0\xa9', b'\xf4\x90\x80\x80', bytes(range(256)),
                 b'\xe2\x80'):
        holder = hold_bytes('data', data)
        check_read('data', data)
        equal(place.run('read', 'data').stdout, data)
        equal(holder.end(), 0)


@tap.case
def parts_read():
    """Any part of a region can be read as JSON."""
    data = 'Grüße 😀'.encode()
    hold_bytes('data', data)
    for offset in range(len(data) + 1):
        check_read('data', data, offset)
    for count in range(len(data) + 1):
        check_read('data', data, 0, count)
    check_read('data', data, len(data), 0)


@tap.case
def every_character_read():
    """Every character passes through JSON unharmed."""
    data = ''.join(chr(c) for c in [*range(0xd800), *range(0xe000, 0x12000), *range(0xe0000, 0xe0080)]).encode()
    hold_bytes('data', data)
    check_read('data', data)


@tap.case
def large_regions_read():
    """More than 1 MiB is read as data without a text, and more than 256 MiB is refused."""
    data = ('0123456789abcde\n' * (MIB // 16 * 3)).encode() + b'...'
    hold_bytes('large', data)
    for count in (MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 2, 3 * MIB + 3):
        check_read('large', data, 0, count)
        check_read('large', data, 3, count - 3)
    hold('huge', 257 * MIB)
    bad(1, 'read', '--json', 'huge', words=[str(257 * MIB), str(256 * MIB)])


@tap.case
def far_offsets_read():
    """Offsets and sizes beyond 4 GiB are exact numbers."""
    far = (1 << 33) - 3
    with open(PATH, 'wb') as file:
        file.truncate(1 << 33)
        file.seek(far)
        file.write(b'end')
    equal(as_json('read', NAME, str(far)),
          {'name': NAME, 'offset': far, 'count': 3, 'data': 'ZW5k', 'text': 'end'})
    os.unlink(PATH)


@tap.case
def odd_names_read():
    """A region of any name can be read as JSON."""
    for name in ODD_NAMES:
        holder = hold_bytes(name, b'x')
        check_read(name, b'x')
        equal(holder.end(), 0)


@tap.case
def shared_text_shown():
    """A shared text is shown as JSON with its length in units."""
    for text in ('', 'plain', 'a"b\\c\n\r\t\x1b[2J\x7f\x9b\u2028\u2029\u202e\ufeff', '😀\U000e0041'):
        units = text.encode('utf-16-le')
        with open(PATH, 'wb') as file:
            file.write((struct.pack('<i', len(units) // 2) + bytes(6) + units).ljust(64, b'\0'))
        found = as_json('show-text', NAME)
        equal(found, {'name': NAME, 'units': len(units) // 2, 'text': text})
        equal(as_text('show-text', NAME), text)
    os.unlink(PATH)


@tap.case
def at_a_terminal():
    """At a terminal the document is the same, with control characters escaped."""
    holder = hold_bytes('data', b'\x1b[2J\x9b')
    program = place.terminal('read', '--json', 'data', '0', '4')
    equal(program.wait(), 0)
    program.wait_for('}\r\n')
    equal(parse(program.output.replace(b'\r\n', b'\n'))['text'], '\x1b[2J')
    equal(holder.end(), 0)


@tap.case
def errors_as_without():
    """Errors and exit status are those without JSON."""
    for arguments, status in ((('inspect', 'gone'), 1), (('read', 'gone'), 1), (('show-text', NAME), 1),
                              (('read', 'a/b'), 1), (('inspect', 'a\nb'), 1), (('read', b'\xff'), 1),
                              (('inspect',), 2), (('read',), 2), (('list', 'x'), 2), (('show-text', 'a', 'b'), 2)):
        plain = place.run(*arguments)
        done = place.run(*arguments, '--json')
        equal((done.returncode, done.stdout, done.stderr), (status, b'', plain.stderr))
        assert plain.returncode == status and done.stderr.startswith(b'shmoozectl: '), plain
    hold('small', 10)
    bad(1, 'read', '--json', 'small', '4', '7', words=['Cannot read 7 bytes at offset 4'])


@tap.case
def full_disk():
    """A failure to write the document is an error."""
    hold('small', 10)
    with open('/dev/full', 'wb') as full:
        for arguments in (('list',), ('inspect', 'small'), ('read', 'small')):
            done = subprocess.run((CTL,) + arguments + ('--json',), env=place.env, stdout=full, stderr=subprocess.PIPE,
                                  timeout=DEADLINE)
            equal(done.returncode, 1)
            contains(done.stderr, 'shmoozectl: ')


@tap.case
def keys_documented():
    """Each verb's --help names the keys of its document."""
    chat('Ada')
    hold('data', 4)
    with open(PATH, 'wb') as file:
        file.write(bytes(64))
    for verb, arguments in (('list', ()), ('inspect', ('chat',)), ('inspect', ('data',)), ('read', ('data',)),
                            ('show-text', (NAME,))):
        keys = set()
        json.loads(place.run(verb, '--json', *arguments).stdout,
                   object_pairs_hook=lambda pairs: keys.update(key for key, _ in pairs))
        words = set(re.findall('[a-z_]+', place.run(verb, '--help').stdout.decode()))
        equal(keys - words, set())
    os.unlink(PATH)


main(NAME)
