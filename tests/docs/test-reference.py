# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-reference.py: the introspection data is clean, and the library's reference is complete."""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import tap

SOURCE, BUILD = os.environ['SOURCE_ROOT'], os.environ['BUILD_ROOT']
LIBRARY = os.path.join(SOURCE, 'src', 'shmooze')
PAGES = os.path.join(LIBRARY, 'docs')
GIR = 'src/shmooze/Shmooze-1.0.gir'
TOML = os.path.join(BUILD, 'src/shmooze/docs/shmooze.toml')
NS = {'c': 'http://www.gtk.org/introspection/core/1.0'}
CLASS_OF = '{http://www.gtk.org/introspection/glib/1.0}is-gtype-struct-for'
C_IDENTIFIER = '{http://www.gtk.org/introspection/c/1.0}identifier'
SYMBOLS = ('class', 'record', 'enumeration', 'bitfield', 'callback', 'constant', 'function', 'method', 'constructor',
           'property', 'signal')
CALLABLES = ('callback', 'function', 'method', 'constructor', 'signal')


def run(*command, **options):
    """What the command printed, both streams; an assertion when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f'{command[0]} ended with {done.returncode}:\n{done.stdout}'
    return done.stdout


def tag(element):
    return element.tag.rpartition('}')[2]


def symbols():
    """Everything that is public: its name, the element, and the class it belongs to."""
    top = xml.etree.ElementTree.parse(os.path.join(BUILD, GIR)).getroot().find('c:namespace', NS)

    def walk(element, path):
        for child in element:
            if tag(child) not in SYMBOLS or child.get('moved-to') or child.get(CLASS_OF):
                continue
            name = f'{path}.{child.get("name")}' if path else child.get('name')
            yield name, child
            if tag(child) not in CALLABLES:
                yield from walk(child, name)
    return list(walk(top, ''))


def doc(element):
    found = element.find('c:doc', NS)
    return found.text if found is not None and found.text else ''


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def sources(*kinds):
    return [path for kind in kinds for path in sorted(glob.glob(os.path.join(LIBRARY, '**', kind), recursive=True))]


def need(option):
    if os.environ[option] != 'yes':
        raise tap.Skip(f'{option.lower()} is not built')


@tap.case
def scanner_has_nothing_to_say():
    """g-ir-scanner reports no warning."""
    # Its warnings differ from version to version: they end this test, not other people's builds.
    wanted = run('ninja', '-t', 'commands', GIR, cwd=BUILD).splitlines()[-1]
    words = shlex.split(wanted)
    assert '--warn-all' in words and any('g-ir-scanner' in word for word in words), wanted
    with tempfile.TemporaryDirectory() as folder:
        words[words.index('--output') + 1] = os.path.join(folder, 'again.gir')
        said = run(*words, cwd=BUILD)
        assert os.path.getsize(os.path.join(folder, 'again.gir')) > 0
    assert said.strip() == '', said


@tap.case
def docgen_finds_everything_documented():
    """gi-docgen finds every symbol documented."""
    need('DOCUMENTATION')
    said = run('gi-docgen', 'check', '--quiet', '--config', TOML, os.path.join(BUILD, GIR))
    assert said.strip() == '', said


@tap.case
def docgen_finds_what_every_link_leads_to():
    """gi-docgen resolves every link."""
    need('DOCUMENTATION')
    with tempfile.TemporaryDirectory() as folder:
        said = run('gi-docgen', 'generate', '--quiet', '--no-namespace-dir', '--config', TOML, '--content-dir', PAGES,
                   '--output-dir', folder, os.path.join(BUILD, GIR))
        assert said.strip() == '', said
        bad = []
        for name in [os.path.basename(path)[:-3] + '.html' for path in glob.glob(os.path.join(PAGES, '*.md'))]:
            for target in re.findall(r'href="([^":#]+)(?:#[^"]*)?"', read(os.path.join(folder, name))):
                if not os.path.exists(os.path.join(folder, target)):
                    bad.append(f'{name} leads to {target}')
            if re.search(r'\[(class|method|func|ctor|enum|error|iface|struct|signal)@', read(os.path.join(folder, name))):
                bad.append(f'{name} has a link that was not understood')
        assert not bad, bad


@tap.case
def every_symbol_is_described_and_says_since_when():
    """Every symbol has a description and a version."""
    found = symbols()
    assert len(found) > 100, len(found)
    bad = []
    for name, element in found:
        if not doc(element):
            bad.append(f'{name} is not described')
        if not element.get('version'):
            bad.append(f'{name} does not say Since:')
    assert not bad, '\n'.join(bad)


@tap.case
def every_member_field_parameter_and_result_is_described():
    """Every member, field, parameter and result is described."""
    bad = []
    for name, element in symbols():
        for member in element.findall('c:member', NS):
            if not doc(member):
                bad.append(f'{name}: {member.get("name")}')
        if tag(element) == 'record':
            bad += [f'{name}: {field.get("name")}' for field in element.findall('c:field', NS) if not doc(field)]
        for parameter in element.findall('c:parameters/c:parameter', NS) if tag(element) in CALLABLES else []:
            if not doc(parameter):
                bad.append(f'{name}: {parameter.get("name")}')
        result = element.find('c:return-value', NS)
        if result is not None and not doc(result):
            kind = result.find('c:type', NS)
            if kind is None or kind.get('name') != 'none':
                bad.append(f'{name}: what it returns')
    assert not bad, 'not described:\n' + '\n'.join(bad)


@tap.case
def whatever_can_fail_says_with_what():
    """Every function that can fail documents its errors."""
    bad = []
    for name, element in symbols():
        if element.get('throws') == '1':
            text = doc(element)
            if 'Fails' not in text:
                bad.append(f'{name} does not say how it fails')
            elif not re.search(r'Fails like \[|%(G_IO|SHMOOZE)_ERROR_', text):
                bad.append(f'{name} does not say with which error it fails')
    assert not bad, '\n'.join(bad)


@tap.case
def every_pointer_that_is_returned_says_whose_it_is():
    """Every returned pointer has a transfer annotation."""
    comments = {match[1]: match[2] for path in sources('*.c', '*.h')
                for match in re.finditer(r'/\*\*\n \* (shmooze_\w+):(.*?)\*/', read(path), re.S)}
    bad = []
    for path in sources('*.h'):
        if path.endswith('-private.h'):
            continue
        text = re.sub(r'/\*.*?\*/', '', read(path), flags=re.S)
        for result, function in re.findall(r'SHMOOZE_AVAILABLE_IN_1_0\n(.*?)\b(shmooze_\w+)\s+\(', text):
            if '*' not in result or 'const char' in result:
                continue
            if not re.search(r'Returns:[^:]*\(transfer (full|none|container|floating)\)', comments.get(function, '')):
                bad.append(function)
    assert not bad, 'no (transfer) where they return: ' + ', '.join(bad)


@tap.case
def everything_in_the_headers_is_in_the_introspection_data():
    """Every declaration of the headers is in the introspection data."""
    known = {element.get(C_IDENTIFIER) for _, element in symbols()}
    known |= {match[1] for match in re.finditer(r'c:identifier="(\w+)"', read(os.path.join(BUILD, GIR)))}
    declared = set()
    for path in sources('*.h'):
        if not path.endswith('-private.h'):
            text = re.sub(r'/\*.*?\*/', '', read(path), flags=re.S)
            declared |= set(re.findall(r'\b(shmooze_\w+)\s+\(', re.sub(r'#.*(?:\\\n.*)*', '', text)))
    declared = {name for name in declared if not name.endswith('_get_type')}
    assert len(declared) > 60, len(declared)
    assert declared <= known, sorted(declared - known)


@tap.case
def every_constant_that_is_named_exists():
    """Every constant that the documentation names exists."""
    errors = run('pkg-config', '--variable=includedir', 'gio-2.0').strip()
    known = set(re.findall(r'\bG_IO_ERROR_\w+', read(os.path.join(errors, 'glib-2.0', 'gio', 'gioenums.h'))))
    known |= {word for path in sources('*.h') for word in re.findall(r'\bSHMOOZE_[A-Z_0-9]+', read(path))}
    bad = set()
    for path in sources('*.c', '*.h') + sorted(glob.glob(os.path.join(PAGES, '*.md'))):
        for word in re.findall(r'%((?:G_IO|SHMOOZE)_\w+)', read(path)):
            if word not in known:
                bad.add(f'{os.path.basename(path)}: {word}')
    assert not bad, sorted(bad)


@tap.case
def every_page_is_listed_and_can_be_reached_from_the_overview():
    """Every page is listed and reachable from the overview."""
    pages = {os.path.basename(path) for path in glob.glob(os.path.join(PAGES, '*.md'))}
    listed = set(re.findall(r'"([\w-]+\.md)"', read(os.path.join(PAGES, 'shmooze.toml.in'))))
    assert pages == listed, pages ^ listed
    overview = read(os.path.join(PAGES, 'overview.md'))
    assert all(f'({name[:-3]}.html)' in overview for name in pages - {'overview.md'})


@tap.case
def vapi_has_every_method():
    """The Vala bindings have every method."""
    need('VAPI')
    vapi = read(os.path.join(BUILD, 'src/shmooze/shmooze-1.vapi'))
    bad = []
    for name, element in symbols():
        if tag(element) == 'method' and element.get('introspectable') != '0' and not name.endswith('_finish'):
            owner, _, method = name.rpartition('.')
            block = re.search(rf'^\tpublic (?:sealed )?class {owner}\b.*?^\t}}', vapi, re.M | re.S)
            if block is None or not re.search(rf'\b{method} \(', block[0]):
                bad.append(name)
    assert not bad, bad


if not shutil.which('ninja'):
    print('1..0 # SKIP ninja is not installed')
else:
    tap.main()
