# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-memory.py: compares the drawings of memory.md with real memory, byte by byte."""
import atexit
import fcntl
import os
import re
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import tap

import gi
folder = tempfile.mkdtemp(prefix='shmooze-memory-')
atexit.register(shutil.rmtree, folder)
os.environ['XDG_RUNTIME_DIR'] = folder
os.environ.pop('FLATPAK_ID', None)
os.environ['SHMOOZE_DOMAIN'] = 'test.Memory'
gi.require_version('Shmooze', '1.0')
from gi.repository import Gio, GLib, Shmooze

HOME = os.path.join(folder, 'app/test.Memory/shmooze')
PAGE = os.sysconf('SC_PAGESIZE')
F_OFD_GETLK, F_OFD_SETLK, FLOCK = 36, 37, 'hhqqi4x'
READ_WRITE = Shmooze.Access.READ_WRITE
NO_READER = 0xffffffffffffffff

with open(os.path.join(os.environ['SOURCE_ROOT'], 'src/shmooze/docs/memory.md'), encoding='utf-8') as page:
    lines = page.read().splitlines()


def figure(title):
    """Returns the offsets in the drawing with this title, by name; those at lines of the frame are in 'lines'."""
    start = next(i for i, line in enumerate(lines)
                 if re.match(rf' {{13}}{re.escape(title)}(  |$)', line) and '┌' in lines[i + 1])
    found = {'lines': []}
    for line in lines[start + 2:]:
        at, rest = re.match(r'\s*([\d^+]*) ?([│├└┌…].*)', line).groups()
        at = sum(2 ** 62 if word == '2^62' else int(word) for word in at.split('+')) if at else None
        if rest[0] == '│' and at is not None:
            found[re.split(r'\s{2,}', rest[1:].strip(' │'))[0]] = at
        elif at is not None:
            found['lines'].append(at)
        if rest[0] == '└':
            return found


def u32(data, at):
    return struct.unpack_from('<I', data, at)[0]


def u64(data, at):
    return struct.unpack_from('<Q', data, at)[0]


def contents(path):
    with open(path, 'rb') as file:
        return file.read()


def lock_on(path, byte):
    """Returns the type of the lock on a byte of a file."""
    with open(path, 'r+b') as file:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        return struct.unpack(FLOCK, fcntl.fcntl(file, F_OFD_GETLK, asked))[0]


def settle(done):
    """Runs the main loop until the condition is true."""
    wake_up = GLib.timeout_add(10, lambda: True)
    end = GLib.get_monotonic_time() + 30 * 1000000
    while not done():
        assert GLib.get_monotonic_time() < end, 'timed out'
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(wake_up)


@tap.case
def pages_are_as_drawn():
    """The pages in the drawing have this machine's size."""
    if PAGE != 4096:
        raise tap.Skip(f'pages have {PAGE} bytes here')
    assert figure('control page')['capacity'] == 16, 'the drawing could not be parsed'


@tap.case
def region_file_is_as_drawn():
    """The file of a region has the documented layout."""
    drawn, control = figure('region of 10000 bytes'), figure('control page')
    region = Shmooze.Region.create_with_contents('drawn', 10000, READ_WRITE, GLib.Bytes.new(b'\xff' * 10000))
    data = contents(region.get_path())
    end, last = drawn['filling'], drawn['control page']
    assert drawn['contents'] == 0 and end == 10000
    assert data[:end] == b'\xff' * end and data[end:last] == bytes(last - end)
    assert drawn['lines'] == [len(data)]
    page = data[last:]
    assert len(page) == PAGE
    assert page[control['magic']:][:8] == b'\1SHMOOZ1'
    assert u32(page, control['version']) == 1
    assert u32(page, control['page size']) == PAGE
    assert u64(page, control['capacity']) == 10000
    assert not any(page[control['id'] + 16:])
    region.close()


@tap.case
def lock_bytes_are_as_drawn():
    """The lock bytes are at the documented offsets."""
    drawn = figure('lock bytes')
    region = Shmooze.Region.create('locked', 1, READ_WRITE)
    path = region.get_path()
    assert lock_on(path, drawn['life']) == fcntl.F_RDLCK
    assert lock_on(path, drawn['life'] - 1) == lock_on(path, drawn['name']) == fcntl.F_UNLCK
    # While another process has locked the name byte, the name cannot be removed.
    with open(path, 'r+b') as file:
        fcntl.fcntl(file, F_OFD_SETLK, struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, drawn['name'], 1, 0))
        try:
            Shmooze.Region.remove('locked')
            raise AssertionError('it was removed')
        except GLib.Error as error:
            assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY), error
    assert Shmooze.Region.remove('locked')
    region.close()


@tap.case
def room_with_its_seats_lanes_frames_and_messages_is_as_drawn():
    """A room's header, seats, lanes, frames and messages have the documented layout."""
    room, seat, lane = figure('room'), figure('seat'), figure('lane')
    frame, message, things = figure('frame'), figure('message'), figure('lock bytes')['things']
    ada = Shmooze.Room.join('drawn', 'Ada', Shmooze.Wait.AUTO)
    ben = Shmooze.Room.join('drawn', 'Ben', Shmooze.Wait.AUTO)
    path = os.path.join(HOME, 'drawn')

    ada.set_draft('first')
    ada.send_async('hello', None, None)
    settle(lambda: u64(contents(path), room['lane 0'] + lane['asleep']) & 1)

    data = contents(path)
    info = Shmooze.RoomInfo.new('drawn')
    assert room['magic'] == 0 and data[:8] == b'SHZROOM1'
    assert u32(data, room['version']) == info.version == 1
    assert u32(data, room['page size']) == PAGE
    assert u32(data, room['speaking seats']) == 8
    assert u32(data, room['seats']) == info.n_seats == 16
    assert u64(data, room['draft size']) == info.draft_size == 65536
    assert u64(data, room['queue size']) == info.queue_size == 262144
    assert u64(data, room['numbers']) == info.n_messages == 1
    assert room['lines'][-1] == info.capacity
    assert data[-PAGE:][figure('control page')['id']:][:16].hex() == info.id
    assert room['lane 1'] - room['lane 0'] == (info.capacity - room['lane 0']) // 8
    assert lane['lines'][-1] == lane['queue'] + info.queue_size <= room['lane 1'] - room['lane 0']

    for number, nick in enumerate((b'Ada', b'Ben')):
        at = room[f'seat {number}']
        assert u64(data, at + seat['word']) & 7 == 3, 'taken, with a bell, not after a crash'
        assert abs(u64(data, at + seat['since']) - GLib.get_real_time()) < 60 * 1000000
        assert data[at + seat['nick']:][:4] == nick + b'\0'
        assert lock_on(path, things + at) == fcntl.F_WRLCK
        assert os.path.exists(f'{HOME}/bells/{info.id}.{at:x}'), os.listdir(f'{HOME}/bells')
        assert lock_on(path, things + room[f'lane {number}']) == fcntl.F_WRLCK
        assert lock_on(path, things + room[f'lane {number}'] + lane['reader 0']) == fcntl.F_WRLCK

    own = data[room['lane 0']:room['lane 1']]
    assert own[lane['magic']:][:8] == b'SHZLANE1'
    assert u32(own, lane['version']) == 1
    assert u32(own, lane['readers']) == 16
    assert u64(own, lane['draft size']) == 65536
    assert u64(own, lane['queue size']) == 262144
    assert u64(own, lane['oldest']) == u64(own, lane['waiting']) == 0
    count = u64(own, lane['drafts'])
    assert count > 0
    assert own[lane[f'draft {count & 1}']:][:9] == struct.pack('<I', 5) + b'first'
    assert u64(own, lane['reader 0'] + 8) == 1 + room['seat 1']
    assert u64(own, lane['reader 1']) == NO_READER
    assert u64(own, lane['sleepers']) == 1
    processors = 1 + os.cpu_count()
    assert 0 < u64(own, lane['processor']) <= processors and 0 < u64(own, lane['reader 0'] + 16) <= processors

    at = lane['queue']
    length = message['nick'] + len('Ada') + len('hello')
    assert u64(own, at + frame['word']) == 2 ** 32 + length
    said = own[at + frame['message']:][:length]
    assert u64(said, message['number']) == 1
    assert abs(u64(said, message['time']) - GLib.get_real_time()) < 60 * 1000000
    assert (u32(said, message['nick length']), u32(said, message['text length'])) == (3, 5)
    assert said[message['nick']:] == b'Adahello'
    assert u64(own, lane['reader 0']) == 8 + (length + 7) // 8 * 8

    ada.set_draft('second')
    own = contents(path)[room['lane 0']:]
    assert u64(own, lane['drafts']) == count + 1
    assert own[lane[f'draft {count + 1 & 1}']:][:10] == struct.pack('<I', 6) + b'second'
    assert own[lane[f'draft {count & 1}']:][:9] == struct.pack('<I', 5) + b'first', 'the previous draft stays intact'
    ben.leave()
    ada.leave()


@tap.case
def full_lane_is_as_drawn():
    """The fields of a full lane are at the documented offsets."""
    lane, start = figure('lane'), PAGE
    region = Shmooze.Region.create('lane', start + lane['lines'][-1], READ_WRITE)
    view = region.create_view(start, 0, READ_WRITE)
    writer, reader = Shmooze.Writer.new(view, 16, 65536), Shmooze.Reader.new(view, Shmooze.Wait.POLL)
    message, done = GLib.Bytes.new(bytes(60000)), []

    for _ in range(4):
        writer.write(message.get_data())
    writer.write_async(message, None, lambda *_: done.append(True))
    assert u64(contents(region.get_path()), start + lane['oldest']) == 0
    assert u64(contents(region.get_path()), start + lane['waiting']) == 1 + start, 'the bell of a lane is its offset'
    reader.read()
    reader.read()
    settle(lambda: done)
    oldest = u64(contents(region.get_path()), start + lane['oldest'])
    assert oldest > 0 and oldest % (8 + 60000) == 0, oldest
    reader.close()
    writer.close()
    region.close()


@tap.case
def mutex_is_as_drawn():
    """The file of a mutex has the documented layout."""
    drawn, things = figure('mutex'), figure('lock bytes')['things']
    mutex, created = Shmooze.Mutex.create_or_open('drawn', True)
    path = os.path.join(HOME, 'locks', 'drawn')
    assert created and lock_on(path, things) == fcntl.F_WRLCK
    assert os.path.getsize(path) == 2 * PAGE
    assert u32(contents(path), drawn['state']) != 0
    mutex.unlock()
    assert lock_on(path, things) == fcntl.F_UNLCK
    assert not any(contents(path)[:PAGE])


tap.main()
