# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion in bash, zsh and fish: runs the shells and compares what they offer with --help."""
import atexit
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
from helptext import Help  # noqa: E402
from place import Place, Terminal, equal, wait_until  # noqa: E402
import tap  # noqa: E402

SHMOOZE, SHMOOZECTL = os.environ['SHMOOZE'], os.environ['SHMOOZECTL']
COMPLETIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'data', 'completions')
BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'

# As in data/completions/meson.build.
INSTALLED = {
    'bash-completion/completions': {'shmooze': 'shmoozectl', 'shmoozectl': 'shmoozectl'},
    'zsh/site-functions': {'_shmoozectl': '_shmoozectl'},
    'fish/vendor_completions.d': {'shmooze.fish': 'shmooze.fish', 'shmoozectl.fish': 'shmoozectl.fish'},
}

# Names that a shell would interpret if they were not quoted.
ODD = ['my region', "it's", 'say "hi"', 'q$HOME', 'r`id`', 's$(id)', 'semi;colon', 'a:b', 'a:c d', 'k=v', 'u@host',
       '~home', '#hash', 'star*', 'what?', '[set]', '{a,b}', 'back\\slash', 'new\\nline', 'bang!', 'pipe|', 'amp&', 'less<',
       'paren(', '%percent', '=equals', 'élan', '漢字', 'comma,', '^caret', 'two  spaces', 'end ',
       'forged", "name": "other']
# Names that are not offered, since they look like options or like other names.
HIDDEN = ['-dash', '--json', 'soft\u00adhyphen', 'turned\u202earound']


class Bash:
    """At a terminal, where key bindings load a line, insert all completions, and hand over the words as bash parses them."""

    PLAIN = ':=@'
    SETUP = r'''
      . %s
      bind 'set bell-style none'
      set +H
      PS1='ready> '
      load () { READLINE_LINE=$(<"$ASKED"); }
      hand_over () {
        local -a words
        eval "words=($READLINE_LINE)"
        printf '%%s\0' "${words[@]}" >"$ANSWER.new"
        mv "$ANSWER.new" "$ANSWER"
        READLINE_LINE=
      }
      bind -x '"\C-xl": load'
      bind -x '"\C-xh": hand_over'
      '''

    def __init__(self, place):
        if not os.path.exists(BASH_COMPLETION):
            raise tap.Skip('bash-completion is not installed')
        with open(os.path.join(place.path, 'bashrc'), 'w', encoding='utf-8') as file:
            file.write(self.SETUP % BASH_COMPLETION)
        self.place = place
        self.terminal = place.keep(Terminal(place, ('bash', '--noprofile', '--rcfile', file.name, '-i')))
        self.terminal.wait_for('ready> ')

    def ask(self, line, keys):
        return self.place.ask(line, lambda: self.terminal.write('\x18l\x05' + keys + '\x18h'))

    def offers(self, line):
        """The offered words, without the previous words of the line and without an option before them."""
        before = line.split(' ')[:-1]
        words = self.ask(line, '\x1b*')
        equal(words[:len(before)], before)
        if words[len(before):] == line.split(' ')[-1:]:
            return []
        return [re.sub(r'^--[^=]*=(?=.)', '', word) for word in words[len(before):] if word]

    def completes(self, line):
        """The words of the line, completed."""
        return self.ask(line, '\t')


class Zsh:
    """At a terminal, with a compadd that records its arguments."""

    PLAIN = ''
    SETUP = r'''
      unsetopt bang_hist
      PS1='ready> '
      autoload -Uz compinit && compinit -u -D
      typeset -a offered
      compadd () {
        local -a hits
        if [[ ${@[1,(i)(-|--)]} != *-[OAD]\ * ]]; then
          builtin compadd -A hits "$@"
          offered+=("${hits[@]}")
        fi
        builtin compadd "$@"
      }
      hand_over () {
        print -rN -- "$@" >$ANSWER.new
        mv $ANSWER.new $ANSWER
        BUFFER=
      }
      load () { BUFFER=$(<$ASKED); CURSOR=$#BUFFER }
      offer () { load; offered=(); zle list-choices; hand_over "${offered[@]}" }
      complete () { load; zle complete-word; hand_over "${(@Q)${(@z)BUFFER}}" }
      zle -N offer
      zle -N complete
      bindkey '^Xo' offer '^Xc' complete
      '''

    def __init__(self, place):
        with open(os.path.join(place.path, '.zshrc'), 'w', encoding='utf-8') as file:
            file.write('fpath=(%s $fpath)\n' % place.installed('zsh/site-functions') + self.SETUP)
        self.place = place
        self.terminal = place.keep(Terminal(place, ('zsh', '-o', 'no_global_rcs', '-i'), ZDOTDIR=place.path))
        self.terminal.wait_for('ready> ')

    def offers(self, line):
        return self.place.ask(line, lambda: self.terminal.write('\x18o'))

    def completes(self, line):
        return self.place.ask(line, lambda: self.terminal.write('\x18c'))


class Fish:
    """In a pipe, since fish has a command that prints the completions."""

    PLAIN = ''
    SETUP = r'''
      while read -lz line
          set -l found (complete --escape -C $line | string replace -r '\t.*' '')
          for word in $found
              eval set -l words $word
              printf '%s\0' $words
          end
          printf '\0'
      end
      '''

    def __init__(self, place):
        self.process = subprocess.Popen(('fish', '-c', self.SETUP), env=place.env, cwd=place.folder,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        place.keep(self)

    def offers(self, line):
        self.process.stdin.write(line.encode() + b'\0')
        self.process.stdin.flush()
        answer = b''
        while not (b'\0' + answer).endswith(b'\0\0'):
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f'fish ended at {line!r}'
            answer += data
        return [re.sub(r'^--[^=]*=(?=.)', '', word) for word in answer.decode().split('\0') if word]

    def completes(self, line):
        return line.split(' ')[:2] + self.offers(line)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class ShellPlace(Place):
    """A runtime directory with regions, the installed completions, and a folder with a file."""

    def __init__(self):
        super().__init__(SHMOOZECTL)
        self.folder = os.path.join(self.path, 'folder')
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, 'some-file'), 'w', encoding='utf-8'):
            pass
        self.asked = os.path.join(self.path, 'asked')
        self.answer = os.path.join(self.path, 'answer')
        commands = os.path.join(self.path, 'bin')
        os.mkdir(commands)
        for program in (SHMOOZE, SHMOOZECTL):
            os.symlink(program, os.path.join(commands, os.path.basename(program)))
        self.env.pop('BASH_COMPLETION_USER_DIR', None)
        self.env.update(PATH=commands + ':' + os.environ['PATH'], HOME=self.path, ASKED=self.asked, ANSWER=self.answer, PWD=self.folder,
                        INPUTRC='/dev/null', XDG_DATA_HOME=self.path + '/none', XDG_CONFIG_HOME=self.path + '/none',
                        XDG_DATA_DIRS=self.installed() + ':/usr/local/share:/usr/share')
        for folder, files in INSTALLED.items():
            os.makedirs(self.installed(folder))
            for name, source in files.items():
                shutil.copy(os.path.join(COMPLETIONS, source), self.installed(folder, name))

    def installed(self, *names):
        return os.path.join(self.path, 'share', *names)

    def ask(self, line, press):
        """Puts the line where a shell loads it, and returns the words that the shell hands over."""
        with open(self.asked, 'w', encoding='utf-8') as file:
            file.write(line)
        press()
        wait_until(lambda: os.path.exists(self.answer), f'an answer to {line!r}')
        with open(self.answer, encoding='utf-8') as file:
            words = file.read().split('\0')[:-1]
        os.unlink(self.answer)
        return words

    def hold(self, *names):
        for name in names:
            self.start('hold', '--', name, '4K').wait_for('Holding')


SHELLS = {'bash': Bash, 'zsh': Zsh, 'fish': Fish}
shells = {}
place = ShellPlace()
atexit.register(place.close)
place.hold('chat', 'other')
REGIONS = ['chat', 'other']
CTL_HELP = Help.of(SHMOOZECTL)
VERB_HELP = {verb: Help.of(SHMOOZECTL, verb) for verb in CTL_HELP.verbs}
CHAT_HELP = Help.of(SHMOOZE)


def shell_of(name):
    if name not in shells:
        if not shutil.which(name):
            raise tap.Skip(f'{name} is not installed')
        os.chdir(place.folder)
        shells[name] = SHELLS[name](place)
    return shells[name]


def each_shell(function):
    """Adds a case for each shell, which is passed to the function."""
    for name in SHELLS:
        def run(name=name):
            function(shell_of(name))
        run.__name__ = f'{name}_{function.__name__}'
        tap.case(run)


def offered(shell, line, wanted, also=()):
    """Checks that exactly these words are offered, with or without “=”; those in also may be offered, too."""
    found = {word.rstrip('=') or word for word in shell.offers(line) if word} - set(also)
    missing, extra = sorted(set(wanted) - found), sorted(found - set(wanted))
    assert not missing and not extra, f'{line!r}: missing {missing}, not expected {extra}'


def defaults(verb):
    """The default region of a verb; supervise completes that of worker."""
    return VERB_HELP['worker' if verb == 'supervise' else verb].default


def positional(verb):
    """What is offered as the first argument."""
    return REGIONS + defaults(verb) if re.match(r'\[?(REGION|NAME)\b', VERB_HELP[verb].arguments) \
        and verb not in ('hold', 'lock') else []


@each_shell
def offers_the_verbs(shell):
    offered(shell, 'shmoozectl ', VERB_HELP)
    offered(shell, 'shmoozectl s', [verb for verb in VERB_HELP if verb.startswith('s')])
    offered(shell, 'shmoozectl nonsense ', [])


@each_shell
def offers_the_options_of_the_programs(shell):
    offered(shell, 'shmoozectl -', CTL_HELP.options)
    offered(shell, 'shmooze -', CHAT_HELP.options)


@each_shell
def offers_the_options_of_each_verb(shell):
    for verb, told in VERB_HELP.items():
        offered(shell, f'shmoozectl {verb} -', told.options)
        long = [option for option in told.options if option.startswith('--')]
        offered(shell, f'shmoozectl {verb} --', long)
        if positional(verb):
            offered(shell, f'shmoozectl {verb} chat --', long, also=['--'])


@each_shell
def offers_the_values_of_each_option(shell):
    commands = {f'shmoozectl {verb}': told for verb, told in VERB_HELP.items()}
    tried = set()
    for command, told in [*commands.items(), ('shmooze', CHAT_HELP)]:
        for option, value in told.options.items():
            if value is None:
                continue
            wanted = ['some-file'] if value == 'PATH' else told.choices[option]
            offered(shell, f'{command} {option}=', wanted)
            offered(shell, f'{command} {option} ', wanted)
            if wanted:
                offered(shell, f'{command} {option}={wanted[0][:2]}', [w for w in wanted if w.startswith(wanted[0][:2])])
                tried.add(option)
    equal(tried, {'--color', '--wait', '--access', '--file'})


@each_shell
def offers_regions_where_one_is_named(shell):
    for verb, told in VERB_HELP.items():
        wanted = positional(verb)
        # If no argument is left, zsh offers the options.
        others = [] if wanted else told.options
        offered(shell, f'shmoozectl {verb} ', wanted, also=others)
        for option, value in told.options.items():
            if option not in ('-h', '--help'):
                offered(shell, f'shmoozectl {verb} {option}{" 7" if value else ""} ', wanted, also=others)
        if wanted:
            offered(shell, f'shmoozectl {verb} o', ['other'])
        if verb not in ('lock', 'supervise'):
            offered(shell, f'shmoozectl {verb} -- o', ['other'] if wanted else [])
            offered(shell, f'shmoozectl {verb} chat ', [], also=told.options)
    offered(shell, 'shmooze ', REGIONS)
    offered(shell, 'shmooze --name Ada ', REGIONS)
    offered(shell, 'shmooze chat ', [], also=CHAT_HELP.options)
    for option, name in CHAT_HELP.defaults_of_options.items():
        offered(shell, f'shmooze {option} ', REGIONS + [name])
    equal(set(CHAT_HELP.defaults_of_options), {'--messenger', '--share', '--show'})


@each_shell
def offers_no_options_behind_the_separator(shell):
    offered(shell, 'shmoozectl chat -- -', [])
    offered(shell, 'shmooze -- -', [])


@each_shell
def offers_a_command_behind_the_separator(shell):
    for verb in ('lock', 'supervise'):
        offered(shell, f'shmoozectl {verb} name ', ['--'])
        offered(shell, f'shmoozectl {verb} name -- shmoozec', ['shmoozectl'])
        offered(shell, f'shmoozectl {verb} name -- shmoozectl ', VERB_HELP)
        offered(shell, f'shmoozectl {verb} name -- shmoozectl chat -', VERB_HELP['chat'].options)
        offered(shell, f'shmoozectl {verb} name -- shmoozectl chat --color=a', ['always', 'auto'])
        offered(shell, f'shmoozectl {verb} name -- shmoozectl inspect o', ['other'])
    offered(shell, 'shmoozectl lock --timeout=5 name -- shmoozectl chat -', VERB_HELP['chat'].options)
    offered(shell, 'shmoozectl lock --timeout 5 name -- shmoozectl chat -', VERB_HELP['chat'].options)


def beginning(name, names):
    """The shortest beginning of the name that no other name has."""
    length = 1
    while any(other != name and other.startswith(name[:length]) for other in names):
        length += 1
    return name[:length]


@each_shell
def names_a_region_whatever_its_characters(shell):
    former = len(place.started)
    place.hold(*ODD)
    try:
        for name in ODD:
            typed = re.sub(rf'[^\w{shell.PLAIN}]', r'\\\g<0>', beginning(name, ODD + REGIONS))
            line = 'shmoozectl inspect ' + typed
            equal(shell.completes(line), ['shmoozectl', 'inspect', name])
    finally:
        stop(former)


def stop(former):
    """Ends the programs that were started since."""
    for program in place.started[former:]:
        program.end()
        program.close()
    del place.started[former:]


@each_shell
def names_a_region_within_quotes(shell):
    former = len(place.started)
    place.hold('my region')
    try:
        for quote in ('"', "'"):
            for typed in ('m', 'my r'):
                equal(shell.completes(f'shmoozectl inspect {quote}{typed}'), ['shmoozectl', 'inspect', 'my region'])
    finally:
        stop(former)


@each_shell
def offers_no_names_that_show_as_others(shell):
    former = len(place.started)
    place.hold(*HIDDEN)
    try:
        offered(shell, 'shmoozectl inspect ', REGIONS)
        offered(shell, 'shmooze ', REGIONS)
    finally:
        stop(former)


@each_shell
def knows_the_window_when_it_comes_first(shell):
    offered(type(shell)(place), 'shmooze ', REGIONS)


@each_shell
def is_silent_without_regions(shell):
    """If the directory cannot be used, there is no error and no region."""
    os.rename(place.path + '/app', place.path + '/away')
    with open(place.path + '/app', 'w', encoding='utf-8'):
        pass
    try:
        offered(shell, 'shmoozectl inspect ', [])
        if not isinstance(shell, Fish):
            assert b'shmoozectl: ' not in shell.terminal.output, shell.terminal.output
    finally:
        os.unlink(place.path + '/app')
        os.rename(place.path + '/away', place.path + '/app')


tap.main()
