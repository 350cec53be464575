#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time commands interleaved: timing.py RUNS NAME COMMAND [NAME COMMAND …]

Each round runs every command once, so that noise of the machine falls on all of them alike. Prints a
table with a line a command: median and best of the wall clock, the median's ratio to the first one's,
and the best of the processor time (user and system), which other work on the machine disturbs least.
Commands are words separated by blanks, without a shell; {i} becomes the round's number ({i:03} with
three digits). In the environment: CLEAN, a command run before and after each, not timed; SERVERS, a
file of process ids whose processor time, and that of their children that ended, is told too."""
import os
import statistics
import subprocess
import sys
import time


def servers_ms():
    ticks = 0
    with open(os.environ["SERVERS"]) as pids:
        for pid in pids:
            with open(f"/proc/{pid.strip()}/stat") as stat:
                ticks += sum(int(t) for t in stat.read().rpartition(")")[2].split()[11:15])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def settled_ms():
    """Once the children of all servers have ended: their time counts only then."""
    last = servers_ms()
    for _ in range(50):
        time.sleep(0.3)
        now = servers_ms()
        if now == last:
            break
        last = now
    return last


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


def clean():
    if "CLEAN" in os.environ:
        subprocess.run([os.environ["CLEAN"]], check=True, stdout=subprocess.DEVNULL)


def measure(words):
    """Milliseconds: wall, processor here, processor of the servers (0 where there are none)."""
    clean()
    if "SERVERS" not in os.environ:
        return *once(words), 0.0
    before = settled_ms()
    wall, here = once(words)
    clean()
    return wall, here, settled_ms() - before


def report(commands, spent):
    servers = "SERVERS" in os.environ
    wall = {name: statistics.median(w for w, _, _ in runs) for name, runs in spent.items()}
    both = {name: statistics.median(h + s for _, h, s in runs) for name, runs in spent.items()}
    first = commands[0][0]
    print("| what | median | best | ratio to the first | processor time, best |"
          + (" with the servers', median | ratio to the first |" if servers else ""))
    print("|---|--:|--:|--:|--:|" + ("--:|--:|" if servers else ""))
    for name, _ in commands:
        runs = spent[name]
        print(f"| {name} | {wall[name]:.1f} ms | {min(w for w, _, _ in runs):.1f} ms | "
              f"{wall[name] / wall[first]:.2f} | {min(h for _, h, _ in runs):.1f} ms |"
              + (f" {both[name]:.0f} ms | {both[name] / both[first]:.2f} |" if servers else ""))
    print()


def main():
    runs, rest = int(sys.argv[1]), sys.argv[2:]
    commands = list(zip(rest[::2], rest[1::2]))
    spent = {name: [] for name, _ in commands}
    for i in range(runs):
        for name, line in commands:
            words = [word.replace("{i}", str(i)).replace("{i:02}", f"{i:02}")
                     .replace("{i:03}", f"{i:03}") for word in line.split()]
            spent[name].append(measure(words))
    report(commands, spent)


main()
