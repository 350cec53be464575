# SPDX-License-Identifier: MIT
# fish completion for sxc: everything is asked of the binary.
# Load it with: sxc completion fish | source

function __sxc_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l found ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
	string match -v -- ':files' $found
	if contains -- ':files' $found
		__fish_complete_path "$current"
	end
end

complete -c sxc -f -k -a '(__sxc_complete)'
