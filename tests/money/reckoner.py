#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reckon years of billing by hand and compare with what sxc bills, line by line.

Usage: tests/money/reckoner.py [SEED [SCENARIOS [DAYS [EVERY]]]]

A scenario is one series of documents for several accounts: in Auckland, Los Angeles, Kiritimati and
London, in dollars, yen and dinars, with taxes of several rates that change. They order plans, change
and cancel them on random days; sxc bills on only some of the days (every EVERY-th or so), the
reckoner reckons each. Both must come to the same lines, and explain must derive every document.
Over 31 accounts, four a scenario, the first order is on each day of the month once.
"""
import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction
from zoneinfo import ZoneInfo

from explain import Home
from rules import DAY, Account, Coupon, Plan, Sub, Tax

SXC = os.environ.get("SXC", "./sxc")
ZONES = ["Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/London"]
UTC = dt.timezone.utc


class Scenario:
    """The commands for sxc, and the lines that must come."""

    def __init__(self, seed, days, every):
        self.rnd, self.days = random.Random(seed), days
        self.plans = [Plan(self.rnd, f"p{i}") for i in range(6)]
        self.coupons = [Coupon(self.rnd, f"c{i}", currency)
                        for i, currency in enumerate(["", "", "USD", "JPY", "KWD"])]
        self.first = dt.date(2023, 1, 1) + DAY * self.rnd.randrange(0, 800)
        self.every = every or self.rnd.choice([1, 7, 45, 400])
        self.seller = ZoneInfo(self.rnd.choice(ZONES))
        self.taxes = self.make_taxes()
        self.accounts = [self.make_account(seed, i) for i in range(4)]
        self.head = [f"config set timezone {self.seller.key}"]
        self.head += [coupon.add() for coupon in self.coupons]
        self.script = []

    def make_taxes(self):
        def rates(*percents):
            day, out = dt.date(1, 1, 1), []
            for percent in percents:
                out.append((day, Fraction(percent)))
                day = self.first + DAY * self.rnd.randrange(20, max(21, self.days))
            return sorted(out)

        return [Tax("gst", None, rates("5", "7", "6.5")), Tax("qst", None, rates("9.975")),
                Tax("tva", "FR", rates("20", "19.6")), Tax("eco", "FR", rates("0.333333"))]

    def make_account(self, seed, i):
        gst, qst, tva, eco = self.taxes
        taxes = self.rnd.choice([[gst, qst], [gst], [tva, eco], []])
        currency = ["USD", "JPY", "KWD", "USD"][(seed + i) % 4]
        account = Account("abcd"[i], ZoneInfo(ZONES[i]), currency, taxes,
                          self.rnd.choice([0, 0, self.rnd.randrange(1, 32)]))
        account.anchor = (seed * 4 + i) % 31 + 1
        return account

    def add(self):
        for tax in self.taxes:
            start, *more = tax.rates
            country = f" --country {tax.country}" if tax.country else ""
            self.head.append(f"invoice tax add {tax.name} --rate {float(start[1])}%{country}")
            self.head += [f"invoice tax set {tax.name} --rate {float(rate)}% --from {day}"
                          for day, rate in more]
        for a in self.accounts:
            own = "".join(f" --tax {tax.name}" for tax in a.taxes if not tax.country)
            country = " --country FR" if any(tax.country for tax in a.taxes) else ""
            self.head.append(f"account add {a.name} --email a@example.net --bill-day {a.bill_day} "
                             f"--timezone {a.zone.key} --currency {a.currency}{own}{country}")

    # ---- what is done on a day ----

    def order(self, a, now, day):
        plan, extra = self.rnd.choice(self.plans), self.rnd.choice([0, 0, 2])
        coupon = self.rnd.choice([None, *(c for c in self.coupons
                                          if c.currency in ("", a.currency))])
        a.subs.append(Sub(a, f"{a.name}/{len(a.subs) + 1}", plan, extra, day, coupon))
        option = f" --option extra={extra}" if extra else ""
        option += f" --coupon {coupon.name}" if coupon else ""
        self.script.append(f"{now} account subscribe {a.name} {plan.name}{option}")

    def change(self, sub, now, day):
        plan, extra = self.rnd.choice(self.plans), self.rnd.choice([0, 3])
        when = self.rnd.choice(["now", "now", "renewal", None])
        self.script.append(f"{now} account change {sub.name} --plan {plan.name} --option "
                           f"extra={extra}" + (f" --when {when}" if when else ""))
        sub.change(plan, extra, when or sub.when_by_policy(plan, extra, day), day)

    def cancel(self, sub, now, day):
        when = self.rnd.choice(["now", "end", None])
        if (day - sub.start).days <= 14 and self.rnd.random() < 0.8:
            when = "withdraw"
        self.script.append(f"{now} -y account cancel {sub.name}" +
                           (f" --when {when}" if when else ""))
        sub.cancel(when or sub.at(day).plan.policy["cancel"], day)

    def act(self, a, instant):
        now, day = f"--now {instant:%Y-%m-%dT%H:%M:%SZ}", a.day(instant)
        a.reopen(day)
        live, dice = [s for s in a.subs if s.until is None], self.rnd.random()
        if not a.subs:
            if day.day == a.anchor:
                self.order(a, now, day)
        elif dice < 0.004 and len(a.subs) < 6:
            self.order(a, now, day)
        elif live and dice < 0.018:
            self.change(self.rnd.choice(live), now, day)
        elif live and (dice < 0.020 or (live[-1].start + DAY * 9 > day and dice < 0.05)):
            # Whether the set-up was billed before it is withdrawn from makes a difference.
            self.run(instant)
            a.reopen(day)
            self.cancel(live[-1], now, day)

    def run(self, instant):
        self.script.append(f"--now {instant:%Y-%m-%dT%H:%M:%SZ} invoice run")
        for a in self.accounts:
            a.run(a.day(instant), instant.astimezone(self.seller).date())

    def play(self):
        self.add()
        for i in range(self.days):
            instant = dt.datetime.combine(self.first + DAY * i,
                                          dt.time(self.rnd.randrange(1, 23), 30), UTC)
            for a in self.accounts:
                self.act(a, instant)
            if self.rnd.randrange(self.every) == 0:
                self.run(instant + dt.timedelta(minutes=1))
        self.run(instant + dt.timedelta(minutes=2))
        return [line for a in self.accounts for s in a.subs for line in s.lines]


def sxc(home, *args, text=None):
    env = dict(os.environ, SXC_HOME=home, SXC_NOW="2022-12-01")
    done = subprocess.run([SXC, *args], input=text, text=True, capture_output=True, env=env,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"sxc {' '.join(args)}: {done.returncode}\n{done.stdout[-1000:]}"
                           f"{done.stderr[-1000:]}")
    return done.stdout


def billed(home):
    rows = sxc(home, "--no-header", "-o", "tsv", "sql",
               "SELECT subscription, item, start, coalesce(\"end\", ''), quantity, "
               "abs(unit_price), amount, discount, tax, currency FROM v_invoice_line")
    out = []
    for row in rows.splitlines():
        f = row.split("\t")
        out.append((*f[:4], *(int(v) for v in f[4:9]), f[9]))
    return out


def bill(scenario, tmp):
    """Have sxc do the same: the lines, and what explain does not derive."""
    home = tmp + "/home"
    sxc(home, "init", "--rehearsal")
    # Nobody pays: dunning, which ends what is not paid for, is left to tests of its own.
    sxc(home, "config", "set", "dunning.schedules", "later: [{after: 3650 days, do: remind}]")
    sxc(home, "config", "set", "dunning", "later")
    for p in scenario.plans:
        path = f"{tmp}/{p.name}.yaml"
        with open(path, "w", encoding="utf-8") as f:
            f.write(p.yaml())
        sxc(home, "plan", "apply", path)
    sxc(home, "-q", "shell", text="\n".join(scenario.head + scenario.script) + "\n")
    sxc(home, "invoice", "check")
    return billed(home), Home(home).walk()[1]


def compare(seed, days, every):
    """The number of lines, or None."""
    scenario = Scenario(seed, days, every)
    wanted = scenario.play()
    with tempfile.TemporaryDirectory() as tmp:
        try:
            found, differ = bill(scenario, tmp)
        except RuntimeError as e:
            found, differ = [], [str(e)]
    if sorted(wanted) == sorted(found) and not differ:
        return len(found)
    print(f"seed {seed}: {len(wanted)} lines reckoned, {len(found)} billed", *differ[:10], sep="\n  ")
    for line in sorted(set(wanted) - set(found))[:10]:
        print("  reckoned only:", *line)
    for line in sorted(set(found) - set(wanted))[:10]:
        print("  billed only:  ", *line)
    print("\n".join(line for line in scenario.head + scenario.script if " run" not in line))
    print(f"again: tests/money/reckoner.py {seed} 1 {days}")
    return None


def main():
    seed, scenarios, days, every = (int(v) for v in (sys.argv[1:] + [1, 8, 450, 0][len(sys.argv) - 1:]))
    lines = 0
    for i in range(seed, seed + scenarios):
        n = compare(i, days, every)
        if n is None:
            sys.exit(1)
        lines += n
    print(f"{scenarios} scenarios of {days} days, {lines} lines: the same")


main()
