#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a command: "wall seconds, processor seconds, peak MiB of its own memory, peak MiB with mapped files".

Its own (anonymous) memory is looked at every 20 ms; the mapped part of a database is the kernel's to
take back, and counts into the last number alone."""
import os
import subprocess
import sys
import time


def own(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
    except (FileNotFoundError, StopIteration, ProcessLookupError):
        return 0


begin = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
peak = 0
while True:
    pid, status, used = os.wait4(child.pid, os.WNOHANG)
    if pid:
        break
    peak = max(peak, own(child.pid))
    time.sleep(0.02)
if status:
    sys.exit(f"{' '.join(sys.argv[1:])}: status {os.waitstatus_to_exitcode(status)}")
print(f"{time.perf_counter() - begin:.2f} {used.ru_utime + used.ru_stime:.2f} "
      f"{peak / 1024:.0f} {used.ru_maxrss / 1024:.0f}")
