#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds wording that CONTRIBUTING.md advises against: prose.py [--count] [FILE...]. Prints each line, or the count of
each folder. Without a file, it searches all files that git knows, except translations and this one."""
import collections
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
VERB = r'(?:can|may|must|could|would|knows|looks|sees|wants|waits)'
PATTERNS = [
    r'(?<![\w“] )\bWho [a-z]+\b(?!\?)(?![^.]*\?)',              # "Who comes late gets …"
    r'\b(?:to|for|by|of|from|than) who [a-z]+s\b',
    r'\b[Ww]hoever\b',
    r'(?:^|[.,;:(—] |\b(?:that|if|when|where|what|which|as|how|so|than|and|or|but) )[Oo]ne ' + VERB + r'\b',
    r"\bone's own\b|\bof ours\b|\bof (?:my|one's) own\b",
    r'(?<![Tt]here )\b(?:is|are|was|were|be) no (?!longer\b|more\b|less\b|[a-z]+er\b)[a-z]+',   # "is no room"
    r'\b[Tt]here (?:is|are) (?:no )?such\b',
    r'\b(?:stands?|standing|stood) (?:in|at|there|beside|before|on|by)\b',
    r'\b(?:is|are|was|were|be|been|being) told\b|\btells? of\b',
    r'\b(?:is|are) to say\b|\bin good order\b|\bthe least\b|\b[Ss]o long\b|\bin vain\b|\bnought\b|\bnot without\b',
    r'\b(?:[Ss]ome|[Nn]o)body\b',
    r'\b[Mm]end(?:s|ed|ing)?\b',
]
DIALECT = re.compile('|'.join(PATTERNS))
# The user nobody, words of test data, and what a user reads about people
ALLOWED = re.compile(r'(?:chown(?: -R)?|reuid|user) nobody|"\w+"|Nobody else is here')
SKIPPED = re.compile(r'\.(?:po|png|gif|svg|json)$|^COPYING$|^tests/rig/prose\.py$|^po/')


def findings(files):
    """Each line with such wording, as (path, number, line)."""
    for path in files:
        for number, line in enumerate((TOP / path).read_text(errors='replace').splitlines(), 1):
            if DIALECT.search(ALLOWED.sub('', line)):
                yield path, number, line.strip()


def files():
    listed = subprocess.run(['git', '-C', TOP, 'ls-files'], check=True, capture_output=True, text=True).stdout
    return [path for path in listed.splitlines() if not SKIPPED.search(path) and (TOP / path).is_file()]


def main(arguments):
    found = list(findings([a for a in arguments if a != '--count'] or files()))
    if '--count' in arguments:
        for folder, count in sorted(collections.Counter(str(pathlib.Path(path).parent) for path, *_ in found).items()):
            print(f'{count:5} {folder}')
        print(f'{len(found):5} together')
    else:
        for path, number, line in found:
            print(f'{path}:{number}: {line}')
    return bool(found)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
