# SPDX-License-Identifier: MIT
"""Derive documents again from what "sxc invoice explain -o json" says of them, and from nothing else.

Rederived(explained).document(number) gives lines and sums as "sxc invoice show -o json" must have
them. What explain says a line came to is not used, only what it was reckoned from: prices, days,
quantities, readings, rates, coupons, the line that is taken back.
"""
import datetime as dt
import re
from fractions import Fraction

DIGITS = {"JPY": 0, "KWD": 3}
SIZES = {"": 1, "K": 2 ** 10, "M": 2 ** 20, "G": 2 ** 30, "T": 2 ** 40, "P": 2 ** 50}
TAX = re.compile(r"(\S+) ([\d.]+)% of ")
PERCENT = re.compile(r"; coupon \S+: ([\d.]+)% of ")
FIXED = re.compile(r"; coupon \S+: ([\d.]+) a period, here \S+ of ([\d.]+)")
BACK = re.compile(r"; takes back line (\d+) of (\S+?)(?:;|$)")
PERIOD = re.compile(r"(\d+) of (\d+) days \((\S+)\.\.(\S+)\)")
USAGE = re.compile(
    r"\d+ readings?, (?:sum (?P<sum>[\d.]+[KMGTP]?)|max (?P<max>[\d.]+[KMGTP]?)|"
    r"average of (?P<total>\d+) over (?P<spans>\d+) spans)"
    r"(?:, less (?P<included>[\d.]+[KMGTP]?) included(?: x (?P<days>\d+) of (?P<whole>\d+) days)?)?"
    r" = (?P<units>\d+) started(?: of (?P<unit>[\d.]+[KMGTP]?))?(?:, (?:volume|graduated))?"
    r": (?P<tiers>[\d.]+ x \d+(?: \+ [\d.]+ x \d+)*) = ")


class Underived(Exception):
    pass


def away(x):
    """Round half away from zero."""
    n = int(abs(x) * 2 + 1) // 2
    return n if x >= 0 else -n


def size(text):
    return Fraction(text.rstrip("KMGTP")) * SIZES[text[-1] if text[-1].isalpha() else ""]


def spread(total, nets):
    exact = [Fraction(total * net, sum(nets)) if sum(nets) else Fraction(0) for net in nets]
    out = [int(x) for x in exact]
    order = sorted(range(len(nets)), key=lambda i: (-(exact[i] - out[i]), i))
    for i in order[:total - sum(out)]:
        out[i] += 1
    return out


class Rederived:
    def __init__(self, explained, currencies):
        """explained: number → its lines as explain has them; currencies: number → code."""
        self.explained, self.currencies, self.made = explained, currencies, {}

    def minor(self, number, text):
        return int(Fraction(text) * 10 ** DIGITS.get(self.currencies[number], 2))

    # ---- a line ----

    def usage(self, number, text):
        m = USAGE.match(text)
        if not m:
            raise Underived(f"not understood: {text}")
        used = size(m["sum"] or m["max"]) if not m["total"] else Fraction(int(m["total"]),
                                                                          int(m["spans"]))
        free = size(m["included"]) if m["included"] else Fraction(0)
        if m["days"]:
            free = free * int(m["days"]) / int(m["whole"])
        units = max(Fraction(0), used - free) / size(m["unit"] or "1")
        units = -(-units.numerator // units.denominator)
        tiers = [part.split(" x ") for part in m["tiers"].split(" + ")]
        if units != int(m["units"]) or units != sum(int(n) for _, n in tiers):
            raise Underived(f"{units} units: {text}")
        scale = 10 ** DIGITS.get(self.currencies[number], 2)
        return away(sum(Fraction(price) * int(n) * scale for price, n in tiers))

    def gross(self, number, line):
        back = BACK.search(line["how"])
        if line["item"].startswith("usage:"):
            if line["how"].startswith("all of it"):
                return -self.line(back[2], int(back[1]))["gross"]
            return self.usage(number, line["how"])
        days, whole = line["days"], line["whole"]
        if whole:
            self.check_days(line)
        return away(Fraction(line["unit_price"] * line["quantity"] * (days if whole else 1),
                             whole or 1))

    @staticmethod
    def check_days(line):
        """The days are those of the span, in the period that holds it."""
        m = PERIOD.search(line["how"])
        start, end, first, last = (dt.date.fromisoformat(day) for day in
                                   (line["start"], line["end"], m[3], m[4]))
        if not (first <= start < end <= last and (end - start).days == line["days"] == int(m[1]) and
                (last - first).days == line["whole"] == int(m[2])):
            raise Underived(f"days of {line}")

    @staticmethod
    def rates(line):
        return [(m[1], m[2], Fraction(m[2]) / 100) for m in TAX.finditer(line["taxes"] or "")]

    def net(self, line, gross):
        rates = self.rates(line)
        if line["tax_included"] and rates:
            return away(gross / (1 + sum(rate for _, _, rate in rates)))
        return gross

    def span(self, number, line, told):
        """The lines that an amount is spread over, which come to told, and their nets. In arrears
        the set-up stands alone, though a late run may bill it with the plan's lines of that day."""
        like = [o for o in self.explained[number]
                if (o["subscription"], o["plan"], o["start"]) ==
                (line["subscription"], line["plan"], line["start"]) and
                not BACK.search(o["how"]) and not o["item"].startswith("usage:")]
        for some in (like, [o for o in like if o["item"] != "setup"]):
            nets = [self.net(o, self.gross(number, o)) for o in some]
            if sum(nets) == told:
                return some, nets
        raise Underived(f"{number}: no lines of {line['start']} come to {told}")

    def discount(self, number, line, gross, net):
        m = PERCENT.search(line["how"])
        if m:
            return away(net * Fraction(m[1]) / 100)
        m = FIXED.search(line["how"])
        if m:
            like, nets = self.span(number, line, self.minor(number, m[2]))
            plan = next(o for o in like if o["item"] == "plan")
            total = away(Fraction(self.minor(number, m[1]) * plan["days"], plan["whole"]))
            return spread(min(total, sum(nets)), nets)[like.index(line)]
        if "; of its discount " not in line["how"]:
            return 0
        back = BACK.search(line["how"])
        old, days = self.line(back[2], int(back[1])), line["days"]
        if not old["days"] or gross == -old["gross"]:
            return -old["discount"]
        return max(away(Fraction(-old["discount"] * days, old["days"])), net)

    def line(self, number, at):
        if (number, at) in self.made:
            return self.made[number, at]
        line = next(o for o in self.explained[number] if o["line"] == at)
        gross = self.gross(number, line)
        net = self.net(line, gross)
        discount = self.discount(number, line, gross, net)
        rates = self.rates(line)
        taxes = [away((net - discount) * rate) for _, _, rate in rates]
        if taxes and line["tax_included"] and not discount:
            most = max(range(len(rates)), key=lambda i: (rates[i][2], -i))
            taxes[most] += gross - net - sum(taxes)
        out = {"gross": gross, "amount": net, "discount": discount, "tax": sum(taxes),
               "days": line["days"],
               "taxes": [(name, rate + "%", net - discount, tax)
                         for (name, rate, _), tax in zip(rates, taxes)]}
        self.made[number, at] = out
        return out

    # ---- a document ----

    def document(self, number):
        lines = [self.line(number, o["line"]) for o in self.explained[number]]
        taxes = {}
        for line in lines:
            for name, rate, base, tax in line["taxes"]:
                had = taxes.get((name, rate), (0, 0))
                taxes[name, rate] = (had[0] + base, had[1] + tax)
        sums = {key: sum(line[of] for line in lines)
                for key, of in (("subtotal", "amount"), ("discount", "discount"), ("tax", "tax"))}
        sums["total"] = sums["subtotal"] - sums["discount"] + sums["tax"]
        return lines, taxes, sums

    def differences(self, shown):
        """What "invoice show -o json" of a document has otherwise."""
        number, out = shown["invoice"], []
        lines, taxes, sums = self.document(number)
        if len(lines) != len(shown["lines"]):
            out.append(f"{number}: {len(lines)} lines explained, {len(shown['lines'])} shown")
        for mine, theirs in zip(lines, shown["lines"]):
            out += [f"{number} line {theirs['line']}: {key} {mine[key]} derived, {theirs[key]} shown"
                    for key in ("amount", "discount", "tax") if mine[key] != theirs[key]]
        out += [f"{number}: {key} {value} derived, {shown[key]} shown"
                for key, value in sums.items() if value != shown[key]]
        theirs = {(t["name"], t["rate"]): (t["base"], t["amount"]) for t in shown["taxes"]}
        if taxes != theirs:
            out.append(f"{number}: taxes {taxes} derived, {theirs} shown")
        return out
