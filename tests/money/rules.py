# SPDX-License-Identifier: MIT
"""The rules of billing, reckoned by hand, day by day.

It shares nothing with sxc but the rules: dates are datetime.date, amounts are fractions. What falls
due on a day waits in its subscription until a run bills it, for taxes are those of the document's day.
"""
import datetime as dt
from fractions import Fraction

DAY = dt.timedelta(days=1)
DIGITS = {"USD": 2, "JPY": 0, "KWD": 3}
YEAR = {"day": Fraction(3652425, 10000), "week": Fraction(3652425, 70000), "month": 12, "year": 1}


def away(x):
    """Round half away from zero."""
    n = int(abs(x) * 2 + 1) // 2
    return n if x >= 0 else -n


def money(minor, currency):
    digits = DIGITS[currency]
    whole, part = divmod(minor, 10 ** digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)


def month_day(year, month, day):
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - DAY).day
    return dt.date(year, month, min(day, last))


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
        per = {"day": 1, "week": 7, "month": 31, "year": 366}[self.unit] * self.n
        k = (day - self.first).days // per
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


class Tax:
    """rates: (from which day, rate), in order; the first holds since ever."""

    def __init__(self, name, country, rates):
        self.name, self.country, self.rates = name, country, rates

    def on(self, day):
        return [rate for start, rate in self.rates if start <= day][-1] / 100


class Plan:
    """prices: by currency (price, setup, price of the option)."""

    def __init__(self, rnd, name):
        self.name = name
        self.every = rnd.choice([(1, "month"), (1, "month"), (1, "year"), (2, "week"),
                                 (10, "day"), (3, "month")])
        self.prices = {}
        for currency in DIGITS:
            price = rnd.choice([0, 1, 999, 2495, 5000, 10000, 33333, rnd.randrange(1, 90000)])
            self.prices[currency] = (price, rnd.choice([0, 0, 1000]), rnd.choice([190, 200, 1]))
        self.arrears = rnd.random() < 0.3
        self.trial = rnd.choice([0, 0, 14, 31])
        self.included = rnd.random() < 0.35
        self.exempt = rnd.random() < 0.15
        self.align = rnd.choice([0, 0, rnd.randrange(1, 32)]) \
            if self.every[1] in ("month", "year") else 0
        self.policy = {"upgrade": rnd.choice(["now", "renewal"]),
                       "downgrade": rnd.choice(["now", "renewal"]),
                       "cancel": rnd.choice(["now", "end"])}

    def price_of_year(self, currency, extra):
        price, _, option = self.prices[currency]
        return (price + extra * option) * YEAR[self.every[1]] / self.every[0]

    def yaml(self):
        def of(currency, glue):
            price, setup, option = (money(v, currency) for v in self.prices[currency])
            return glue.join([f"price: {price}", f"setup: {setup}",
                              f"options: {{extra: {option}}}"])

        _, _, option = self.prices["USD"]
        n, unit = self.every
        return "\n".join([
            f"plan: {self.name}", "currency: USD", *of("USD", "\n").splitlines()[:2],
            f"options: {{extra: {{price: {money(option, 'USD')}, max: 9}}}}",
            f"prices: {{JPY: {{{of('JPY', ', ')}}}, KWD: {{{of('KWD', ', ')}}}}}",
            f"every: {n} {unit}s", "bill: " + ("arrears" if self.arrears else "advance"),
            f"trial: {self.trial} days", "policy: {" + ", ".join(
                f"{key}: {value}" for key, value in self.policy.items()) + "}",
            "align: " + (f"day {self.align}" if self.align else "anniversary"),
            "prices-include-tax: " + ("yes" if self.included else "no"),
            "tax: " + ("exempt" if self.exempt else "taxable"), ""])


class Coupon:
    """A percentage, or an amount in one currency."""

    def __init__(self, rnd, name, currency):
        self.name, self.currency = name, currency
        self.percent = 0 if currency else rnd.choice([Fraction(10), Fraction(33333, 1000),
                                                      Fraction(100)])
        self.amount = rnd.choice([1, 100, 999, 2000, 100000])
        self.periods = rnd.choice([0, 1, 3])

    def add(self):
        value = f"--percent {float(self.percent)}%" if self.percent else \
            f"--amount {money(self.amount, self.currency)} --currency {self.currency}"
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

    def items(self, currency):
        price, _, option = self.plan.prices[currency]
        yield "plan", 1, price
        if self.extra:
            yield "option:extra", self.extra, option


class Charge:
    """end None: not by days. rates and off are known once it is billed."""

    def __init__(self, term, item, n, price, start, end, whole):
        self.term, self.item, self.n, self.price = term, item, n, price
        self.start, self.end, self.whole = start, end, whole
        self.rates, self.off = None, 0

    def days(self):
        return (self.end - self.start).days if self.end else 0

    def gross(self, days):
        return away(Fraction(self.n * self.price * (days if self.end else 1),
                             self.whole if self.end else 1))


class Sub:
    def __init__(self, account, name, plan, extra, day, coupon):
        self.account, self.name, self.coupon = account, name, coupon
        self.lines, self.until, self.covered = [], None, []
        self.first_paid = day + DAY * plan.trial
        self.start = day
        align = account.bill_day or plan.align
        if align and plan.every[1] in ("month", "year"):
            grid = aligned(self.first_paid, align, plan.every)
        else:
            grid = Grid(self.first_paid, plan.every)
        self.terms = [Term(plan, extra, day, grid, self.first_paid)]
        self.charged = []          # what may have to be taken back
        self.due = []              # ("span", charges, coupon, …) and ("credit", charge, start, end)
        self.setup_due, self.withdrawn = True, False

    def at(self, day):
        live = [t for t in self.terms if (t.until is None or t.until > t.start) and
                (t.start <= day or t is self.terms[0])]
        return live[-1]

    # ---- what a person does ----

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

    def when_by_policy(self, plan, extra, day):
        cur, currency = self.at(day), self.account.currency
        up = plan.price_of_year(currency, extra) >= cur.plan.price_of_year(currency, cur.extra)
        return cur.plan.policy["upgrade" if up else "downgrade"]

    def change(self, plan, extra, when, day):
        cur = self.at(day)
        start = day if when == "now" else self.renewal(day)
        paid = max(start, self.first_paid)
        grid = cur.grid if plan.every == cur.plan.every else Grid(paid, plan.every)
        self.cut(start)
        self.terms.append(Term(plan, extra, start, grid, paid))

    def cancel(self, when, day):
        self.until = self.renewal(day) if when == "end" else day
        self.withdrawn = when == "withdraw"
        if self.withdrawn:
            self.setup_due = False
        self.cut(self.until)

    # ---- what falls due ----

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
        fee, currency = term.plan.prices[self.account.currency][1], self.account.currency
        charges = [Charge(term, "setup", 1, fee, day, None, 0)] if setup and fee else []
        charges += [Charge(term, item, n, price, day, end, whole)
                    for item, n, price in term.items(currency)] if end else []
        covered = bool(self.coupon and charges and self.is_covered(term, day))
        self.due.append(("span", charges, covered, (end - day).days if end else 0, whole))
        self.charged += [c for c in charges if not term.plan.arrears or not c.end]

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
            self.take_back(t)

    def walk_advance(self, t, day, setup):
        if day == t.paid and (t.until is None or day < t.until):
            start, end = t.grid.holding(day)
            self.span(t, day, end, (end - start).days, setup)
            t.paid = end

    def walk_arrears(self, t, day):
        if t.paid >= day or (t.until is not None and t.paid >= t.until):
            return
        start, end = t.grid.holding(t.paid)
        whole, end = (end - start).days, min(end, t.until or end)
        if day != end:
            return
        self.span(t, t.paid, end, whole, False)
        t.paid = end

    def take_back(self, t):
        for c in [c for c in self.charged if c.term is t]:
            if c.end and t.until is not None and c.end > t.until:
                self.due.append(("credit", c, max(c.start, t.until), c.end))
                self.charged.remove(c)
            elif not c.end and self.withdrawn:
                self.due.append(("credit", c, c.start, None))
                self.charged.remove(c)

    # ---- a document ----

    def bill(self, rates):
        for kind, *what in self.due:
            if kind == "span":
                self.bill_span(rates, *what)
            else:
                self.bill_credit(*what)
        self.due = []

    def bill_span(self, rates, charges, covered, days, whole):
        for c in charges:
            c.rates = [] if c.term.plan.exempt else rates
        if covered:
            nets = [self.net(c, c.gross(c.days())) for c in charges]
            for c, off in zip(charges, self.coupon.off(nets, days, whole)):
                c.off = off
        for c in charges:
            self.line(c, c.start, c.end, c.gross(c.days()), c.off)

    def bill_credit(self, c, start, end):
        left = (end - start).days if end else 0
        gross = -c.gross(left)
        share = Fraction(-c.off * left, c.days()) if end else -c.off
        self.line(c, start, end, gross, max(away(share), self.net(c, gross)))

    @staticmethod
    def net(c, gross):
        if c.term.plan.included and c.rates:
            return away(Fraction(gross) / (1 + sum(c.rates)))
        return gross

    def line(self, c, start, end, gross, discount):
        net = self.net(c, gross)
        if c.term.plan.included and c.rates and not discount:
            tax = gross - net
        else:
            tax = sum(away((net - discount) * rate) for rate in c.rates)
        self.lines.append((self.name, c.item, str(start), str(end or ""), c.n, c.price, net,
                           discount, tax, self.account.currency))


class Account:
    def __init__(self, name, zone, currency, taxes, bill_day):
        self.name, self.zone, self.currency = name, zone, currency
        self.taxes, self.bill_day = taxes, bill_day
        self.subs, self.walked = [], None

    def day(self, instant):
        return instant.astimezone(self.zone).date()

    def walk(self, day):
        """Up to and on that day."""
        while self.walked is None or self.walked < day:
            self.walked = day if self.walked is None else self.walked + DAY
            for sub in self.subs:
                sub.walk(self.walked)

    def reopen(self, day):
        """Something was done on a day that may have been walked: what falls due then is new."""
        self.walk(day - DAY)
        self.walked = day - DAY

    def run(self, day, date):
        """Bill what is due by that day on a document of that date."""
        self.walk(day)
        for sub in self.subs:
            sub.bill([tax.on(date) for tax in self.taxes])
