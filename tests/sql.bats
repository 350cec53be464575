#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	setup_home
}

@test "sql prints rows in every format" {
	query="select 1 as n, 'a,b' as t union all select 22, 'c' order by n"
	run_sxc sql "$query"
	assert_ok $'n\tt\n1\ta,b\n22\tc'
	run_sxc sql "$query" -o csv
	assert_ok $'n,t\n1,"a,b"\n22,c'
	run_sxc sql "$query" -o table
	assert_ok $' N T\n 1 a,b\n22 c'
	run_sxc sql "$query" -o json
	assert_ok
	[ "$(jq -c '[.rows[].n]' <<<"$out")" = '[1,22]' ]
}

@test "sql types follow the row" {
	run_sxc sql "select 9223372036854775807 as v union all select 'text' union all select null
		union all select x'00ff' union all select 2.5" -o json
	assert_ok
	assert_out_has '{"v":9223372036854775807},'
	[ "$(jq -c '[.rows[1:][].v]' <<<"$out")" = '["text",null,"00ff","2.5"]' ] || seen "types"
}

@test "sql gives equal column names a number" {
	run_sxc sql "select 1 as a, 2 as a, 3 as a_2, 4 as a" -o json
	assert_ok
	[ "$(jq -c '.rows[0] | length' <<<"$out")" = 4 ] || seen "columns"
}

@test "sql reads the query from standard input" {
	run_sxc sql <<<"select key from meta where key = 'kind';"
	assert_ok $'key\nkind'
	run_sxc sql </dev/null
	assert_refused 2 "sql: the query is empty"
	run_sxc sql < <(printf 'select 1\0; drop table ps')
	assert_refused 2 "sql: the query is not UTF-8 text"
	run_sxc sql < <(head -c 2000000 /dev/zero | tr '\0' ' ')
	assert_refused 2 "standard input is larger than 1048576 bytes, the most allowed"
}

@test "sql changes nothing, whatever it is asked" {
	target=$BATS_TEST_TMPDIR/leak.db
	before=$(sha256sum <"$SXC_HOME/sxc.db")
	for query in "delete from audit" "update meta set value = 'real'" "drop table job" \
		"create table t (a)" "create temp table t (a)" "vacuum" "vacuum into '$target'" \
		"insert into config values ('a', 'b')" "begin immediate" "pragma journal_mode = off" \
		"with x as (select 1) delete from config" "pragma user_version = 99"; do
		run_sxc sql "$query"
		assert_refused 8 "sql: only reading is allowed"
	done
	run_sxc sql "attach '$target' as leak"
	assert_refused 8 "sql: only reading is allowed"
	run_sxc sql "select load_extension('x')"
	[ "$status" != 0 ] || seen "loaded"
	[ ! -e "$target" ]
	[ "$before" = "$(sha256sum <"$SXC_HOME/sxc.db")" ]
}

@test "sql takes one statement" {
	run_sxc sql "select 1; select 2"
	assert_refused 2 'sql: one statement at a time, not "select 2"'
	run_sxc sql "select 1;  ;"
	assert_ok $'1\n1'
	run_sxc sql "selec 1"
	assert_refused 2 'sql: near "selec": syntax error'
	run_sxc sql "select * from nowhere"
	assert_refused 2 "sql: no such table: nowhere"
}

@test "Ctrl-C ends a query that gives no row" {
	"$SXC" sql "with recursive n(i) as (select 1 union all select i + 1 from n)
		select count(*) from n" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" &
	pid=$!
	sleep 0.5
	kill -INT "$pid"
	wait "$pid" && status=0 || status=$?
	[ "$status" = 130 ] || { cat "$BATS_TEST_TMPDIR/stderr"; echo "status $status"; false; }
	[ ! -s "$BATS_TEST_TMPDIR/stdout" ]
}

@test "control bytes in the store do not reach a terminal" {
	"$SXC" config set seller.name "plain"
	run_sxc sql "select char(27) || '[31m' as red" -o table
	assert_ok $'RED\n\\x1b[31m'
}

@test "the documented views are there" {
	for view in account audit config invoice ip job plan ps server subscription ticket \
		ticket_message ticket_attachment; do
		run_sxc sql "select count(*) as n from v_$view"
		assert_ok
	done
}
