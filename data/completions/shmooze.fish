# Completion of shmooze in fish
# SPDX-License-Identifier: LGPL-2.1-or-later

functions -q __shmoozectl_regions; or source (string replace -r '[^/]*$' shmoozectl.fish -- (status filename))

# Whether the cursor is at the region; with arguments, whether one of these options is given, too.
function __shmooze_region
    set -l words (commandline -opc)
    test (__shmoozectl_count 2) -eq 0; or return 1
    for option in $argv
        contains -- $option $words; and return 0
    end
    not set -q argv[1]
end

complete -c shmooze -f
complete -c shmooze -s h -l help -d 'Show help'
complete -c shmooze -l version -d 'Print the version and exit'
complete -c shmooze -l name -x -d 'Your name in the room'
complete -c shmooze -l messenger -d 'Send messages in the layout of the classic communicator'
complete -c shmooze -l share -d 'Share a text, in the layout of the classic server and client'
complete -c shmooze -l show -d 'Show a shared text'

complete -c shmooze -n __shmooze_region -a '(__shmoozectl_regions)' -d Region
complete -c shmooze -n '__shmooze_region --messenger' -a /MemoryMappedShare -d Region
complete -c shmooze -n '__shmooze_region --share --show' -a /EMoreauSharedDemo -d Region
