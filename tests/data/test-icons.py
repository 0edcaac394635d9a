# SPDX-License-Identifier: LGPL-2.1-or-later
"""The icons, looked at: well-formed, self-contained, and still readable at every size."""
import os
import re
import struct
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib

from common import APP_ID, SOURCE, run
import tap

ICONS = os.path.join(SOURCE, 'data/icons/hicolor')
COLOUR = os.path.join(ICONS, f'scalable/apps/{APP_ID}.svg')
SYMBOLIC = os.path.join(ICONS, f'symbolic/apps/{APP_ID}-symbolic.svg')
SVG = '{http://www.w3.org/2000/svg}'


def pixels(svg, size):
    """The icon at this size, as a list of (red, green, blue, alpha)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'icon.png')
        run('rsvg-convert', '--width', str(size), '--height', str(size), '--output', path, svg)
        return decoded(path, size)


def decoded(path, size):
    """What a PNG file of this size holds, as that list."""
    with open(path, 'rb') as file:
        png = file.read()
    assert png.startswith(b'\x89PNG\r\n\x1a\n')
    at, data = 8, b''
    while at < len(png):
        length, kind = struct.unpack('>I4s', png[at:at + 8])
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', png[at + 8:at + 18])
            assert (width, height, depth, colour) == (size, size, 8, 6), (width, height, depth, colour)
        elif kind == b'IDAT':
            data += png[at + 8:at + 8 + length]
        at += length + 12
    data, above, found = zlib.decompress(data), bytearray(size * 4), []
    for start in range(0, len(data), size * 4 + 1):
        line = bytearray(data[start + 1:start + 1 + size * 4])
        for i in range(len(line)):
            left, up, corner = (line[i - 4] if i > 3 else 0), above[i], (above[i - 4] if i > 3 else 0)
            line[i] = (line[i] + predicted(data[start], left, up, corner)) & 255
        found += [tuple(line[i:i + 4]) for i in range(0, len(line), 4)]
        above = line
    return found


def predicted(rule, left, up, corner):
    """The filters of PNG."""
    if rule < 4:
        return (0, left, up, (left + up) // 2)[rule]
    return min((left, up, corner), key=lambda value: abs(left + up - corner - value))


def is_red(pixel):
    red, green, blue, alpha = pixel
    return alpha > 200 and red > 150 and green < 130 and blue < 130


@tap.case
def icons_are_scalable_and_self_contained():
    """The icons are scalable and need no other file."""
    for path, size in ((COLOUR, 128), (SYMBOLIC, 16)):
        root = ElementTree.parse(path).getroot()
        assert root.tag == SVG + 'svg', root.tag
        assert root.get('viewBox') == f'0 0 {size} {size}', root.get('viewBox')
        assert root.get('width') == root.get('height') == str(size)
        for element in root.iter():
            assert element.tag.rpartition('}')[2] not in ('image', 'text', 'script', 'style', 'use'), element.tag
            for name, value in element.attrib.items():
                assert not name.endswith('href'), f'{path}: {name}={value}'


@tap.case
def colour_icon_shows_two_windows_and_what_they_share():
    """The color icon shows two windows and the region between them at each size."""
    for size in (16, 24, 32, 48, 64, 128, 256):
        found = pixels(COLOUR, size)
        whole, red = size * size, sum(map(is_red, found))
        light = sum(p[3] > 200 and min(p[:3]) > 160 for p in found)
        dark = sum(p[3] > 200 and max(p[:3]) < 140 for p in found)
        tap.note(f'{size}: red {red / whole:.1%}, light {light / whole:.1%}, dark {dark / whole:.1%}')
        assert 0.03 < red / whole < 0.15, f'the shared block at {size} px: {red} of {whole}'
        assert light / whole > 0.1 and dark / whole > 0.1, f'the windows at {size} px: {light}, {dark}'
        corners = [found[i][3] for i in (0, size - 1, whole - size, whole - 1)]
        assert max(corners) < 128, f'the corners at {size} px are not free: {corners}'


@tap.case
def pictures_of_the_icon_are_what_it_looks_like():
    """The PNG pictures are renderings of the icon."""
    name = APP_ID.removesuffix('.Devel')          # the program has no other pictures in it
    for size in (48, 96):
        drawn = pixels(os.path.join(ICONS, f'scalable/apps/{name}.svg'), size)
        kept = decoded(os.path.join(ICONS, f'{size}x{size}/apps/{name}.png'), size)
        # Another version of the tool that draws may round elsewhere.
        off = [p for p in zip(drawn, kept) if max(abs(a - b) for a, b in zip(*p)) > 16]
        assert len(off) < len(drawn) / 100, f'{len(off)} pixels of {size} x {size} look otherwise: draw it anew'


@tap.case
def symbolic_icon_is_one_colour():
    """The symbolic icon has one color."""
    # GTK paints it in the colour of the text around it: shape is all it has
    with open(SYMBOLIC, encoding='utf-8') as file:
        paints = set(re.findall(r'(?:fill|stroke)="([^"]*)"', file.read()))
    assert paints == {'#2e3436'}, paints
    for size in (16, 32, 64):
        found = pixels(SYMBOLIC, size)
        covered = sum(p[3] for p in found) / 255 / len(found)
        tap.note(f'{size}: {covered:.1%} covered')
        assert 0.25 < covered < 0.75, covered
    crisp = sum(p[3] in (0, 255) for p in pixels(SYMBOLIC, 16))
    assert crisp > 256 * 0.85, f'only {crisp} of 256 pixels are crisp at 16 px'


tap.main()
