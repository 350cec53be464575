# What is built runs: the health of this application.
dir := $(shell mktemp -d)

all:
	@printf '#include <stdio.h>\nint main(void) { return printf("answer %%d\\n", 6 * 7) < 0; }\n' >$(dir)/a.c
	@$(CC) -o $(dir)/a $(dir)/a.c && $(dir)/a; s=$$?; rm -rf $(dir); exit $$s
