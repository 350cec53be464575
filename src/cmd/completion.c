/* SPDX-License-Identifier: MIT */
/* The completion scripts, inside the program: they are the files of completions/. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/out.h"

#define EMBED(symbol, path)                                                                        \
	__asm__(".pushsection .rodata\n" #symbol ":\n\t.incbin \"" path                            \
		"\"\n\t.byte 0\n.popsection\n");                                                   \
	extern const char symbol[] __attribute__((visibility("hidden")))

EMBED(completion_bash, "completions/sxc.bash");
EMBED(completion_zsh, "completions/_sxc");
EMBED(completion_fish, "completions/sxc.fish");

static int run_bash(struct call *c, struct err *e)
{
	(void)e;
	out_text(c->out, completion_bash);
	return 0;
}

static int run_zsh(struct call *c, struct err *e)
{
	(void)e;
	out_text(c->out, completion_zsh);
	return 0;
}

static int run_fish(struct call *c, struct err *e)
{
	(void)e;
	out_text(c->out, completion_fish);
	return 0;
}

static const struct cmd cmd_bash = {
	.noun = "completion",
	.verb = "bash",
	.help = "print the script for bash",
	.run = run_bash,
};

static const struct cmd cmd_zsh = {
	.noun = "completion",
	.verb = "zsh",
	.help = "print the script for zsh",
	.run = run_zsh,
};

static const struct cmd cmd_fish = {
	.noun = "completion",
	.verb = "fish",
	.help = "print the script for fish",
	.run = run_fish,
};

CMD_NOUN(completion, "completion", "complete commands in your shell", 61, &cmd_bash, &cmd_zsh,
	&cmd_fish);
