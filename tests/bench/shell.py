#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first and the following commands of one session: shell.py SXC COUNT SESSIONS

Types "server exec all -- echo" into `sxc shell` through a pipe and waits for all COUNT lines of the
answer before it types the next. Prints a table."""
import statistics
import subprocess
import sys
import time

AGAIN = 10


def command(shell, count):
    begin = time.perf_counter()
    shell.stdin.write(b"server exec all -- echo x\n")
    shell.stdin.flush()
    for _ in range(count):
        if not shell.stdout.readline():
            sys.exit("the shell ended")
    return (time.perf_counter() - begin) * 1000


def main():
    sxc, count, sessions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    first, later = [], []
    for _ in range(sessions):
        shell = subprocess.Popen([sxc, "shell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        first.append(command(shell, count))
        later += [command(shell, count) for _ in range(AGAIN)]
        shell.stdin.close()
        shell.wait()
    one, more = statistics.median(first), statistics.median(later)
    print(f"| in one `sxc shell`, {count} servers | median | best | ratio to the first |")
    print("|---|--:|--:|--:|")
    print(f"| first command | {one:.1f} ms | {min(first):.1f} ms | 1.00 |")
    print(f"| following commands | {more:.1f} ms | {min(later):.1f} ms | {more / one:.2f} |")
    print()


main()
