#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completion: the engine, and the three shells that ask it.

load helper

setup() {
	setup_home
	for name in web-one web-two other; do
		"$SXC" account add $name --email $name@example.net >/dev/null
	done
	# The scripts run sxc by name.
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$SXC" "$BATS_TEST_TMPDIR/bin/sxc"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

complete() { # words…: candidates without descriptions, in one line
	run_sxc __complete -- "$@"
	assert_status 0
	assert_err ""
	words=$(cut -f 1 <<<"$out" | paste -sd ' ')
}

@test "nouns, verbs and what they are for" {
	run_sxc __complete -- ""
	assert_status 0
	assert_out_has $'account\tcustomers'
	assert_out_lacks __complete
	complete acc
	[ "$words" = account ] || seen words
	complete account li
	[ "$words" = list ] || seen words
	run_sxc __complete -- account li
	assert_ok $'list\t'"$("$SXC" __table | awk -F '\t' '$1 == "account" && $2 == "list" && !$3 { print $5 }')"
}

@test "names of objects, and those of options" {
	complete account show web
	[ "$words" = "web-one web-two" ] || seen words
	complete account show --home "$SXC_HOME" web-o
	[ "$words" = web-one ] || seen words
	complete account list --output ""
	[ "$words" = "table tsv json csv" ] || seen words
	complete account list --output=j
	[ "$words" = "--output=json" ] || seen words
	complete account list -o t
	[ "$words" = "table tsv" ] || seen words
	complete account add x --em
	[ "$words" = --email ] || seen words
}

@test "templates, gateways and mails" {
	complete mail template show rem
	[ "$words" = reminder ] || seen words
	complete plan template g
	[ "$words" = gold ] || seen words
	sqlite3 "$SXC_HOME/sxc.db" "INSERT INTO gateway (name, created) VALUES ('stripe', 0)"
	complete invoice gateway test st
	[ "$words" = stripe ] || seen words
	complete account method add acme main --gateway st
	[ "$words" = stripe ] || seen words
	complete mail show ""
	[ -z "$words" ] || seen words
}

@test "columns, sorting, filters" {
	complete account list --columns account,ema
	[ "$words" = account,email ] || seen words
	complete account list --sort -accou
	[ "$words" = -account ] || seen words
	complete account list --filter ema
	[ "$words" = email= ] || seen words
}

@test "files where files are meant" {
	complete plan apply x
	[ "$words" = :files ] || seen words
	complete --home ""
	[ "$words" = :files ] || seen words
	complete account show ""
	[[ $words != *:files* ]] || seen words
}

@test "it never fails: no control center, a damaged one, nonsense" {
	complete nonsense words and ""
	[ -z "$words" ] || seen words
	SXC_HOME=/nonexistent complete account show ""
	[ -z "$words" ] || seen words
	printf garbage >"$SXC_HOME/sxc.db"
	complete account show ""
	[ -z "$words" ] || seen words
	complete account li
	[ "$words" = list ] || seen words
}

@test "hostile names are cleaned and stay one line" {
	run_sxc __complete -- account show $'\e[31m\n'
	assert_status 0
	[[ $out != *$'\e'* ]] || seen "an escape came through"
}

@test "sxc completion prints the files of completions/" {
	for shell in bash:sxc.bash zsh:_sxc fish:sxc.fish; do
		run_split bash -c '"$SXC" completion "$1" | cmp - "$TOP/completions/$2"' - \
			"${shell%:*}" "${shell#*:}"
		assert_ok ""
	done
}

# ---- bash ----

in_bash() { # line, words as bash parts them…
	run_split bash -c '
		source "$TOP/completions/sxc.bash"
		compopt() { :; }
		COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_sxc
		echo "${COMPREPLY[*]}"' - "$@"
}

@test "bash: commands, names, values behind =" {
	in_bash "sxc acc" sxc acc
	assert_ok account
	in_bash "sxc account show web" sxc account show web
	assert_ok "web-one web-two"
	in_bash "sxc account list --output=js" sxc account list --output = js
	assert_ok json
	in_bash "sxc account list --output=" sxc account list --output =
	assert_ok "table tsv json csv"
	in_bash "sxc account list -o " sxc account list -o ""
	assert_ok "table tsv json csv"
}

@test "bash on a terminal" {
	run_split expect -f "$TESTS/lib/complete.exp" -- bash
	assert_status 0
	assert_out_has "ALL STEPS DONE"
}

@test "zsh on a terminal" {
	command -v zsh >/dev/null || skip "zsh is not installed"
	run_split expect -f "$TESTS/lib/complete.exp" -- zsh
	assert_status 0
	assert_out_has "ALL STEPS DONE"
}

@test "fish" {
	command -v fish >/dev/null || skip "fish is not installed"
	run_split fish --no-config -c 'source $TOP/completions/sxc.fish
		complete -C "sxc account show web"
		complete -C "sxc account list --output=j"
		complete -C "sxc acc"'
	assert_status 0
	assert_out_like $'^web-one(\t[^\n]*)?\nweb-two(\t[^\n]*)?\n--output=json\naccount\tcustomers'
}
