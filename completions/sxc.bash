# SPDX-License-Identifier: MIT
# bash completion for sxc: everything is asked of the binary.
# Load it with: source <(sxc completion bash)

# bash parts words at = and : too; the binary wants them whole. Sets words, without the command.
_sxc_words() {
	local rest=${COMP_LINE:0:COMP_POINT} bare word
	words=()
	for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		bare=${rest#"${rest%%[![:space:]]*}"}
		word=${bare:0:${#word}}
		if [[ ${#words[@]} -gt 0 && -n $rest && $bare == "$rest" ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		rest=${bare:${#word}}
	done
	words=("${words[@]:1}")
}

_sxc() {
	local -a words
	local line word help typed
	_sxc_words
	typed=${words[-1]}
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ $line == :files ]]; then
			compopt -o default
			continue
		fi
		word=${line%%$'\t'*} help=${line#*$'\t'}
		[[ $typed == *[=:]* ]] && word=${word#"${typed%"${typed##*[=:]}"}"}
		# Descriptions only while a list is shown, where nothing is put in.
		[[ $COMP_TYPE == 63 && -n $help ]] && word+="  ($help)"
		COMPREPLY+=("$word")
	done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
	if [[ ${#COMPREPLY[@]} == 1 ]]; then
		COMPREPLY[0]=${COMPREPLY[0]%%  (*}
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
	fi
}

complete -F _sxc sxc
