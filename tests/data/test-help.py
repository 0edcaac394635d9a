# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages have exactly the verbs, arguments and options of --help. For completions see test-completions.py."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
from helptext import Help  # noqa: E402
from place import equal  # noqa: E402
import tap  # noqa: E402

SHMOOZE, SHMOOZECTL = os.environ['SHMOOZE'], os.environ['SHMOOZECTL']
MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'data', 'man')
EVERYWHERE = ['-h', '--help']


class Page:
    """A manual page, without its fonts."""

    def __init__(self, name):
        with open(os.path.join(MAN, name), encoding='utf-8') as file:
            self.lines = [self.plain(line) for line in file.read().splitlines() if not line.startswith('.\\"')]
        self.title = self.lines[0]

    @staticmethod
    def plain(line):
        """A line without macros: words of alternating fonts are joined, and quotes removed."""
        line = line.replace('\\-', '-').replace('\\(dq', '"')
        alternate = re.match(r'\.(?:RI|IR|BI|IB|BR|RB) (.*)', line)
        if alternate:
            return ''.join(quoted or word for quoted, word in re.findall(r'"([^"]*)"|(\S+)', alternate[1]))
        return re.sub(r'^\.[BI] ', '', line)

    def section(self, name, heading='SH'):
        """The lines of a section, up to the next section of the same or a higher level."""
        ends = ('.SH ',) if heading == 'SH' else ('.SH ', '.SS ')
        start = self.lines.index(f'.{heading} {name}') + 1
        end = next((i for i in range(start, len(self.lines)) if self.lines[i].startswith(ends)), len(self.lines))
        return self.lines[start:end]

    def synopsis(self):
        """Each form as one line."""
        forms = ' '.join(self.section('SYNOPSIS')).split(' .br ')
        return [form.replace('...', '…') for form in forms]

    @staticmethod
    def options(lines):
        """The options at the head of a paragraph, each with the name of its value."""
        found = {}
        for former, line in zip(lines, lines[1:]):
            if former == '.TP' and line.startswith('-'):
                for word in line.split(', '):
                    option, _, value = word.partition('=')
                    found[option] = value or None
        return found


CTL_HELP, CTL_PAGE = Help.of(SHMOOZECTL), Page('shmoozectl.1')
CHAT_HELP, CHAT_PAGE = Help.of(SHMOOZE), Page('shmooze.1')
VERB_HELP = {verb: Help.of(SHMOOZECTL, verb) for verb in CTL_HELP.verbs}


def heading(verb):
    return f'{verb} {VERB_HELP[verb].arguments}'.strip().replace('…', '...')


def without(options, *names):
    return {option: value for option, value in options.items() if option not in names}


def run(*command):
    return subprocess.run(command, env={**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': ''}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)


@tap.case
def help_lists_each_verb_once_in_order():
    """--help lists each verb once, in order."""
    verbs = re.findall(r'^  (\S+)  +\S', CTL_HELP.text.split('\nVerbs:\n')[1], re.M)
    equal(verbs, sorted(set(verbs)))
    assert len(verbs) >= 15, verbs


@tap.case
def help_needs_no_display_and_says_nothing_else():
    """--help works without a display and prints nothing to stderr."""
    for command in [(SHMOOZE,), (SHMOOZECTL,), *((SHMOOZECTL, verb) for verb in VERB_HELP)]:
        env = {key: value for key, value in os.environ.items() if key not in ('DISPLAY', 'WAYLAND_DISPLAY')}
        done = subprocess.run([*command, '--help'], env={**env, 'LC_ALL': 'C.UTF-8'}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        short = subprocess.run([*command, '-h'], env={**env, 'LC_ALL': 'C.UTF-8'}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        equal((done.returncode, short.returncode, short.stdout), (0, 0, done.stdout))
        assert done.stdout.startswith('Usage:\n'), done.stdout


@tap.case
def usage_names_the_verb_and_its_arguments():
    """Each usage line names the verb and its arguments."""
    for verb, told in VERB_HELP.items():
        assert told.usage.startswith(f'shmoozectl {verb} [OPTION…]'), told.usage
    assert CHAT_HELP.usage.startswith('shmooze [OPTION…]'), CHAT_HELP.usage


@tap.case
def help_fits_a_terminal():
    """--help fits the width of a terminal."""
    for told in (CTL_HELP, CHAT_HELP, *VERB_HELP.values()):
        for line in told.text.splitlines():
            assert len(line) <= 100, f'{len(line)} columns: {line}'


@tap.case
def version_is_the_same_everywhere():
    """Programs and manual pages report the same version."""
    version = run(SHMOOZECTL, '--version').stdout
    assert re.fullmatch(r'shmoozectl \d+\.\d+\.\d+\n', version), version
    equal(run(SHMOOZE, '--version').stdout, version.replace('shmoozectl', 'shmooze'))
    number = version.split()[1]
    for page, name in ((CTL_PAGE, 'SHMOOZECTL'), (CHAT_PAGE, 'SHMOOZE')):
        equal(page.title, f'.TH {name} 1 "" "Shmooze {number}" "User Commands"')


@tap.case
def manual_has_a_section_for_each_verb():
    """The manual page has a section for each verb."""
    sections = [line[len('.SS '):] for line in CTL_PAGE.section('VERBS') if line.startswith('.SS ')]
    equal(sections, [heading(verb) for verb in VERB_HELP])


@tap.case
def manual_has_the_usage_of_each_verb():
    """The manual page has the usage of each verb."""
    wanted = []
    for verb, told in VERB_HELP.items():
        options = ['[OPTION…]'] if without(told.options, *EVERYWHERE) else []
        wanted.append(' '.join(['shmoozectl', verb, *options, told.arguments]).strip())
    equal(CTL_PAGE.synopsis(), [*wanted, 'shmoozectl [VERB] --help', 'shmoozectl --version'])
    equal(CHAT_PAGE.synopsis(), [CHAT_HELP.usage])


@tap.case
def manual_has_the_options_of_each_verb():
    """The manual page has the options of each verb."""
    for verb, told in VERB_HELP.items():
        found = Page.options(CTL_PAGE.section(heading(verb), 'SS'))
        equal((verb, found), (verb, without(told.options, *EVERYWHERE)))


@tap.case
def manual_has_the_options_of_the_programs():
    """The manual pages have the options of the programs."""
    equal(Page.options(CTL_PAGE.section('OPTIONS')), CTL_HELP.options)
    equal(Page.options(CHAT_PAGE.section('OPTIONS')), CHAT_HELP.options)


@tap.case
def manual_names_no_option_that_is_not_there():
    """The manual pages name only options that exist."""
    known = {option for told in (CTL_HELP, CHAT_HELP, *VERB_HELP.values()) for option in told.options}
    for page in (CTL_PAGE, CHAT_PAGE):
        named = set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', '\n'.join(page.lines)))
        equal(named - known, set())


@tap.case
def manual_has_the_choices_of_each_option():
    """The manual page has the choices of each option."""
    for verb, told in VERB_HELP.items():
        section = ' '.join(CTL_PAGE.section(heading(verb), 'SS'))
        for option, choices in told.choices.items():
            if told.options[option] is not None:
                for word in choices:
                    assert re.search(rf'(?<![\w-]){word}(?![\w-])', section), f'{verb} {option}: {word}'


@tap.case
def manual_has_the_defaults_of_each_verb():
    """The manual page has the defaults of each verb."""
    for verb, told in VERB_HELP.items():
        section = CTL_PAGE.section(heading(verb), 'SS')
        for name in told.default:
            assert any(name in line.split() for line in section), f'{verb}: {name}'
    for name in CHAT_HELP.defaults_of_options.values():
        assert name in CHAT_PAGE.lines, name


@tap.case
def manual_has_the_fields_of_json():
    """The manual page describes the same JSON fields as --help."""
    for verb, told in VERB_HELP.items():
        if '--json' not in told.options:
            continue
        listed = re.search(r'With --json: (.*?)\.$', told.text, re.M | re.S)[1]
        section = CTL_PAGE.section(heading(verb), 'SS')
        section = ' '.join(section[section.index('--json'):])
        fields = FIELDS[verb]
        for field in fields:
            assert re.search(rf'\b{field}\b', listed), f'{verb} --help: {field}'
            assert re.search(rf'\b{field}\b', section), f'{verb} in the manual: {field}'


# The keys that programs rely on.
FIELDS = {
    'inspect': 'name path capacity room id version queue_size draft_size messages seats number watching state nick '
               'since lane bytes readers draft problem'.split(),
    'list': 'name path capacity held room participants nick watching'.split(),
    'read': 'name offset count data text'.split(),
    'show-text': 'name units text'.split(),
}


@tap.case
def exit_status_is_told_and_kept():
    """The exit statuses are documented and kept."""
    for page in (CTL_PAGE, CHAT_PAGE):
        section = page.section('EXIT STATUS')
        equal([line for former, line in zip(section, section[1:]) if former == '.TP'], ['0', '1', '2'])
    equal(run(SHMOOZECTL, 'list', '--help').returncode, 0)
    equal(run(SHMOOZECTL, 'inspect', f'/shmooze-help-{os.getpid()}').returncode, 1)
    for command in ([SHMOOZE], [SHMOOZECTL], *([SHMOOZECTL, verb] for verb in VERB_HELP)):
        equal((command, run(*command, '--nonsense').returncode), (command, 2))


@tap.case
def manual_is_set_without_a_warning():
    """groff formats the manual pages without a warning."""
    try:
        done = run('groff', '-man', '-ww', '-Tutf8', *(os.path.join(MAN, name) for name in ('shmooze.1', 'shmoozectl.1')))
    except FileNotFoundError:
        raise tap.Skip('groff is not installed')
    equal((done.returncode, done.stderr), (0, ''))
    assert 'SHMOOZECTL(1)' in done.stdout, done.stdout[:300]


tap.main()
