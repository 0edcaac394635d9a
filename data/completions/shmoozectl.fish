# Completion of shmoozectl in fish
# SPDX-License-Identifier: LGPL-2.1-or-later

# Prints the names of the regions, one per line. Names with invisible characters are left out, since they look like
# others, and so are names that would be taken for options.
function __shmoozectl_regions
    command shmoozectl list --json 2>/dev/null | grep -aoE '[{]"name":"([^"\]|[\].)*"' |
        sed -e '/^{"name":"-/d' -e '/\\\\u/d' -e 's/^{"name":"\(.*\)"$/\1/' -e 's/\\\\\(["\\\\]\)/\1/g'
end

# Whether the command line has one of these verbs.
function __shmoozectl_verb
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end

# Counts the arguments, without options, from the word with this number to the cursor.
function __shmoozectl_count
    set -l words (commandline -opc)
    set -l count 0
    set -l ended no
    set -l value no

    for word in $words[$argv[1]..]
        if test $value = yes
            set value no
        else if test $ended = no -a "$word" = --
            set ended yes
        else if test $ended = yes; or not string match -q -- '-*' $word
            set count (math $count + 1)
        else if contains -- $word --name --color --wait --file --access --capacity --mutex --read-position --write-position --timeout
            set value yes
        end
    end
    echo $count
end

# Whether the cursor is at the first argument of one of these verbs.
function __shmoozectl_first
    __shmoozectl_verb $argv; and test (__shmoozectl_count 3) -eq 0
end

# Whether one of these verbs still needs "--" before a command.
function __shmoozectl_separator
    __shmoozectl_verb $argv; and test (__shmoozectl_count 3) -eq 1; and not contains -- -- (commandline -opc)
end

function __shmoozectl_separated
    __shmoozectl_verb $argv; and contains -- -- (commandline -opc)
end

# Completes the command line after "--".
function __shmoozectl_command
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

complete -c shmoozectl -f
complete -c shmoozectl -s h -l help -d 'Show help'
complete -c shmoozectl -n __fish_is_first_arg -l version -d 'Print the version and exit'

complete -c shmoozectl -n __fish_is_first_arg -a chat -d 'Chat in a region, at a terminal or in a pipe'
complete -c shmoozectl -n __fish_is_first_arg -a hold -d 'Create a region and hold it'
complete -c shmoozectl -n __fish_is_first_arg -a inspect -d 'Describe the contents of a region'
complete -c shmoozectl -n __fish_is_first_arg -a line -d 'Share one line of text, guarded by a mutex'
complete -c shmoozectl -n __fish_is_first_arg -a list -d 'List the regions and their participants'
complete -c shmoozectl -n __fish_is_first_arg -a lock -d 'Run a command while holding a mutex'
complete -c shmoozectl -n __fish_is_first_arg -a messenger -d 'Exchange messages in the format of the classic communicator'
complete -c shmoozectl -n __fish_is_first_arg -a read -d 'Write the bytes of a region to standard output'
complete -c shmoozectl -n __fish_is_first_arg -a remove -d 'Remove the name of a region'
complete -c shmoozectl -n __fish_is_first_arg -a share-text -d 'Share a text while it changes'
complete -c shmoozectl -n __fish_is_first_arg -a show-text -d 'Print a shared text, once or whenever it changes'
complete -c shmoozectl -n __fish_is_first_arg -a stop -d 'Ask a worker to stop after its current unit'
complete -c shmoozectl -n __fish_is_first_arg -a supervise -d 'Start a worker and restart it when it dies'
complete -c shmoozectl -n __fish_is_first_arg -a worker -d 'Run the sample worker until it is asked to stop'
complete -c shmoozectl -n __fish_is_first_arg -a write -d 'Write standard input into a region'

complete -c shmoozectl -n '__shmoozectl_first chat inspect line messenger read remove share-text show-text stop supervise worker write' \
    -a '(__shmoozectl_regions)' -d Region
complete -c shmoozectl -n '__shmoozectl_first line' -a /YourMemoryMappedFileName -d Region
complete -c shmoozectl -n '__shmoozectl_first messenger' -a /MemoryMappedShare -d Region
complete -c shmoozectl -n '__shmoozectl_first share-text show-text' -a /EMoreauSharedDemo -d Region
complete -c shmoozectl -n '__shmoozectl_first stop supervise worker' -a /SampleApp -d Region

complete -c shmoozectl -n '__shmoozectl_separator lock supervise' -a -- -d 'A command follows'
complete -c shmoozectl -n '__shmoozectl_separated lock supervise' -a '(__shmoozectl_command)'

complete -c shmoozectl -n '__shmoozectl_verb chat' -l name -x -d 'Your name in the room'
complete -c shmoozectl -n '__shmoozectl_verb chat' -l wait -x -a 'auto bell poll' -d 'How to wait for messages'
complete -c shmoozectl -n '__shmoozectl_verb chat line messenger show-text' -l color -x -a 'always auto never' \
    -d 'Print the others in red'
complete -c shmoozectl -n '__shmoozectl_verb hold' -l file -r -F -d 'Map this file, which is kept, instead of a named region'
complete -c shmoozectl -n '__shmoozectl_verb hold' -l access -x \
    -a 'read-write read copy-on-write read-execute read-write-execute' -d 'Access of this holder'
complete -c shmoozectl -n '__shmoozectl_verb line messenger share-text' -l capacity -x -d 'Size of a new region'
complete -c shmoozectl -n '__shmoozectl_verb line' -l mutex -x -d 'Mutex that guards the line'
complete -c shmoozectl -n '__shmoozectl_verb lock' -l timeout -x -d 'How long to wait for the mutex, in seconds'
complete -c shmoozectl -n '__shmoozectl_verb messenger' -l read-position -x -d 'Position where the other side writes'
complete -c shmoozectl -n '__shmoozectl_verb messenger' -l write-position -x -d 'Position where the other side reads'
complete -c shmoozectl -n '__shmoozectl_verb show-text' -l follow -d 'Print the text again whenever it changes'
complete -c shmoozectl -n '__shmoozectl_verb inspect list read show-text' -l json -d 'Print JSON'
