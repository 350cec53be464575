#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Walk every document of rich books and derive it again from explain alone.

Usage: tests/money/explain.py

The books have plans of every kind, several rates of tax that change, prices with tax in them,
coupons, usage in tiers, trials, set-up fees, stubs, changes up and down, cancellations of every
kind, late readings, charges, credit notes, voids, three currencies.
"""
import json
import os
import subprocess
import sys
import tempfile

from rederive import Rederived, Underived

SXC = os.path.abspath(os.environ.get("SXC", "./sxc"))

PLANS = """
plan: web; price: 24.95; every: 1 month; setup: 10.00; options: {ip: {price: 2.00, max: 9}}
plan: big; price: 99.99; every: 1 month; setup: 10.00; options: {ip: {price: 1.75, max: 9}}
plan: gross; price: 19.99; every: 1 month; prices-include-tax: yes; setup: 5.00; options: {ip: {price: 0.99, max: 9}}
plan: late; price: 30.01; every: 1 month; bill: arrears; setup: 3.00; options: {ip: {price: 2.00, max: 9}}
plan: year; price: 365.25; every: 1 year; align: day 1
plan: weeks; price: 7.77; every: 2 weeks
plan: free; price: 5.00; every: 1 month; tax: exempt
plan: tried; price: 12.34; every: 1 month; trial: 14 days; setup: 1.00
plan: metered; price: 1.00; every: 3 months; usage: {transfer: {included: 50G, unit: 1G, price: 0.10}, mailboxes: {included: 5, unit: 1, measure: max, model: graduated, tiers: [{upto: 20, price: 1.00}, {price: 0.50}]}, cores: {unit: 1, measure: average, model: volume, tiers: [{upto: 4, price: 0.333333}, {price: 0.25}]}}
plan: yen; currency: JPY; price: 1980; every: 1 month; setup: 500; prices-include-tax: yes
plan: dinar; currency: KWD; price: 7.125; every: 1 month; setup: 0.500
"""

SCRIPT = """
invoice tax add gst --rate 5%
invoice tax add qst --rate 9.975%
invoice tax add tva --country FR --rate 20%
invoice tax add ct --country JP --rate 10%
invoice coupon add part --percent 33.333%
invoice coupon add all --percent 100% --periods 2
invoice coupon add ten --amount 10.00 --currency USD --periods 3
invoice coupon add odd --amount 0.07 --currency USD
account add ann --email a@example.net --tax gst --tax qst --bill-day 25
account add bob --email b@example.net --country FR
account add cas --email c@example.net --country JP --currency JPY --timezone Asia/Tokyo
account add dan --email d@example.net --currency KWD --tax gst
account subscribe ann web --option ip=2 --coupon ten
account subscribe ann gross --option ip=3 --coupon odd
account subscribe ann late --option ip=1 --coupon part
account subscribe ann year --coupon part
account subscribe ann weeks
account subscribe ann free --coupon all
account subscribe ann tried --coupon ten
account subscribe ann metered
account subscribe bob gross --coupon part
account subscribe bob web --option ip=1
account subscribe bob metered
account subscribe bob gross
account subscribe cas yen
account subscribe dan dinar --coupon part
invoice run
@2026-01-20 account change ann/1 --plan big --when now
@2026-01-20 account change ann/2 --plan big --option ip=1 --when now
@2026-01-20 account change ann/3 --plan late --option ip=4 --when now
@2026-01-20 account change bob/1 --plan web --when renewal
@2026-01-20 -y account cancel bob/2 --when withdraw
@2026-01-25 account charge ann 12.34 --reason work
@2026-01-25 account charge bob 1 --reason stamps --exempt
@2026-01-28 invoice run
@2026-02-01 usage import USAGE
@2026-02-10 invoice run
@2026-02-11 usage import LATE
@2026-02-11 invoice tax set gst --rate 6.5%
@2026-02-11 invoice tax set tva --rate 19.6%
@2026-02-12 account change ann/1 --plan web --when now
@2026-02-13 account change cas/1 --price 1001 --when now
@2026-02-14 -y account cancel dan/1 --when now
@2026-02-14 account subscribe dan dinar
@2026-02-14 -y account cancel ann/5 --when end
@2026-02-28 invoice run
@2026-03-01 -y invoice void 2026-000010 --reason wrong
@2026-03-01 -y invoice credit-note 2026-000002 --line 1 --reason sorry
@2026-03-02 account change ann/4 --plan weeks --when now
@2026-04-15 invoice run
@2026-04-16 -y account cancel ann/1 --when now
@2026-04-16 -y account cancel ann/2 --when now
@2026-04-16 -y account cancel ann/8 --when now
@2026-04-16 -y account cancel bob/4 --when now
@2026-06-01 invoice run
@2026-06-02 -y invoice void LAST --reason wrong
@2026-06-03 invoice run
"""

# What the books must hold, or they prove too little: words of "how".
KINDS = ("sum ", "max ", "average of", "volume", "graduated", "included x", "a period, here",
         "% of", "takes back", "of its discount", "all of it", "rounded", "agreed instead")


class Home:
    def __init__(self, path):
        self.path = path

    def sxc(self, *args, text=None):
        env = dict(os.environ, SXC_HOME=self.path, SXC_NOW="2026-01-07T12:00:00Z")
        done = subprocess.run([SXC, *args], input=text or "", text=True, capture_output=True,
                              env=env, check=False)
        if done.returncode:
            sys.exit(f"sxc {' '.join(args)}: {done.returncode}\n{done.stdout[-500:]}{done.stderr}")
        return done.stdout

    def documents(self, verb, numbers):
        """One JSON document of each, in one go."""
        text = self.sxc("shell", text="".join(f"-o json invoice {verb} {n}\n" for n in numbers))
        decoder, at, out = json.JSONDecoder(), 0, []
        while at < len(text.rstrip()):
            document, at = decoder.raw_decode(text, at)
            at += len(text[at:]) - len(text[at:].lstrip())
            out.append(document)
        return out

    def walk(self):
        """Derive every document again: how many lines, and what differs."""
        numbers = self.sxc("-q", "invoice", "list").split()
        explained = dict(zip(numbers, (d["lines"] for d in self.documents("explain", numbers))))
        shown = self.documents("show", numbers)
        derived = Rederived(explained, {d["invoice"]: d["currency"] for d in shown})
        differ = []
        for document in shown:
            try:
                differ += derived.differences(document)
            except Underived as e:
                differ.append(f"{document['invoice']}: {e}")
        return explained, differ


def readings(path, days):
    with open(path, "w", encoding="utf-8") as f:
        f.write("subscription,resource,start,end,value\n")
        for sub in ("ann/8", "bob/3"):
            for day in days:
                for resource, value in (("transfer", day * 3 * 2 ** 30 + 12345), ("mailboxes", day),
                                        ("cores", 1 + day % 7)):
                    f.write(f"{sub},{resource},2026-01-{day:02}T06:00:00Z,"
                            f"2026-01-{day:02}T07:00:00Z,{value}\n")


def make(tmp):
    home = Home(tmp + "/home")
    home.sxc("init", "--rehearsal")
    home.sxc("config", "set", "dunning.schedules", "later: [{after: 3650 days, do: remind}]")
    home.sxc("config", "set", "dunning", "later")
    for text in PLANS.strip().splitlines():
        path = f"{tmp}/plan.yaml"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("; ", "\n") + "\n")
            if "currency" not in text:
                f.write("currency: USD\n")
        home.sxc("plan", "apply", path)
    readings(tmp + "/usage.csv", range(8, 30, 2))
    readings(tmp + "/late.csv", range(9, 30, 4))
    script = SCRIPT.replace("USAGE", tmp + "/usage.csv").replace("LATE", tmp + "/late.csv")
    head, tail = script.split("@2026-06-02")
    home.sxc("shell", text=head.replace("@2026", "--now 2026"))
    last = home.sxc("-q", "invoice", "list", "--open").split()[-1]
    home.sxc("shell", text=("--now 2026-06-02" + tail).replace("@2026", "--now 2026")
             .replace("LAST", last))
    home.sxc("invoice", "check")
    return home


def main():
    with tempfile.TemporaryDirectory() as tmp:
        explained, differ = make(tmp).walk()
    lines = [line for document in explained.values() for line in document]
    lacks = [kind for kind in KINDS if not any(kind in line["how"] for line in lines)]
    for text in differ:
        print(text)
    if lacks:
        print("the books have no line that says:", *lacks, sep="\n    ")
    if differ or lacks:
        sys.exit(1)
    print(f"{len(explained)} documents, {len(lines)} lines: derived again from explain alone")


if __name__ == "__main__":
    main()
