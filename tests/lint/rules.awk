# SPDX-License-Identifier: MIT
# The house rules that a pattern can see, over all files of src at once.

function say(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text
}

# Width on a terminal with a tab every eight columns; bytes that continue a character count nothing.
function columns(line,    i, n, c) {
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\t")
			n += 8 - n % 8
		else if (c !~ /[\200-\277]/)
			n++
	}
	return n
}

# The line without comments and without what stands in quotes.
function code(line) {
	if (in_comment) {
		if (!match(line, /\*\//))
			return ""
		line = substr(line, RSTART + 2)
		in_comment = 0
	}
	gsub(/\\./, "", line)
	gsub(/"[^"]*"/, "\"\"", line)
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
	sub(/\/\/.*/, "", line)
	if (match(line, /\/\*/)) {
		line = substr(line, 1, RSTART - 1)
		in_comment = 1
	}
	return line
}

function end_file() {
	if (name && lines > 550)
		printf "%s:%d: %d lines: split it, about 500 is the most\n", name, lines, lines
}

FNR == 1 {
	end_file()
	name = FILENAME
	in_comment = 0
	in_function = 0
	core = FILENAME ~ /^src\/core\//
	cmd = FILENAME ~ /^src\/cmd\//
	printer = FILENAME ~ /^src\/cmd\/(out|shell)[a-z_]*\.[ch]$/
	if ($0 !~ /SPDX-License-Identifier: MIT/)
		say("the first line names the licence")
}

FNR == 3 && FILENAME ~ /\.h$/ && $0 !~ /^ \* [a-z0-9_]+ - / {
	say("a header opens with \"name - what it is for\"")
}

{
	lines = FNR
	if (length($0) > 0 && $0 ~ /[ \t]$/)
		say("blanks at the end of the line")
	if (length($0) > 80 && columns($0) > 100 && $0 !~ /"/)
		say("longer than 100 columns")
	text = code($0)
}

/^#include <sqlite3\.h>/ && FILENAME != "src/core/svc/db_int.h" {
	say("only src/core/svc/db_int.h includes sqlite3.h")
}
cmd && !printer && /^#include <(libssh|archive|yaml|jansson|histedit|libsmartcols|sodium|openssl|curl|idn2|seccomp)/ {
	say("third-party headers of src/cmd are in out*.c and shell*.c")
}
core && /^#include "(cmd|agent)\// {
	say("src/core knows no commands and no agent")
}
FILENAME ~ /^src\/core\/util\// && /^#include "(svc|biz)\// {
	say("utilities know no services")
}
FILENAME ~ /^src\/core\/svc\// && /^#include "biz\// {
	say("services know no business")
}
core && text ~ /(^|[^a-zA-Z0-9_])((v?printf|puts|putchar|perror|exit) *\(|(stdout|stderr)([^a-zA-Z0-9_]|$))/ {
	say("src/core prints nothing and never exits")
}
cmd && FILENAME !~ /^src\/cmd\/(out|shell|tell|confirm|help|main)/ && text ~ /(^|[^a-z_])v?printf *\(/ {
	say("commands speak through out.h")
}
cmd && /"(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA) / {
	say("no SQL in src/cmd")
}
text ~ /(^|[^a-zA-Z0-9_])(system|popen|gets|strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|tmpnam|mktemp) *\(/ {
	say("not used here: a shell built from data, or a call without bounds")
}

# Functions open with { and close with } in the first column.
/^\{/ {
	in_function = FNR
}
/^\}/ && in_function {
	length_of[++functions] = FNR - in_function - 1
	if (FNR - in_function - 1 > 90)
		say("a function of " FNR - in_function - 1 " lines")
	in_function = 0
}

END {
	end_file()
	for (i = 1; i <= functions; i++) {
		if (length_of[i] < 15)
			short++
		if (length_of[i] < 50)
			medium++
	}
	if (functions && (short < functions / 2 || medium < functions * 0.9))
		printf "src:1: of %d functions %d are under 15 lines and %d under 50\n", functions, short, medium
}
