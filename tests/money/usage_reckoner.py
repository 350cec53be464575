#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reckon metered usage by hand and compare with what sxc bills, line by line.

Usage: tests/money/usage_reckoner.py [SEED [SCENARIOS]]

Readings come in any order, many of them late; sxc bills on some days. What stands at the end, credits
taken off, must be what the readings come to, month by month, reckoned with fractions.
"""
import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from fractions import Fraction

SXC = os.environ.get("SXC", "./sxc")
DAY = dt.timedelta(days=1)


def away(x):
    return int(x * 2 + 1) // 2


def month_day(year, month, day):
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - DAY).day
    return dt.date(year, month, min(day, last))


class Rate:
    def __init__(self, rnd):
        self.included = rnd.choice([0, 0, 5, 31, 1000])
        self.unit = rnd.choice([1, 1, 7, 1024])
        self.measure = rnd.choice(["sum", "max", "average"])
        self.volume = rnd.random() < 0.5
        self.tiers, upto = [], 0
        for _ in range(rnd.choice([0, 0, 1, 3])):
            upto += rnd.randrange(1, 30)
            self.tiers.append((upto, rnd.randrange(0, 5000000)))
        self.tiers.append((None, rnd.choice([1, 149, 100000, rnd.randrange(1, 9000000)])))

    def yaml(self):
        money = lambda v: "%d.%06d" % divmod(v, 1000000)
        text = f"{{included: {self.included}, unit: {self.unit}, measure: {self.measure}, "
        if len(self.tiers) == 1:
            return text + f"price: {money(self.tiers[0][1])}}}"
        tiers = ", ".join("{" + (f"upto: {u}, " if u else "") + f"price: {money(p)}}}"
                          for u, p in self.tiers)
        return text + f"model: {'volume' if self.volume else 'graduated'}, tiers: [{tiers}]}}"

    def cost(self, values, days, whole):
        """(units, minor units) of the readings {hour: value} of so many days of a month."""
        if not values:
            return 0, 0
        used = Fraction({"sum": sum, "max": max}.get(self.measure, sum)(values.values()))
        if self.measure == "average":
            used /= len(values)
        over = used - Fraction(self.included * days, whole)
        units = max(0, -(-over // self.unit))
        cost, below = Fraction(0), 0
        for upto, price in self.tiers:
            if self.volume and (upto is None or units <= upto):
                return units, away(Fraction(units * price, 10000))
            part = max(0, (units if upto is None else min(units, upto)) - below)
            cost += Fraction(part * price, 10000)
            below = upto
        return units, away(cost)


def sxc(home, *args, text=None):
    env = dict(os.environ, SXC_HOME=home, SXC_NOW="2023-01-01")
    done = subprocess.run([SXC, *args], input=text, text=True, capture_output=True, env=env)
    if done.returncode != 0:
        sys.exit(f"sxc {' '.join(args)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout


def compare(seed):
    rnd = random.Random(seed)
    first = dt.date(2023, 1, 1) + DAY * rnd.randrange(0, 400)
    align, trial = rnd.choice([0, 0, 15, 31]), rnd.choice([0, 0, 10])
    paid, rates = first + DAY * trial, {n: Rate(rnd) for n in ("a", "b")}
    anchor, dom = paid, paid.day
    if align:
        dom, anchor = align, month_day(paid.year, paid.month, align)
        if anchor < paid:
            anchor = month_day(paid.year, paid.month + 1, align)
    length = rnd.randrange(40, 200)
    end = first + DAY * length if rnd.random() < 0.6 else None
    script = ["account add a --email a@example.net", f"--now {first} account subscribe a p"]
    values, waiting = {n: {} for n in rates}, []
    with tempfile.TemporaryDirectory() as tmp:
        home = tmp + "/home"
        sxc(home, "init", "--rehearsal")
        with open(tmp + "/p.yaml", "w", encoding="utf-8") as f:
            f.write("plan: p\ncurrency: USD\nprice: 0\n" +
                    f"every: {rnd.choice(['1 month', '1 year', '2 weeks'] if not align else ['1 year'])}\n" +
                    f"trial: {trial} days\n" + (f"align: day {align}\n" if align else "") +
                    "usage:\n" + "".join(f"  {n}: {r.yaml()}\n" for n, r in rates.items()))
        sxc(home, "plan", "apply", tmp + "/p.yaml")
        # Nobody pays: dunning, which ends what is not paid for, is left to tests of its own.
        sxc(home, "config", "set", "dunning.schedules", "later: [{after: 3650 days, do: remind}]")
        sxc(home, "config", "set", "dunning", "later")
        for i in range(length + 60):
            day = first + DAY * i
            if end is None or day < end:
                for n in rates:
                    if rnd.random() < 0.2:
                        waiting.append((n, day, rnd.randrange(0, rnd.choice([3, 40, 9000]))))
            if end == day:
                script.append(f"-y --now {day}T12:00:00Z account cancel a/1 --when now")
            if rnd.random() < 0.15 and waiting:
                rnd.shuffle(waiting)
                take = [w for w in waiting if w[1] < day][:rnd.randrange(1, 9)]
                path = f"{tmp}/r{i}.csv"
                with open(path, "w", encoding="utf-8") as f:
                    f.write("subscription,resource,start,end,value\n")
                    for w in take:
                        waiting.remove(w)
                        values[w[0]][w[1]] = w[2]
                        f.write(f"a/1,{w[0]},{w[1]},{w[1] + DAY},{w[2]}\n")
                script.append(f"--now {day}T12:00:00Z usage import {path}")
            if rnd.random() < 0.1 or i == length + 59:
                script.append(f"--now {day}T13:00:00Z invoice run")
        sxc(home, "shell", text="\n".join(script) + "\n")
        found = defaultdict(int)
        for row in sxc(home, "--no-header", "-o", "tsv", "sql",
                       "SELECT item, start, \"end\", sum(amount) FROM v_invoice_line "
                       "WHERE item LIKE 'usage:%' GROUP BY item, start, \"end\"").splitlines():
            item, start, until, amount = row.split("\t")
            if int(amount):
                found[item, start, until] = int(amount)
        sxc(home, "invoice", "check")
        for number in sxc(home, "-q", "invoice", "list").split():
            sxc(home, "invoice", "explain", number)
    wanted = {}
    for k in range(-1, 14):
        start = month_day(anchor.year, anchor.month + k, dom)
        until = month_day(anchor.year, anchor.month + k + 1, dom)
        whole = (until - start).days
        low, high = max(start, paid), min(until, end or until)
        if low >= high or high > day:
            continue
        for n, rate in rates.items():
            inside = {d: v for d, v in values[n].items() if low <= d < high}
            _, cost = rate.cost(inside, (high - low).days, whole)
            if cost:
                wanted[f"usage:{n}", str(low), str(high)] = cost
    if wanted != dict(found):
        print(f"seed {seed}:")
        for key in sorted(set(wanted) | set(found)):
            if wanted.get(key) != found.get(key):
                print("  ", *key, "reckoned", wanted.get(key), "billed", found.get(key))
        print({n: r.yaml() for n, r in rates.items()}, *script, sep="\n")
        return None
    return len(wanted)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    scenarios = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    months = 0
    for i in range(seed, seed + scenarios):
        n = compare(i)
        if n is None:
            sys.exit(1)
        months += n
    print(f"{scenarios} scenarios, {months} months: the same")


main()
