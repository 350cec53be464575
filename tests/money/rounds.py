#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exactly once: many sxc at the same books, killed and with a failing disk, at random moments.

Usage: tests/money/rounds.py [SEED [ROUNDS]]

A round copies prepared books and lets billing runs, payments, charges, mail and gateway runs loose on
them, several of each at once. Some are killed (SIGKILL), for some the disk is full from a random call
on, or one call or every sync fails. Then the work is finished calmly, once, and the books must prove
that every period was billed once, and every payment, charge, late fee and message made once.

A round is what its seed says, but for the moments at which the machine lets things happen:
"rounds.py 17 1" repeats round 17. FAIL_SO names the library made of tests/faults/fail.c; without it
no disk fails.
"""
import collections
import datetime as dt
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

SXC = os.path.abspath(os.environ.get("SXC", "./sxc"))
LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
FAIL_SO = os.environ.get("FAIL_SO")
DAY = dt.timedelta(days=1)
BILLED = dt.date(2026, 2, 1)        # up to here the prepared books are billed
REFUSED = {4, 5, 10, 11}            # in the books already, nothing to pay, some wait, another run
DUNNING = ("fees: [{after: 1 day, do: late-fee, amount: {USD: 5.00}}, {after: 1 day, do: remind}, "
           "{after: 1 day, do: remind}]")


def month_on(day, n):
    """n months after day, which is not beyond the 28th."""
    months = day.month - 1 + n
    return day.replace(year=day.year + months // 12, month=months % 12 + 1)


class Wrong(Exception):
    pass


class Home:
    def __init__(self, path, now):
        self.path, self.now = path, now
        self.outbox = path + ".outbox"

    def env(self, **more):
        return dict(os.environ, SXC_HOME=self.path, SXC_NOW=f"{self.now}T12:00:00Z", **more)

    def sxc(self, *args, text=None, may=(0,)):
        done = subprocess.run([SXC, *args], input=text or "", text=True, capture_output=True,
                              env=self.env(), check=False)
        if done.returncode not in may:
            raise Wrong(f"sxc {' '.join(args)}: {done.returncode}: {done.stdout[-800:]}"
                        f"{done.stderr[-800:]}")
        return done.stdout

    def rows(self, text):
        db = sqlite3.connect(self.path + "/sxc.db")
        try:
            return db.execute(text).fetchall()
        finally:
            db.close()

    def count(self, text):
        return collections.Counter(row[0] for row in self.rows(text))


class Books:
    """Prepared books: accounts with a monthly plan each, billed up to BILLED, and how long it takes
    to bill them on. With few accounts mail is on and some have a card; with many, a run has more
    than one batch."""

    def __init__(self, tmp, name, accounts, outside):
        self.outside = outside
        self.home = Home(f"{tmp}/{name}", BILLED)
        self.starts = {}
        rnd = random.Random(name)
        home = self.home
        home.sxc("init", "--rehearsal")
        with open(f"{tmp}/web.yaml", "w", encoding="utf-8") as f:
            f.write("plan: web\ncurrency: USD\nprice: 9.99\nsetup: 1.00\nevery: 1 month\n")
        home.sxc("plan", "apply", f"{tmp}/web.yaml")
        home.sxc("config", "set", "dunning.schedules", DUNNING)
        home.sxc("config", "set", "dunning", "fees")
        script = []
        for i in range(accounts):
            day = dt.date(2025, 12, 1) + DAY * rnd.randrange(28)
            self.starts[f"c{i}/1"] = day
            script += [f"account add c{i} --email c{i}@example.net",
                       f"--now {day}T12:00:00Z account subscribe c{i} web"]
        home.sxc("-q", "shell", text="\n".join(script) + "\ninvoice run\n")
        if outside:
            self.reach_out(tmp)
        self.takes = self.time_runs(tmp)

    def reach_out(self, tmp):
        home = self.home
        home.sxc("config", "set", "mail.from", "b@example.net")
        home.sxc("config", "set", "mail.command", os.path.join(LIB, "recorder"))
        os.makedirs(home.path + "/gateways")
        shutil.copy(os.path.join(LIB, "gateway"), home.path + "/gateways/sxc-gateway-test")
        home.sxc("invoice", "gateway", "add", "test")
        with open(f"{tmp}/token", "w", encoding="utf-8") as f:
            f.write("tok\n")
        for i in range(6):
            home.sxc("account", "method", "add", f"c{i}", "--gateway", "test", "--token-file",
                     f"{tmp}/token", "--label", "card")

    def copy(self, path, now):
        shutil.copytree(self.home.path, path)
        os.makedirs(path + ".outbox")
        return Home(path, now)

    def time_runs(self, tmp):
        home = self.copy(f"{tmp}/timed", BILLED + DAY * 40)
        takes = {}
        for name, args in (("start", ["version"]), ("run", ["invoice", "run"])):
            begun = time.monotonic()
            home.sxc(*args)
            takes[name] = time.monotonic() - begun
        shutil.rmtree(home.path)
        shutil.rmtree(home.outbox)
        return takes


class Round:
    def __init__(self, books, seed, tmp):
        self.rnd = random.Random(seed)
        self.books, self.seed = books, seed
        self.today = BILLED + DAY * self.rnd.randrange(12, 75)
        self.home = books.copy(f"{tmp}/round{seed}", self.today)
        self.told, self.counts = [], collections.Counter()
        owed = self.home.rows("SELECT number, balance FROM invoice WHERE state = 'open' ORDER BY id")
        self.payments = [(number, amount, f"bank-{i}") for i, (number, amount)
                         in enumerate(self.rnd.sample(owed, 4))]
        self.charges = [(f"c{i}", f"work {i}") for i in
                        self.rnd.sample(range(len(books.starts)), 4)]

    # ---- what is let loose ----

    @staticmethod
    def pay(payment):
        number, amount, external = payment
        return ["invoice", "pay", number, f"{amount // 100}.{amount % 100:02}", "--external-id",
                external]

    @staticmethod
    def charge(charge):
        account, reason = charge
        return ["--request-key", reason.replace(" ", "-"), "account", "charge", account, "3",
                "--exempt", "--reason", reason]

    def commands(self):
        out = [["invoice", "run"], ["invoice", "run"]]
        out += 2 * [self.pay(self.rnd.choice(self.payments))]
        out += 2 * [self.charge(self.rnd.choice(self.charges))]
        if self.books.outside:
            out += 2 * [["mail", "run"]] + [["invoice", "gateway", "run"]]
        self.rnd.shuffle(out)
        return out

    def fault(self):
        with_, call, most = self.rnd.choice([("ENOSPC", "", 60), ("EIO", "", 60), ("EIO", "sync", 6)])
        return {"LD_PRELOAD": FAIL_SO, "FAIL_UNDER": self.home.path, "FAIL_WITH": with_,
                "FAIL_CALL": call, "FAIL_AT": str(self.rnd.randrange(1, most))}

    def fate(self, args):
        """Seconds to live or None, and what fails."""
        dice = self.rnd.random()
        long = "run" in args
        if dice < 0.5:
            return self.rnd.random() * (self.books.takes["run"] if long else
                                        3 * self.books.takes["start"]), {}
        return None, self.fault() if dice < 0.75 and FAIL_SO else {}

    def wave(self):
        running = []
        for args in self.commands():
            lives, fault = self.fate(args)
            proc = subprocess.Popen([SXC, *args], stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                    env=self.home.env(**fault))
            running.append((proc, args, time.monotonic(), lives, fault))
        for proc, args, begun, lives, fault in sorted(running, key=lambda r: r[3] or 1e9):
            try:
                err = proc.communicate(timeout=None if lives is None else
                                       max(0, begun + lives - time.monotonic()))[1]
            except subprocess.TimeoutExpired:
                proc.kill()
                err = proc.communicate()[1]
            self.note(args, proc.returncode, lives, fault, err)

    def note(self, args, status, lives, fault, err):
        how = {k: v for k, v in fault.items() if k.startswith("FAIL_") and k != "FAIL_UNDER"}
        self.told.append(f"{' '.join(args)}: {status} "
                         f"{f'{lives:.4f} s' if lives is not None else ''} {how or ''} {err.strip().splitlines()[-1:]}")
        if status == -9:
            self.counts["killed"] += 1
        elif fault and status not in (0, *REFUSED):
            self.counts["failed"] += 1
        elif status == 0 or status in REFUSED:
            self.counts["ended"] += 1
        else:
            raise Wrong(self.told[-1])

    # ---- to the end, once, calmly ----

    def finish(self):
        home = self.home
        for charge in self.charges:
            home.sxc(*self.charge(charge))
        for payment in self.payments:
            home.sxc(*self.pay(payment), may=(0, 4, 5))
        for _ in range(4):                       # a step of dunning a run
            home.sxc("invoice", "run")
        if not self.books.outside:
            return
        # What was refused waits, some hours at most. What a killed run had just started may hold its
        # lock for a moment.
        for days in range(1, 9):
            home.now = self.today + DAY * days
            time.sleep(0.1 * (days - 1))
            home.sxc("invoice", "gateway", "run", may=(0, 10, 11))
            home.sxc("mail", "run", may=(0, 10, 11))
            if not home.rows("SELECT 1 FROM mail WHERE state IN ('queued', 'sending')") and \
                    not home.rows("SELECT 1 FROM charge WHERE state NOT IN ('paid', 'dropped')"):
                return
        raise Wrong("mail or charges still wait")

    # ---- what must hold ----

    def same(self, what, found, wanted):
        if found != wanted:
            raise Wrong(f"{what}: too few {dict(wanted - found)}, too many {dict(found - wanted)}")
        self.counts[what] += sum(found.values())

    def prove(self):
        home = self.home
        home.sxc("invoice", "check")
        home.sxc("audit", "verify")
        if home.rows("PRAGMA integrity_check") != [("ok",)]:
            raise Wrong("the store is damaged")
        self.prove_periods()
        each = collections.Counter
        self.same("payments",
                  home.count("SELECT external_id || ' ' || amount FROM payment "
                             "WHERE gateway = 'manual'"),
                  each(f"{external} {amount}" for _, amount, external in self.payments))
        self.same("charges",
                  home.count("SELECT text FROM invoice_line WHERE item = 'extra' "
                             "AND text LIKE 'work %'"),
                  each(reason for _, reason in self.charges))
        self.same("late fees",
                  home.count("SELECT text FROM invoice_line WHERE text LIKE 'late fee%'"),
                  home.count("SELECT 'late fee, invoice ' || i.number FROM dunning d "
                             "JOIN invoice i ON i.id = d.invoice WHERE d.do = 'late-fee'"))
        if self.books.outside:
            self.prove_gateway()
            self.prove_mail()

    def prove_periods(self):
        wanted = collections.Counter()
        for sub, start in self.books.starts.items():
            wanted[f"{sub} {start} setup"] += 1
            n = 0
            while month_on(start, n) <= self.today:
                wanted[f"{sub} {month_on(start, n)} plan"] += 1
                n += 1
        self.same("periods",
                  self.home.count("SELECT subscription || ' ' || start || ' ' || item "
                                  "FROM v_invoice_line WHERE subscription IS NOT NULL"), wanted)

    def prove_gateway(self):
        """What the gateway took is what is in the books, once an invoice."""
        try:
            with open(self.home.path + "/gw/taken", encoding="utf-8") as f:
                taken = collections.Counter(line.split()[0] for line in f)
        except FileNotFoundError:
            taken = collections.Counter()
        self.same("cards", taken, self.home.count(
            "SELECT c.key FROM charge c JOIN payment p ON p.gateway = 'test' "
            "AND p.external_id = c.external_id AND p.amount = c.amount WHERE c.state = 'paid'"))
        twice = self.home.rows("SELECT invoice FROM charge WHERE state = 'paid' GROUP BY 1 "
                               "HAVING count(*) > 1")
        if twice:
            raise Wrong(f"charged twice: invoices {twice}")

    def recorded(self):
        found = collections.Counter()
        for name in os.listdir(self.home.outbox):
            if name.endswith(".eml"):
                with open(f"{self.home.outbox}/{name}", encoding="ascii") as f:
                    text = f.read()
                if not re.search(r"\n--\S+--\n\Z|\n\Z", text):
                    raise Wrong(f"half a message: {text[-200:]}")
                found[re.search(r"^Message-ID:\s+<([^@>]+)", text, re.M).group(1)] += 1
        return found

    def prove_mail(self):
        """One notice a document, one message a row; the recorder may still be at the last."""
        wanted = self.home.count("SELECT 'sxc-' || id || '-' || nonce FROM mail")
        until = time.monotonic() + 60
        while sum(self.recorded().values()) < sum(wanted.values()) and time.monotonic() < until:
            time.sleep(0.05)
        self.same("messages", self.recorded(), wanted)
        self.same("notices", self.home.count("SELECT invoice FROM mail WHERE template = 'invoice'"),
                  self.home.count("SELECT id FROM invoice WHERE kind = 'invoice' AND opened > "
                                  f"{int(time.mktime((2026, 2, 2, 0, 0, 0, 0, 0, 0)))}"))
        self.same("reminders", self.home.count("SELECT invoice FROM mail WHERE template = 'reminder'"),
                  self.home.count("SELECT invoice FROM dunning WHERE do = 'remind'"))

    def play(self):
        for _ in range(3):
            self.wave()
        self.finish()
        self.prove()


def play(books, seed, tmp):
    one = Round(books, seed, tmp)
    try:
        one.play()
    except Wrong as e:
        print(f"round {seed}, on {one.today}:", *one.told, sep="\n    ")
        print(f"round {seed}: {e}\nagain: tests/money/rounds.py {seed} 1")
        sys.exit(1)
    shutil.rmtree(one.home.path)
    shutil.rmtree(one.home.outbox)
    return one.counts


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else int(time.time()) % 1000000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    total = collections.Counter()
    print(f"rounds {seed} to {seed + rounds - 1}", flush=True)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = os.path.realpath(tmp)
        kinds = [Books(tmp, "few", 40, True), Books(tmp, "many", 1200, False)]
        for i in range(seed, seed + rounds):
            total += play(kinds[i % 4 == 3], i, tmp)
    print(f"{rounds} rounds, everything once:", ", ".join(f"{v} {k}" for k, v in total.items()))
    lacks = [k for k in ("killed", "ended", "failed") if not total[k] and (k != "failed" or FAIL_SO)]
    if lacks and rounds >= 20:
        sys.exit(f"nothing was proven: none {', none '.join(lacks)}")


main()
