# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture in memory: read from PPM, counted, saved as PNG; no imaging library needed."""
import re
import struct
import zlib


class Picture:
    def __init__(self, width, height, rgb):
        if len(rgb) != 3 * width * height:
            raise ValueError(f'{len(rgb)} bytes for {width} x {height} pixels')
        self.width, self.height, self.rgb = width, height, rgb

    @classmethod
    def from_ppm(cls, ppm):
        head = re.match(rb'P6\s+(?:#.*\n)*(\d+)\s+(\d+)\s+255\s', ppm)
        if not head:
            raise ValueError(f'not a PPM picture: {ppm[:40]!r}')
        return cls(int(head[1]), int(head[2]), ppm[head.end():])

    def crop(self, x, y, width, height):
        row = self.width * 3
        return Picture(width, height, b''.join(self.rgb[at + x * 3:at + (x + width) * 3]
                                               for at in range(y * row, (y + height) * row, row)))

    def __eq__(self, other):
        return isinstance(other, Picture) and (self.width, self.rgb) == (other.width, other.rgb)

    def count(self, *ranges):
        """How many pixels have r, g and b in the three ranges."""
        masks = []
        for channel, wanted in enumerate(ranges):
            table = bytes(1 if value in wanted else 0 for value in range(256))
            masks.append(int.from_bytes(self.rgb[channel::3].translate(table), 'big'))
        both = masks[0] & masks[1] & masks[2]
        return both.to_bytes(self.width * self.height, 'big').count(1)

    def red(self):
        """The peer's red on light, #c01c28, and what smoothing leaves of it."""
        return self.count(range(150, 256), range(0, 100), range(0, 110))

    def save(self, path):
        def chunk(kind, data):
            return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        line = self.width * 3
        rows = b''.join(b'\0' + self.rgb[i:i + line] for i in range(0, len(self.rgb), line))
        with open(path, 'wb') as out:
            out.write(b'\x89PNG\r\n\x1a\n'
                      + chunk(b'IHDR', struct.pack('>IIBBBBB', self.width, self.height, 8, 2, 0, 0, 0))
                      + chunk(b'IDAT', zlib.compress(rows, 6)) + chunk(b'IEND', b''))
