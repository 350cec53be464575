#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time commands interleaved: timing.py RUNS NAME COMMAND [NAME COMMAND …]

Each round runs every command once, so that noise of the machine falls on all of them alike. Prints a
table with a line a command: median and best of the wall clock, the median's ratio to the first one's,
and the best of the processor time (user and system), which other work on the machine disturbs least.
Commands are words separated by blanks, without a shell; {i} becomes the round's number ({i:03} with
three digits)."""
import os
import statistics
import subprocess
import sys
import time


def once(words):
    begin = time.perf_counter()
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    spent = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(words)}: status {child.returncode}: {said.decode()}")
    return spent * 1000, (used.ru_utime + used.ru_stime) * 1000


def main():
    runs, rest = int(sys.argv[1]), sys.argv[2:]
    commands = list(zip(rest[::2], rest[1::2]))
    spent = {name: [] for name, _ in commands}
    for i in range(runs):
        for name, line in commands:
            words = [word.replace("{i}", str(i)).replace("{i:02}", f"{i:02}")
                     .replace("{i:03}", f"{i:03}") for word in line.split()]
            spent[name].append(once(words))
    first = statistics.median(wall for wall, _ in spent[commands[0][0]])
    print("| what | median | best | ratio to the first | processor time, best |")
    print("|---|--:|--:|--:|--:|")
    for name, _ in commands:
        wall = [w for w, _ in spent[name]]
        median = statistics.median(wall)
        print(f"| {name} | {median:.1f} ms | {min(wall):.1f} ms | {median / first:.2f} | "
              f"{min(cpu for _, cpu in spent[name]):.1f} ms |")
    print()


main()
