#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Worked cases of the billing rules, against the built program.

Usage: tests/money/cases.py [SECTION…]

tests/money/cases.txt holds the cases; its head says how they are written. Each is played in a
rehearsal of its own; the lines that were billed must be the lines that the case says, in order, the
books must prove themselves, and explain must derive every document again.
"""
import os
import re
import subprocess
import sys
import tempfile

SXC = os.environ.get("SXC", "./sxc")
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.txt")
DIGITS = {"JPY": 0, "KWD": 3}
DATED = re.compile(r"\d{4}-\d\d-\d\d(T[\d:]+Z)?$")
LINES = ("SELECT coalesce(start, '-'), coalesce(\"end\", '-'), item, amount, discount, tax, currency "
         "FROM v_invoice_line")


class Case:
    def __init__(self, section, title, at):
        self.section, self.title, self.at = section, title, at
        self.plans, self.setup, self.script, self.wanted = [], [], [], []
        self.first = None

    def plan(self, text):
        """NAME: PRICE CURRENCY, EVERY; KEY: VALUE; …"""
        head, *rest = [part.strip() for part in text.split(";")]
        name, price, currency, every = re.match(r"(\S+): (\S+) (\w+), (.+)$", head).groups()
        self.plans.append("\n".join([f"plan: {name}", f"currency: {currency}",
                                     f"price: {price}", f"every: {every}", *rest, ""]))

    def step(self, day, verb, rest):
        words = {"subscribe": "account subscribe a", "charge": "account charge a",
                 "credit": "account credit a", "pay": "account pay a",
                 "run": "invoice run", "plan": "plan", "void": "-y invoice void", "tax": "invoice tax",
                 "change": "account change a/", "cancel": "-y account cancel a/",
                 "set": "account set a"}[verb]
        glue = "" if words.endswith("/") else " "
        reason = " --reason case" if verb in ("charge", "credit", "void") else ""
        self.first = self.first or day
        self.script.append(f"--now {day} {words}{glue}{rest}{reason}")

    def read(self, line):
        word, _, rest = line.partition(" ")
        if DATED.match(word):
            self.step(word, *(rest.split(" ", 1) + [""])[:2])
        elif word == "plan":
            self.plan(rest)
        elif word == "=":
            self.wanted.append(rest)
        else:
            self.setup.append({"account": "account add a --email a@example.net ",
                               "tax": "invoice tax add ",
                               "coupon": "invoice coupon add "}[word] + rest)


def read_cases():
    cases, section = [], None
    with open(FILE, encoding="utf-8") as f:
        for at, line in enumerate(f, 1):
            line = line.rstrip()
            if line.startswith("# "):
                section = line[2:]
            elif not line or line.startswith("#"):
                continue
            elif not line.startswith(" "):
                cases.append(Case(section, line, at))
            else:
                try:
                    cases[-1].read(line.strip())
                except (AttributeError, KeyError, ValueError, TypeError):
                    sys.exit(f"cases.txt:{at}: not understood: {line.strip()}")
    return cases


def sxc(home, *args, text=None, now="2026-01-01"):
    env = dict(os.environ, SXC_HOME=home, SXC_NOW=now)
    done = subprocess.run([SXC, *args], input=text, text=True, capture_output=True, env=env)
    if done.returncode != 0:
        raise RuntimeError(f"sxc {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def money(minor, currency):
    digits = DIGITS.get(currency, 2)
    minor = int(minor)
    whole, part = divmod(abs(minor), 10 ** digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


def query(home, text):
    rows = sxc(home, "--no-header", "-o", "tsv", "sql", text).splitlines()
    return [row.split("\t") for row in rows]


def billed(home):
    out = []
    for start, end, item, amount, discount, tax, currency in query(home, LINES):
        line = f"{start} {end} {item} {money(amount, currency)}"
        if discount != "0":
            line += f" off {money(discount, currency)}"
        if tax != "0":
            line += f" tax {money(tax, currency)}"
        out.append(line)
    return out


def standing(home, wanted):
    """What is owed and what credit is left, for cases that say so."""
    (balance, credit, currency), = query(home, "SELECT balance, credit, currency FROM v_account")
    told = {"due": money(balance, currency), "credit": money(credit, currency)}
    return [f"{word} {told[word]}" for word in wanted]


def play(case, tmp):
    home = os.path.join(tmp, "home")
    sxc(home, "init", "--rehearsal", now=case.first)
    for text in case.plans:
        path = os.path.join(tmp, "plan.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        sxc(home, "plan", "apply", path, now=case.first)
    setup = sorted(case.setup, key=lambda line: line.startswith("account"))
    if not any(line.startswith("account") for line in setup):
        setup.append("account add a --email a@example.net")
    sxc(home, "shell", text="\n".join(setup + case.script) + "\n", now=case.first)
    sxc(home, "invoice", "check")
    for number in sxc(home, "-q", "invoice", "list").split():
        sxc(home, "invoice", "explain", number)
    sums = [line.split()[0] for line in case.wanted if line.split()[0] in ("due", "credit")]
    return billed(home) + standing(home, sums)


def main():
    failed = played = 0
    for case in read_cases():
        if sys.argv[1:] and case.section not in sys.argv[1:]:
            continue
        played += 1
        with tempfile.TemporaryDirectory() as tmp:
            try:
                found = play(case, tmp)
            except RuntimeError as e:
                found = [str(e)]
        if found != case.wanted:
            failed += 1
            print(f"cases.txt:{case.at}: {case.section}: {case.title}", "wanted:", *case.wanted,
                  "billed:", *found, sep="\n    ")
    print(f"{played} cases, {failed} failed")
    sys.exit(1 if failed or not played else 0)


main()
