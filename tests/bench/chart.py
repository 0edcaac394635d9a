# SPDX-License-Identifier: LGPL-2.1-or-later
"""The chart: a panel for each workload, a bar for each side, on a background that is always light."""
import math
from xml.sax.saxutils import escape
import machine
import plan
import table
from results import Results

WIDTH, MARGIN, GAP = 1120, 28, 44
PANEL = (WIDTH - 2 * MARGIN - GAP) / 2
NAMES, BESIDE, FIGURE = 172, 96, 66               # widths around the bars
BARS = PANEL - NAMES - BESIDE - FIGURE
ROW, BAR, TOP, HEAD, FOOT = 23, 15, 92, 74, 100
INK, PALE, RULE, CARD = '#241f31', '#5e5c64', '#e3e1de', '#ffffff'
FILLS = {'own': '#1a5fb4', 'limit': 'url(#hatched)', 'hand': '#c0bfbc', 'peer': '#8b8f99'}
TITLES = {
    plan.SPINNING: ('Round trip, 64 bytes, both spinning', 'two CPUs'),
    plan.BLOCKING: ('Round trip, 64 bytes, sleeping in between', 'one CPU'),
    plan.LOOPING: ('Round trip, 64 bytes, in GLib main loops', 'one CPU'),
    plan.ONE_WAY_64: ('One way, 64 bytes, as fast as possible', 'two CPUs'),
}
KINDS = ('own', 'limit', 'hand', 'peer')


def text(x, y, words, size=13, color=INK, anchor='start', weight='normal'):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def outlined(element):
    """With an outline, so that grid lines do not cross the text."""
    return element.replace('<text ', f'<text stroke="{CARD}" stroke-width="4" paint-order="stroke" ')


def rows_of(results, cell):
    """(side, figure): Shmooze, limits, rings by hand, then the peers from the fastest on."""
    found = []
    for side in plan.SIDES:
        figure = results.figure(cell, side.name)
        if figure is not None:
            slowness = 1 / figure if cell.workload == 'tput' else figure
            found.append((KINDS.index(side.kind), side.kind == 'peer' and slowness, side, figure))
    return [(side, figure) for _, _, side, figure in sorted(found, key=lambda row: row[:2])]


def decades(figures):
    """The exponents of ten around all figures, with some space before the smallest."""
    low = math.floor(math.log10(min(figures) / 1.5))
    return low, max(low + 1, math.ceil(math.log10(max(figures))))


def grid(x, y, height, low, high, unit):
    """A line for each power of ten; if there are many, only every other one has a label."""
    parts = []
    for power in range(low, high + 1):
        at = x + BARS * (power - low) / (high - low)
        parts.append(f'<line x1="{at:.1f}" y1="{y}" x2="{at:.1f}" y2="{y + height}" stroke="{RULE}"/>')
        if high - low < 5 or (power - low) % 2 == 0:
            parts.append(text(at, y - 6, unit(10 ** power), 11, PALE, 'middle'))
    return parts


def short(words):
    """“10.0 µs” is too long for a label."""
    return words.replace('.00 ', ' ').replace('.0 ', ' ')


def bar(results, cell, side, figure, x, y, low, high):
    length = max(2, BARS * (math.log10(figure) - low) / (high - low))
    own, middle = side.kind == 'own', y + ROW / 2 + 4.5
    weight = 'bold' if side.name == plan.LANE else 'normal'
    edge = ' stroke="#77767b" stroke-dasharray="3 2"' if side.kind == 'limit' else ''
    figure_words = table.figure(results, cell, side.name)
    parts = [text(x - 8, middle, side.name, 13, INK, 'end', weight),
             f'<rect x="{x:.1f}" y="{y + (ROW - BAR) / 2:.1f}" width="{length:.1f}" height="{BAR}" rx="2" '
             f'fill="{FILLS[side.kind]}"{edge}/>',
             outlined(text(x + length + 6, middle, figure_words, 13, FILLS['own'] if own else INK, weight=weight))]
    if side.name != plan.LANE:
        words = table.beside(results, cell, side.name).replace('–', '')
        parts.append(text(x + BARS + FIGURE + BESIDE, middle, words, 12, PALE, 'end'))
    return parts


def panel(results, which, x, y):
    cell = which.columns[which.main][1]
    rows = rows_of(results, cell)
    if not rows:
        return []
    rate = cell.workload == 'tput'
    low, high = decades([figure for _, figure in rows])
    title, where = TITLES[which]
    better = 'messages per second: longer is better' if rate else 'time: shorter is better'
    parts = [text(x, y + 18, title, 16, weight='bold'), text(x, y + 37, f'{where}; {better}', 12, PALE),
             text(x + PANEL, y + HEAD - 12, 'Shmooze is', 12, PALE, 'end')]
    left = x + NAMES
    parts += grid(left, y + HEAD - 6, ROW * len(rows) + 10, low, high,
                  lambda at: short(table.rate(at) if rate else table.duration(at)))
    for i, (side, figure) in enumerate(rows):
        parts += bar(results, cell, side, figure, left, y + HEAD + ROW * i, low, high)
    return parts


def height_of(results, which):
    return HEAD + ROW * len(rows_of(results, which.columns[which.main][1]))


def draw(data):
    """Returns the SVG."""
    results = Results(data['measurements'])
    parts, y = [], TOP
    for pair in (plan.CHARTED[:2], plan.CHARTED[2:]):
        for i, which in enumerate(pair):
            parts += panel(results, which, MARGIN + i * (PANEL + GAP), y)
        y += max(height_of(results, which) for which in pair) + 36
    height = y - 36 + FOOT
    seen = [ns for which in plan.CHARTED for ns in results.lines(which.columns[which.main][1])]
    said = [machine.in_words(data['machine']),
            f"Medians of {data['rounds']} rounds in turns; ratios are those within the same round." +
            (f' The round trip of a cache line took {min(seen):.0f} to {max(seen):.0f} ns.' if seen else ''),
            'Logarithmic scales. Hatched: a lower bound, not a usable channel. Light grey: a ring written by hand for '
            'just this workload.']
    head = [text(MARGIN, 46, 'Messages between two processes', 24, weight='bold'),
            text(MARGIN, 70, 'Shmooze, the usual alternatives, and the limits of the machine', 14, PALE)]
    foot = [text(MARGIN, height - FOOT + 44 + 19 * i, words, 12, PALE) for i, words in enumerate(said)]
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" '
        'font-family="Cantarell, Inter, \'DejaVu Sans\', sans-serif">',
        '<defs><pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#f6f5f4"/><rect width="2" height="6" fill="#c0bfbc"/></pattern></defs>',
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="14" fill="{CARD}" stroke="#d6d4d2"/>',
        *head, *parts, *foot, '</svg>', ''])
