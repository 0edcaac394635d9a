# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured: the sides (Shmooze, limits, rings by hand, peers), and the tables of cells they run in."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Side:
    """A program with its options. trips: how it can wait in a round trip; stream: how it waits one way, empty if it
    does not take part. kind: own; limit (a lower bound); hand (a ring by hand); peer."""
    name: str
    program: str
    options: tuple = ()
    trips: tuple = ('spin', 'block', 'loop')
    stream: str = ''
    kind: str = 'peer'
    max_size: int = 1 << 20
    daemon: bool = False                          # a third process takes part
    needs: str = ''                               # a package that may be missing


LANE, BELL_LANE, ROOM = 'Shmooze', 'Shmooze, never spins', 'Shmooze, a room'
MAILBOX, CHUNKS = 'limit: one cache line', 'limit: published by chunk'
INLINE, BELL, FUTEX, FUTEX_SPIN = 'ring by hand', 'ring + FIFO by hand', 'ring + futex', 'ring + futex, spins'

SIDES = (
    Side(LANE, 'shmooze-lane', stream='spin', kind='own'),
    Side(BELL_LANE, 'shmooze-lane', ('--wait=bell',), trips=('block',), kind='own'),
    Side(ROOM, 'shmooze-room', trips=('loop',), kind='own'),
    Side(MAILBOX, 'bench-mailbox', trips=('spin',), kind='limit'),
    Side(CHUNKS, 'bench-chunks', trips=(), stream='spin', kind='limit'),
    Side(INLINE, 'bench-inline', trips=('spin',), stream='spin', kind='hand'),
    Side(BELL, 'bench-bell', trips=('block', 'loop'), kind='hand'),
    Side(FUTEX, 'bench-futex', trips=('spin', 'block', 'loop'), stream='spin', kind='hand'),
    Side(FUTEX_SPIN, 'bench-futex', ('--spin',), trips=('block',), kind='hand'),
    Side('pipe', 'bench-pipe', stream='block'),
    Side('Unix stream socket', 'bench-stream', stream='block'),
    Side('Unix seqpacket', 'bench-seqpacket', stream='block'),
    Side('POSIX mq', 'bench-mqueue', stream='block', max_size=8192),
    Side('Boost message_queue', 'bench-boost', stream='spin', needs='Boost and a C++ compiler'),
    Side('ZeroMQ ipc', 'bench-zeromq', stream='block', needs='ZeroMQ'),
    Side('nng ipc', 'bench-nng', stream='block', needs='nng'),
    Side('GDBus', 'bench-gdbus', trips=('block', 'loop'), stream='block'),
    Side('GDBus over a bus', 'bench-gdbus', ('--bus',), trips=('block', 'loop'), stream='block', daemon=True,
         needs='dbus-daemon'),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    workload: str                                 # rtt, sparse, tput, idle
    wait: str                                     # spin, block, loop; one way: see Side.stream
    size: int
    place: str                                    # two, one, free
    seconds: float = 0.3
    without: tuple = ()                           # sides that do not take part

    @property
    def key(self):
        return f'{self.workload} {self.wait} {self.size} {self.place}'

    @property
    def figure(self):
        """The figure of a measurement that the table shows."""
        return {'tput': 'msgs', 'idle': 'switches'}.get(self.workload, 'median')

    def run_by(self, side):
        """This cell as the side runs it, or None."""
        if side.name in self.without or self.size > side.max_size:
            return None
        if self.workload == 'tput':
            return dataclasses.replace(self, wait=side.stream) if side.stream else None
        return self if self.wait in side.trips else None


@dataclasses.dataclass(frozen=True)
class Table:
    title: str
    columns: tuple                                # (heading, cell)
    note: str = ''
    main: int = 0                                 # the column of --quick and of the chart


HEADINGS = {16: '16 B', 64: '64 B', 1024: '1 KiB', 65536: '64 KiB', 1 << 20: '1 MiB'}
NOT_SPINNING = (FUTEX_SPIN,)                      # on one CPU spinning is useless

SPINNING = Table('Round trip, spinning, two CPUs', tuple(
    (HEADINGS[size], Cell('rtt', 'spin', size, 'two')) for size in (16, 64, 1024, 65536)),
    main=1, note='Neither side ever sleeps. The limit is not a channel, but space for one message and its number.')
BLOCKING = Table('Round trip, sleeping in the kernel, 64 B', (
    ('one CPU', Cell('rtt', 'block', 64, 'one', without=NOT_SPINNING)),
    ('two CPUs', Cell('rtt', 'block', 64, 'two'))),
    note='By default Shmooze spins for up to 50 µs before it sleeps if the other side runs on another CPU.')
LOOPING = Table('Round trip, both in a GLib main loop, 64 B', (
    ('one CPU', Cell('rtt', 'loop', 64, 'one')),
    ('after 2 ms of silence, CPUs free', Cell('sparse', 'loop', 64, 'free', seconds=0.5))),
    note='A channel without a descriptor to poll needs a thread that waits.')
ONE_WAY_64 = Table('One way, 64 B, two CPUs', (
    ('64 B', Cell('tput', 'spin', 64, 'two')),),
    note='Rings spin and the others block, which is the faster way for each.')
ONE_WAY = Table('One way, larger, two CPUs', tuple(
    (HEADINGS[size], Cell('tput', 'spin', size, 'two')) for size in (1024, 65536, 1 << 20)))
IDLE = Table('An idle reader, context switches per second', (
    ('blocking', Cell('idle', 'block', 64, 'free', seconds=10, without=(BELL_LANE, FUTEX_SPIN))),
    ('in a main loop', Cell('idle', 'loop', 64, 'free', seconds=10))),
    note='All wait 10 s for nothing at the same time; in parentheses µs of CPU per second.')

CHARTED = (SPINNING, BLOCKING, LOOPING, ONE_WAY_64)
ALL = (SPINNING, BLOCKING, LOOPING, ONE_WAY_64, ONE_WAY, IDLE)


def tables(quick):
    """The tables to measure."""
    return tuple(only_main(table) for table in CHARTED) if quick else ALL


def only_main(table):
    heading, cell = table.columns[table.main]
    return dataclasses.replace(table, columns=((heading, dataclasses.replace(cell, seconds=0.1)),), main=0)


def all_cells(chosen):
    return [cell for table in chosen for _, cell in table.columns]


# -- Targets -----------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Target:
    """The time of `own`, divided by that of `other` in the same round, must be at most `most`. The other '*' is the
    fastest peer. With `figure`, that figure of `own` must be at most `most`."""
    what: str
    cell: Cell
    own: str
    other: str
    most: float
    word: str = ''
    figure: str = ''


def targets():
    found = [Target(f'round trip, spinning, {heading}', cell, LANE, MAILBOX, 1.15)
             for heading, cell in SPINNING.columns]
    one, two = (cell for _, cell in BLOCKING.columns)
    loop, sparse = (cell for _, cell in LOOPING.columns)
    found += [Target('round trip, sleeping, one CPU', one, LANE, BELL, 1.1),
              Target('', one, LANE, '*', 1, 'faster than all peers'),
              Target('round trip, sleeping by default, two CPUs', two, LANE, FUTEX_SPIN, 1.25),
              Target('round trip in main loops, one CPU', loop, LANE, BELL, 1.1),
              Target('', loop, LANE, '*', 1, 'faster than all peers'),
              Target('round trip in main loops after silence', sparse, LANE, BELL, 1.1),
              Target('', sparse, LANE, '*', 1, 'faster than all peers'),
              Target('round trip of a room message in main loops', loop, ROOM, LANE, 1.5)]
    stream = ONE_WAY_64.columns[0][1]
    found += [Target('one way, 64 B', stream, LANE, INLINE, 1 / 0.95, '≥ 0.95 ×')]
    found += [Target(f'one way, {heading}', cell, LANE, CHUNKS, 1 / 0.9, '≥ 0.90 ×')
              for heading, cell in ONE_WAY.columns]
    for heading, cell in IDLE.columns:
        found += [Target(f'idle {heading}, context switches per second', cell, LANE, '', 0.5, '', 'switches'),
                  Target(f'idle {heading}, µs of CPU per second', cell, LANE, '', 10, '', 'cpu')]
    return found
