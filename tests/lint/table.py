# SPDX-License-Identifier: MIT
"""Commands and options against the manual: table.py TABLE PAGE…

Each noun has man/sxc-NOUN.1 that explains each verb (an ".It Cm" of its section Verbs, or a line of
the synopsis where the noun has no verbs) and each long option (.Fl -name); no page speaks of verbs
or options that are not there.
"""
import os
import re
import sys


def read_table(path):
    verbs, options, global_options = {}, {}, set()
    for row in open(path, encoding="utf-8"):
        noun, verb, option, letter, _ = row.rstrip("\n").split("\t", 4)
        names = {"-" + option} | ({letter} if letter else set()) if option else set()
        if not noun:
            global_options |= names
            continue
        words = noun.split() + ([verb] if verb else [])
        verbs.setdefault(words[0], set()).add(" ".join(words[1:]))
        options.setdefault(words[0], set()).update(names)
    return verbs, options, global_options


def items(text):
    """The words of ".It Cm start , stop" or ".It Cm user add Ar X": ["start", "stop"]."""
    plain = []
    for word in text.split():
        if word in ("Ar", "Fl", "Op", "Oo", "Li", "Xo", "Pq"):
            break
        if word not in ("Cm", "Ic", "|"):
            plain.append(word if word != "|" else ",")
        elif word == "|":
            plain.append(",")
    return [i.strip() for i in " ".join(plain).split(",") if i.strip()]


class Page:
    def __init__(self, path):
        self.path = path
        self.verbs = {}
        self.options = {}
        self.synopsis = {}
        self.lines = open(path, encoding="utf-8").read().split("\n")
        section, depth = "", 0
        for number, line in enumerate(self.lines, 1):
            if m := re.match(r"\.(Sh|Ss) (.*)", line):
                section, depth = m.group(2).strip('"').lower(), 0
            depth += line.startswith(".Bl ") - line.startswith(".El")
            if section == "verbs" and depth == 1 and line.startswith(".It Cm "):
                for item in items(line[4:]):
                    self.verbs.setdefault(item, number)
            if section == "synopsis" and (m := re.match(r"\.Nm sxc (.*)", line)):
                self.add_synopsis(m.group(1), number)
            self.add_options(line, number)

    def add_synopsis(self, text, number):
        text = re.split(r"\b(?:Ar|Fl|Op|Oo|Li|Xo|Cm)\b|--", text)[0]
        words = text.replace("|", " | ").split()
        if not words:
            return
        path, last = [], []
        for i, word in enumerate(words):
            if word == "|":
                continue
            joined = i and words[i - 1] == "|" or i + 1 < len(words) and words[i + 1] == "|"
            (last if joined else path).append(word)
        for choice in last or [None]:
            self.synopsis.setdefault(" ".join(path + ([choice] if choice else [])), number)

    def add_options(self, line, number):
        if not line.startswith(".") or line.startswith('.\\"'):
            return
        other = "Ic sxc" in line
        flags = False
        for word in line.split():
            if word in ("Fl", ".Fl"):
                flags = True
            elif flags and word not in (",", "|"):
                name = word.rstrip(",.;:)")
                flags = bool(re.fullmatch(r"-[a-z0-9-]+|[a-zA-Z]", name))
                if flags:
                    self.options.setdefault(name, (number, other))


def check_noun(page, noun, verbs, own, known, everything):
    for verb in sorted(verbs - {""}):
        if verb not in page.verbs:
            yield 1, f"the verb '{verb}' is not explained: .It Cm {verb} in section Verbs"
    if "" in verbs and noun not in page.synopsis:
        yield 1, f"the synopsis has no line .Nm sxc {noun}"
    for verb, number in page.verbs.items():
        if verb not in verbs:
            yield number, f"there is no verb '{verb}'"
    for path, number in page.synopsis.items():
        words = path.split()
        if words[0] != noun or " ".join(words[1:]) not in verbs:
            yield number, f"there is no command 'sxc {path}'"
    for option in sorted(own):
        if len(option) > 1 and option not in page.options:
            yield 1, f"the option -{option} is not explained: .Fl {option}"
    for option, (number, other) in page.options.items():
        if option not in known and not (other and option in everything):
            yield number, f"there is no option -{option}"


def main():
    verbs, options, global_options = read_table(sys.argv[1])
    everything = global_options.union(*options.values())
    pages = {os.path.basename(p): Page(p) for p in sys.argv[2:]}
    for noun in sorted(verbs):
        page = pages.pop(f"sxc-{noun}.1", None)
        if not page:
            print(f"man/sxc-{noun}.1:1: the page is missing")
            continue
        own = options.get(noun, set())
        for number, text in check_noun(
                page, noun, verbs[noun], own, own | global_options, everything):
            print(f"{page.path}:{number}: {text}")
    main_page = pages.pop("sxc.1", None)
    if not main_page:
        print("man/sxc.1:1: the page is missing")
    else:
        text = "\n".join(main_page.lines)
        for option in sorted(global_options):
            if option not in main_page.options:
                print(f"{main_page.path}:1: the global option -{option} is not explained")
        for noun in sorted(verbs):
            if f"Xr sxc-{noun} 1" not in text:
                print(f"{main_page.path}:1: no reference to sxc-{noun}(1)")
    for page in pages.values():
        if re.match(r"sxc-", os.path.basename(page.path)):
            print(f"{page.path}:1: there is no noun of this name")


main()
