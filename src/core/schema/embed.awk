# Turn numbered SQL files into a C array of migrations, in the order given.
function quoted(line)
{
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	return "\t\"" line "\\n\""
}
BEGIN { print "#include \"svc/schema.h\"\n\nconst struct migration schema_migrations[] = {" }
FNR == 1 {
	if (NR > 1)
		print "\t},"
	name = FILENAME
	sub(/.*\//, "", name)
	print "\t{\"" name "\","
}
{ print quoted($0) }
END { print "\t},\n};\nconst int schema_migrations_n = sizeof(schema_migrations) / sizeof(schema_migrations[0]);" }
