# fish completion of dicomtx; add to config.fish: dicomtx completion fish | source
function _dicomtx_completion
    set -lx COMP_WORDS (string join \n -- (commandline -opc) (commandline -t) | string collect)
    set -lx COMP_CWORD (commandline -t)
    set -lx _DICOMTX_COMPLETE fish_complete
    set -l option (string match -r '^--[^=]*=' -- (commandline -t))
    set -l path (string replace -r '^--[^=]*=' '' -- (commandline -t))
    for line in (dicomtx 2>/dev/null)
        set -l parts (string split -m 1 \t -- $line)
        switch $parts[1]
            case plain
                echo $parts[2]
            case file
                for name in (__fish_complete_path $path)
                    echo "$option$name"
                end
            case dir
                for name in (__fish_complete_directories $path)
                    echo "$option$name"
                end
        end
    end
end
complete --no-files --keep-order --command dicomtx --arguments '(_dicomtx_completion)'
