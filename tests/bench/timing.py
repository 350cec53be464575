#!/usr/bin/env python3
"""Time commands interleaved: timing.py RUNS NAME COMMAND [NAME COMMAND …]

Each round runs every command once, so that noise of the machine falls on all of them alike. Prints a
line a command: name, median and best in milliseconds, and the median's ratio to the first one's.
Commands are words separated by blanks, without a shell; {i} becomes the round's number."""
import subprocess
import sys
import time


def once(words):
    begin = time.perf_counter()
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    spent = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(words)}: status {done.returncode}: {done.stderr.decode()}")
    return spent * 1000


def main():
    runs, rest = int(sys.argv[1]), sys.argv[2:]
    commands = list(zip(rest[::2], rest[1::2]))
    spent = {name: [] for name, _ in commands}
    for i in range(runs):
        for name, line in commands:
            words = [word.replace("{i}", str(i)) for word in line.split()]
            spent[name].append(once(words))
    first = sorted(spent[commands[0][0]])[runs // 2]
    for name, _ in commands:
        times = sorted(spent[name])
        median = times[runs // 2]
        print(f"| {name} | {median:.1f} ms | {times[0]:.1f} ms | {median / first:.2f} |")


main()
