# SPDX-License-Identifier: LGPL-2.1-or-later
"""The translations: every marked string is known to po/, and said in every language."""
import gettext
import os
import re
import tempfile

from common import SOURCE, languages, read, run, same
import tap

# As i18n.gettext (preset: 'glib') calls it
XGETTEXT = [
    'xgettext', '--from-code=UTF-8', '--add-comments', '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2',
    '--keyword=NC_:1c,2', '--keyword=g_dcgettext:2', '--keyword=g_dngettext:2,3', '--keyword=g_dpgettext2:2c,3',
    '--flag=N_:1:pass-c-format', '--flag=C_:2:pass-c-format', '--flag=NC_:2:pass-c-format',
    '--flag=g_dngettext:2:pass-c-format', '--flag=g_strdup_printf:1:c-format', '--flag=g_string_printf:2:c-format',
    '--flag=g_string_append_printf:2:c-format', '--flag=g_error_new:3:c-format', '--flag=g_set_error:4:c-format',
    '--flag=g_markup_printf_escaped:1:c-format', '--flag=g_log:3:c-format', '--flag=g_print:1:c-format',
    '--flag=g_printerr:1:c-format', '--flag=g_printf:1:c-format', '--flag=g_fprintf:2:c-format',
    '--flag=g_sprintf:2:c-format', '--flag=g_snprintf:3:c-format',
]

# What Unicode's CLDR says of plurals: a number and the form it takes
PLURALS = {
    'ar': {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 26: 4, 99: 4, 100: 5, 101: 5, 102: 5, 103: 3, 111: 4, 1000: 5},
    'de': {0: 1, 1: 0, 2: 1, 11: 1, 101: 1},
    'es': {0: 1, 1: 0, 2: 1, 11: 1},
    'fr': {0: 0, 1: 0, 2: 1, 11: 1},
    'ja': {0: 0, 1: 0, 2: 0},
    'pt_BR': {0: 0, 1: 0, 2: 1, 11: 1},
    'zh_CN': {0: 0, 1: 0, 2: 0},
}


def potfiles():
    lines = read(SOURCE, 'po', 'POTFILES').splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def sources():
    """All files that can hold strings for people."""
    for top in ('src', 'data'):
        for folder, _, names in os.walk(os.path.join(SOURCE, top)):
            for name in names:
                if re.search(r'\.(c|h|ui|blp|desktop\.in|metainfo\.xml\.in|gschema\.xml)$', name):
                    yield os.path.relpath(os.path.join(folder, name), SOURCE)


def template(folder, *files):
    """Extracts the strings of these files; the template's path, or None when they have none."""
    path = os.path.join(folder, 'shmooze.pot')
    if os.path.exists(path):
        os.unlink(path)
    run(*XGETTEXT, f'--output={path}', *files, cwd=SOURCE)
    return path if os.path.exists(path) else None


def entries(po, *flags):
    """The entries msgattrib chooses, without the head, as text."""
    blocks = run('msgattrib', '--no-wrap', *flags, po).strip().split('\n\n')
    return [block for block in blocks if not re.search(r'^msgid ""\nmsgstr', block, re.M) and 'msgid' in block]


@tap.case
def potfiles_names_each_file_with_strings():
    """POTFILES names exactly the files with translatable strings."""
    listed = potfiles()
    assert len(listed) == len(set(listed)), 'a file is named twice'
    with tempfile.TemporaryDirectory() as folder:
        same(listed, [file for file in sources() if template(folder, file)], 'po/POTFILES')


@tap.case
def strings_are_whole_when_extracted():
    """Every extracted string is a whole sentence or label."""
    # A string with a macro in it, such as G_GUINT64_FORMAT, is cut there; gettext knows only those of inttypes.h
    said = run(*XGETTEXT, '--output=/dev/null', *potfiles(), cwd=SOURCE)
    assert 'warning' not in said, said


@tap.case
def potfiles_is_sorted():
    """POTFILES is sorted."""
    assert potfiles() == sorted(potfiles()), 'sort po/POTFILES'


@tap.case
def linguas_names_each_language():
    """LINGUAS names each translation."""
    found = [name[:-3] for name in os.listdir(os.path.join(SOURCE, 'po')) if name.endswith('.po')]
    assert found, 'no translation at all'
    same(languages(), found, 'po/LINGUAS')


@tap.case
def all_languages_are_complete():
    """Every translation is complete."""
    with tempfile.TemporaryDirectory() as folder:
        pot = template(folder, *potfiles())
        tap.note(f'{len(entries(pot))} strings')
        bad = []
        for language in languages():
            po = os.path.join(folder, f'{language}.po')
            run('msgmerge', '--quiet', '--no-fuzzy-matching', f'--output-file={po}',
                os.path.join(SOURCE, 'po', f'{language}.po'), pot)
            fuzzy = entries(po, '--only-fuzzy', '--no-obsolete')
            untranslated = entries(po, '--untranslated', '--no-obsolete')
            bad += [f'{language}: not translated:\n{block}' for block in untranslated]
            bad += [f'{language}: fuzzy:\n{block}' for block in fuzzy]
        assert not bad, '\n\n'.join(bad + ['"meson compile shmooze-update-po" brings the po files up to date'])


@tap.case
def all_languages_pass_the_checks_of_msgfmt():
    """Every translation passes the checks of msgfmt."""
    with tempfile.TemporaryDirectory() as folder:
        pot = template(folder, *potfiles())
        for language in languages():
            # Merged first: the marks of printf formats come from the sources
            po = os.path.join(folder, f'{language}.po')
            run('msgmerge', '--quiet', '--no-fuzzy-matching', f'--output-file={po}',
                os.path.join(SOURCE, 'po', f'{language}.po'), pot)
            said = run('msgfmt', '--check', '--output-file=/dev/null', po)
            assert 'warning' not in said, said
            assert re.search(rf'^"Language: {language}\\n"$', read(po), re.M), f'{language}.po names another language'


@tap.case
def plural_forms_follow_the_language():
    """The plural forms are those of the language."""
    with tempfile.TemporaryDirectory() as folder:
        for language in languages():
            assert language in PLURALS, f'add what CLDR says of {language} to this test'
            mo = os.path.join(folder, f'{language}.mo')
            run('msgfmt', f'--output-file={mo}', os.path.join(SOURCE, 'po', f'{language}.po'))
            with open(mo, 'rb') as file:
                plural = gettext.GNUTranslations(file).plural
            for number, form in PLURALS[language].items():
                assert plural(number) == form, f'{language}: {number} takes form {plural(number)}, not {form}'


@tap.case
def menu_letters_and_edges_survive_translation():
    """Translations keep mnemonics, closing dots, and line breaks and blanks at the ends."""
    for language in languages():
        with tempfile.TemporaryDirectory() as folder:
            mo = os.path.join(folder, 'm.mo')
            run('msgfmt', f'--output-file={mo}', os.path.join(SOURCE, 'po', f'{language}.po'))
            with open(mo, 'rb') as file:
                catalogue = gettext.GNUTranslations(file)._catalog
        for original, said in catalogue.items():
            original = original[0] if isinstance(original, tuple) else original
            original = original.rpartition('\x04')[2]
            if not original:
                continue
            # Full-width punctuation has its blank within.
            if original.endswith(' ') and re.search('[、，。：；！？]$', said):
                said += ' '
            for edge in (r'^\s*', r'\s*$', r'…?$', r';?$'):
                assert re.search(edge, original)[0] == re.search(edge, said)[0], f'{language}: {original!r}: {said!r}'
            letters = len(re.findall(r'(?<!\w)_\w', original))
            assert len(re.findall(r'(?<![A-Z])_\w', said)) >= letters, f'{language}: {original!r}: {said!r}'


tap.main()
