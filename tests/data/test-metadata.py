# SPDX-License-Identifier: LGPL-2.1-or-later
"""The desktop file and the metainfo: valid, translated, and in agreement with each other."""
import configparser
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

from common import APP_ID, SOURCE, languages, run
import tap

DESKTOP, METAINFO = sys.argv[1:3]
del sys.argv[1:3]

# What appstreamcli may remark
ALLOWED = (
    'cid-contains-uppercase-letter',   # the convention of GNOME applications
    'unknown-tag developer',           # a tag of appstream 1.0, which 0.16 does not know
)
LANG = '{http://www.w3.org/XML/1998/namespace}lang'


def desktop():
    parser = configparser.ConfigParser(interpolation=None, delimiters='=', strict=True)
    parser.optionxform = str
    assert parser.read(DESKTOP, encoding='utf-8'), f'{DESKTOP} is missing'
    return parser


def component():
    return ElementTree.parse(METAINFO).getroot()


@tap.case
def desktop_file_is_valid():
    """desktop-file-validate accepts the desktop file."""
    said = run('desktop-file-validate', '--warn-kde', DESKTOP)
    assert not said.strip(), said


@tap.case
def desktop_file_starts_the_program():
    """The desktop file starts the installed program."""
    entry = desktop()['Desktop Entry']
    assert entry['Exec'] == 'shmooze', entry['Exec']
    assert entry['Icon'] == APP_ID, entry['Icon']
    for icon in ('scalable/apps/' + APP_ID + '.svg', 'symbolic/apps/' + APP_ID + '-symbolic.svg'):
        assert os.path.exists(os.path.join(SOURCE, 'data/icons/hicolor', icon)), f'{icon} is missing'
    for action in entry['Actions'].strip(';').split(';'):
        assert desktop()[f'Desktop Action {action}']['Exec'].split()[0] == 'shmooze', action


@tap.case
def desktop_file_speaks_every_language():
    """The desktop file is translated into each language."""
    parser = desktop()
    for group, key in (('Desktop Entry', 'GenericName'), ('Desktop Entry', 'Comment'),
                       ('Desktop Entry', 'Keywords'), ('Desktop Action new-window', 'Name')):
        for language in languages():
            said = parser[group].get(f'{key}[{language}]')
            assert said and said != parser[group][key], f'{key}[{language}] is {said!r}'
            for text in (said, parser[group][key]):
                assert text.endswith(';') == (key == 'Keywords'), f'{key} is {text!r}'


@tap.case
def settings_schema_is_valid():
    """The settings schema compiles without a warning."""
    run('glib-compile-schemas', '--strict', '--dry-run', os.path.dirname(DESKTOP))


@tap.case
def metainfo_is_valid():
    """appstreamcli accepts the metainfo file."""
    # 3: valid with warnings
    said = run('appstreamcli', 'validate', '--no-net', '--no-color', '--pedantic', METAINFO, ends_with=(0, 3))
    assert 'Validation' in said, said
    remarks = [line for line in said.splitlines()
               if re.match(r'\s*[EWIP]:', line) and not ' '.join(line.split()[2:]).startswith(ALLOWED)]
    assert not remarks, said


@tap.case
def metainfo_agrees_with_the_rest():
    """The metainfo file agrees with the other files about id, version and license."""
    root = component()
    assert root.findtext('id') == APP_ID, root.findtext('id')
    assert root.findtext('launchable') == os.path.basename(DESKTOP), root.findtext('launchable')
    newest = root.find('releases/release').get('version')
    assert newest == os.environ['VERSION'], f'the newest release is {newest}, the project {os.environ["VERSION"]}'
    assert root.find('content_rating').get('type') == 'oars-1.1'
    schemes = [color.get('scheme_preference') for color in root.findall('branding/color')]
    assert schemes == ['light', 'dark'], schemes


@tap.case
def metainfo_summary_is_short():
    """The summary fits the limit of the software centers."""
    # Software centres cut what is longer
    summary = next(s.text for s in component().findall('summary') if s.get(LANG) is None)
    assert 10 <= len(summary) <= 25 and not summary.endswith('.'), f'{len(summary)} characters: {summary}'


@tap.case
def metainfo_shows_pictures_that_are_there():
    """The screenshots of the metainfo file exist."""
    images = [image.text for image in component().findall('screenshots/screenshot/image')]
    assert len(images) >= 2, images
    for image in images:
        assert os.path.exists(os.path.join(SOURCE, 'data/screenshots', os.path.basename(image))), image


@tap.case
def metainfo_speaks_every_language():
    """The metainfo file is translated into each language."""
    # Paragraphs are next to their translations; each language has as many as the original
    for tag in ('summary', 'description/p', 'description/ul/li', 'screenshots/screenshot/caption',
                'releases/release/description/p'):
        said = [element.get(LANG) for element in component().findall(tag)]
        assert said.count(None) > 0, tag
        for language in languages():
            assert said.count(language) == said.count(None), f'{tag}: {said.count(language)} in {language}'


tap.main()
