#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reckon years of billing by hand, day by day, and compare with what sxc bills, line by line.

Usage: tests/money/reckoner.py [SEED [SCENARIOS [DAYS]]]

It shares nothing with sxc but the rules: dates are datetime.date, amounts are fractions. Each
scenario orders plans, changes and cancels them on random days, and has sxc bill on only some of
them; the reckoner bills on every day. Both must come to the same lines.
"""
import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

SXC = os.environ.get("SXC", "./sxc")
DAY = dt.timedelta(days=1)
GST, QST = Fraction(5, 100), Fraction(9975, 100000)


def away(x):
    """Round half away from zero."""
    n = int(abs(x) * 2 + 1) // 2
    return n if x >= 0 else -n


def last_of(year, month):
    return ((dt.date(year + month // 12, month % 12 + 1, 1)) - DAY).day


def month_day(year, month, day):
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return dt.date(year, month, min(day, last_of(year, month)))


class Grid:
    """Periods counted from an anchor whose day of the month is remembered."""

    def __init__(self, first, every, dom=None):
        self.n, self.unit = every
        self.first, self.dom = first, dom or first.day

    def edge(self, k):
        if self.unit in ("day", "week"):
            return self.first + DAY * (k * self.n * (7 if self.unit == "week" else 1))
        months = self.n * (12 if self.unit == "year" else 1)
        return month_day(self.first.year, self.first.month + k * months, self.dom)

    def holding(self, day):
        k = 0
        while self.edge(k) > day:
            k -= 1
        while self.edge(k + 1) <= day:
            k += 1
        return self.edge(k), self.edge(k + 1)


def aligned(first, dom, every):
    start = month_day(first.year, first.month, dom)
    if start < first:
        start = month_day(first.year, first.month + 1, dom)
    return Grid(start, every, dom)


class Plan:
    def __init__(self, rnd, name):
        self.name = name
        self.every = rnd.choice([(1, "month"), (1, "month"), (1, "year"), (2, "week"),
                                 (10, "day"), (3, "month")])
        self.price = rnd.choice([0, 1, 999, 2495, 5000, 10000, 33333, rnd.randrange(1, 90000)])
        self.setup = rnd.choice([0, 0, 1000])
        self.arrears = rnd.random() < 0.3
        self.trial = rnd.choice([0, 0, 14, 31])
        self.included = rnd.random() < 0.3
        self.exempt = rnd.random() < 0.2
        self.align = rnd.choice([0, 0, 1, 28, 31]) if self.every[1] in ("month", "year") else 0
        self.option = rnd.choice([190, 200, 1])

    def yaml(self):
        money = lambda v: "%d.%02d" % divmod(v, 100)
        n, unit = self.every
        return "\n".join([
            f"plan: {self.name}", "currency: USD", f"price: {money(self.price)}",
            f"setup: {money(self.setup)}", f"every: {n} {unit}s",
            "bill: " + ("arrears" if self.arrears else "advance"), f"trial: {self.trial} days",
            "align: " + (f"day {self.align}" if self.align else "anniversary"),
            "prices-include-tax: " + ("yes" if self.included else "no"),
            "tax: " + ("exempt" if self.exempt else "taxable"),
            f"options: {{extra: {{price: {money(self.option)}, max: 9}}}}", ""])


class Coupon:
    def __init__(self, rnd, name):
        self.name = name
        self.percent = rnd.choice([0, 0, Fraction(10), Fraction(33333, 1000), Fraction(100)])
        self.amount = 0 if self.percent else rnd.choice([1, 100, 999, 2000, 100000])
        self.periods = rnd.choice([0, 1, 3])

    def add(self):
        value = f"--percent {float(self.percent)}%" if self.percent else \
            "--amount %d.%02d --currency USD" % divmod(self.amount, 100)
        return f"invoice coupon add {self.name} {value}" + \
            (f" --periods {self.periods}" if self.periods else "")

    def off(self, nets, days, whole):
        """What it takes off each line of a span."""
        if self.percent:
            return [away(net * self.percent / 100) for net in nets]
        total = min(away(Fraction(self.amount * days, whole)), sum(nets)) if whole else 0
        exact = [Fraction(total * net, sum(nets)) if sum(nets) else Fraction(0) for net in nets]
        out = [int(x) for x in exact]
        order = sorted(range(len(nets)), key=lambda i: (-(exact[i] - out[i]), i))
        for i in order[:total - sum(out)]:
            out[i] += 1
        return out


class Term:
    def __init__(self, plan, extra, start, grid, paid):
        self.plan, self.extra, self.start, self.grid = plan, extra, start, grid
        self.until, self.paid = None, paid

    def items(self):
        yield "plan", 1, self.plan.price
        if self.extra:
            yield "option:extra", self.extra, self.plan.option


class Sub:
    def __init__(self, name, plan, extra, day, bill_day, coupon):
        self.name, self.lines, self.until = name, [], None
        self.coupon, self.covered = coupon, []
        self.first_paid = day + DAY * plan.trial
        align = bill_day or plan.align
        if align and plan.every[1] in ("month", "year"):
            grid = aligned(self.first_paid, align, plan.every)
        else:
            grid = Grid(self.first_paid, plan.every)
        self.terms = [Term(plan, extra, day, grid, self.first_paid)]
        self.charged = []          # (term, item, n, price, start, end, whole, discount)
        self.setup_due = True

    def at(self, day):
        live = [t for t in self.terms if (t.until is None or t.until > t.start) and
                (t.start <= day or t is self.terms[0])]
        return live[-1]

    def net(self, plan, gross):
        if plan.included and not plan.exempt:
            return away(Fraction(gross) / (1 + GST + QST))
        return gross

    def line(self, term, item, start, end, n, price, gross, discount):
        p, net = term.plan, self.net(term.plan, gross)
        if p.included and not p.exempt and not discount:
            tax = gross - net
        else:
            tax = 0 if p.exempt else sum(away((net - discount) * r) for r in (GST, QST))
        self.lines.append((self.name, item, str(start), str(end or ""), n, price, net, discount,
                           tax))

    def is_covered(self, term, day):
        period = term.grid.holding(day)[0]
        if period in self.covered:
            return True
        if self.coupon.periods and len(self.covered) >= self.coupon.periods:
            return False
        self.covered.append(period)
        return True

    def span(self, term, day, end, whole, setup):
        """The charges of one span: the set-up first, if it falls due, then plan and options."""
        days = (end - day).days if end else 0
        charges = [("setup", 1, term.plan.setup, None)] if setup and term.plan.setup else []
        charges += [(item, n, price, end) for item, n, price in term.items()] if end else []
        gross = [away(Fraction(n * price * (days if to else 1), whole if to else 1))
                 for _, n, price, to in charges]
        off = [0] * len(charges)
        if self.coupon and charges and self.is_covered(term, day):
            off = self.coupon.off([self.net(term.plan, g) for g in gross], days, whole)
        for (item, n, price, to), g, d in zip(charges, gross, off):
            self.line(term, item, day, to, n, price, g, d)
            if to and not term.plan.arrears:
                self.charged.append((term, item, n, price, day, to, whole, d))

    def renewal(self, day):
        if day < self.first_paid:
            return self.first_paid
        return self.at(day).grid.holding(day)[1]

    def cut(self, day):
        for t in self.terms:
            if t.start >= day and (t.until is None or t.until > t.start):
                t.until = t.start
            elif t.start < day and (t.until is None or t.until > day):
                t.until = day

    def change(self, plan, extra, when, day):
        cur = self.at(day)
        start = day if when == "now" else self.renewal(day)
        paid = max(start, self.first_paid)
        grid = cur.grid if plan.every == cur.plan.every else Grid(paid, plan.every)
        self.cut(start)
        self.terms.append(Term(plan, extra, start, grid, paid))

    def cancel(self, when, day):
        self.until = day if when == "now" else self.renewal(day)
        self.cut(self.until)

    def walk(self, day):
        """What falls due on this day."""
        for t in self.terms:
            inside = t.start <= day and (t.until is None or day < t.until)
            setup = self.setup_due and day == self.first_paid and inside
            self.setup_due = self.setup_due and not setup
            if t.plan.arrears:
                if setup:
                    self.span(t, day, None, 0, True)
                self.walk_arrears(t, day)
            else:
                self.walk_advance(t, day, setup)

    def walk_advance(self, t, day, setup):
        if day == t.paid and (t.until is None or day < t.until):
            start, end = t.grid.holding(day)
            self.span(t, day, end, (end - start).days, setup)
            t.paid = end
        if t.until is None:
            return
        for c in [c for c in self.charged if c[0] is t and c[5] > t.until]:
            _, item, n, price, start, end, whole, off = c
            self.charged.remove(c)
            days, start = (end - start).days, max(start, t.until)
            left = (end - start).days
            gross = away(Fraction(-n * price * left, whole))
            back = max(away(Fraction(-off * left, days)), self.net(t.plan, gross))
            self.line(t, item, start, end, n, price, gross, back)

    def walk_arrears(self, t, day):
        if t.paid >= day or (t.until is not None and t.paid >= t.until):
            return
        start, end = t.grid.holding(t.paid)
        whole, end = (end - start).days, min(end, t.until or end)
        if day != end:
            return
        self.span(t, t.paid, end, whole, False)
        t.paid = end


def scenario(rnd, days):
    """One account with some subscriptions: the commands for sxc, and the lines that must come."""
    plans = [Plan(rnd, f"p{i}") for i in range(5)]
    coupons = [Coupon(rnd, f"c{i}") for i in range(3)]
    first = dt.date(2023, 1, 1) + DAY * rnd.randrange(0, 800)
    bill_day = rnd.choice([0, 0, 25, 31])
    day, subs, script = first, [], []
    every_run = rnd.choice([1, 7, 45, 400])
    script.append(f"account add a --email a@example.net --tax gst --tax qst --bill-day {bill_day}")
    script += [coupon.add() for coupon in coupons]
    for _ in range(days):
        now = f"--now {day}T12:00:00Z"
        live = [s for s in subs if s.until is None]
        dice = rnd.random()
        if not subs or (dice < 0.004 and len(subs) < 4):
            plan, extra = rnd.choice(plans), rnd.choice([0, 0, 2])
            coupon = rnd.choice([None, *coupons])
            subs.append(Sub(f"a/{len(subs) + 1}", plan, extra, day, bill_day, coupon))
            option = f" --option extra={extra}" if extra else ""
            option += f" --coupon {coupon.name}" if coupon else ""
            script.append(f"{now} account subscribe a {plan.name}{option}")
        elif live and dice < 0.018:
            sub, plan = rnd.choice(live), rnd.choice(plans)
            extra, when = rnd.choice([0, 3]), rnd.choice(["now", "now", "renewal"])
            script.append(f"{now} account change {sub.name} --plan {plan.name} "
                          f"--option extra={extra} --when {when}")
            sub.change(plan, extra, when, day)
        elif live and dice < 0.020:
            sub, when = rnd.choice(live), rnd.choice(["now", "end"])
            script.append(f"{now} -y account cancel {sub.name} --when {when}")
            sub.cancel(when, day)
        for sub in subs:
            sub.walk(day)
        if rnd.randrange(every_run) == 0:
            script.append(f"{now} invoice run")
        day += DAY
    script.append(f"--now {day - DAY}T12:00:00Z invoice run")
    return plans, script, [line for s in subs for line in s.lines]


def sxc(home, *args, text=None):
    env = dict(os.environ, SXC_HOME=home, SXC_NOW="2023-01-01")
    done = subprocess.run([SXC, *args], input=text, text=True, capture_output=True, env=env)
    if done.returncode != 0:
        sys.exit(f"sxc {' '.join(args)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout


def billed(home):
    rows = sxc(home, "--no-header", "-o", "tsv", "sql",
               "SELECT subscription, item, start, coalesce(\"end\", ''), quantity, unit_price, "
               "amount, discount, tax FROM v_invoice_line")
    out = []
    for row in rows.splitlines():
        f = row.split("\t")
        out.append((f[0], f[1], f[2], f[3], *(int(v) for v in f[4:])))
    return out


def compare(seed, days):
    rnd = random.Random(seed)
    plans, script, wanted = scenario(rnd, days)
    with tempfile.TemporaryDirectory() as tmp:
        home = tmp + "/home"
        sxc(home, "init", "--rehearsal")
        # Nobody pays: dunning, which ends what is not paid for, is left to tests of its own.
        sxc(home, "config", "set", "dunning.schedules", "later: [{after: 3650 days, do: remind}]")
        sxc(home, "config", "set", "dunning", "later")
        for p in plans:
            path = f"{tmp}/{p.name}.yaml"
            with open(path, "w", encoding="utf-8") as f:
                f.write(p.yaml())
            sxc(home, "plan", "apply", path)
        sxc(home, "invoice", "tax", "add", "gst", "--rate", "5%")
        sxc(home, "invoice", "tax", "add", "qst", "--rate", "9.975%")
        sxc(home, "shell", text="\n".join(script) + "\n")
        found = billed(home)
        sxc(home, "invoice", "check")
        for number in sxc(home, "-q", "invoice", "list").split()[-20:]:
            sxc(home, "invoice", "explain", number)
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if sorted(wanted) != sorted(found):
        print(f"seed {seed}: {len(wanted)} lines reckoned, {len(found)} billed")
        for line in missing[:10]:
            print("  reckoned only:", *line)
        for line in extra[:10]:
            print("  billed only:  ", *line)
        print("\n".join(script))
        return None
    return len(found)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    scenarios = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    days = int(sys.argv[3]) if len(sys.argv) > 3 else 1100
    lines = 0
    for i in range(seed, seed + scenarios):
        n = compare(i, days)
        if n is None:
            sys.exit(1)
        lines += n
    print(f"{scenarios} scenarios of {days} days, {lines} lines: the same")


main()
