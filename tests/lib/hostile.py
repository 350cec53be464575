#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packages that must be refused: hostile.py DIR writes DIR/NN-NAME.sxa and DIR/list (name, why).

DIR/good.sxa is a sound one, made by the same code. Needs zstd(1).
"""
import hashlib
import io
import subprocess
import sys
import tarfile

DIR = sys.argv[1]
WRAPPER = """  app: demo
  version: "1.0"
  title: a demonstration
  platforms: {debian-12: {packages: []}}
"""


def sha(data):
    return hashlib.sha256(data).hexdigest()


def member(name, data=b"x", kind=tarfile.REGTYPE, mode=0o644, link="", pax=None, size=None):
    info = tarfile.TarInfo(name)
    info.size = len(data) if size is None else size
    if kind != tarfile.REGTYPE:
        info.size = 0
    info.type, info.mode, info.linkname = kind, mode, link
    info.devmajor, info.devminor = 1, 3
    if pax:
        info.pax_headers = pax
    return info, data


def entry(path, data=b"x", size=None, digest=None, mode="0644"):
    return '  - {path: "%s", size: %s, sha256: "%s", mode: "%s"}\n' % (
        path, len(data) if size is None else size, digest or sha(data), mode)


def manifest(entries, head='format: 1\nversion: "1.0"\n', wrapper=WRAPPER):
    return (head + "wrapper:\n" + wrapper + "members:" +
            ("\n" + "".join(entries) if entries else " []\n")).encode()


def tar(members, fmt=tarfile.PAX_FORMAT):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=fmt, encoding="utf-8",
                      errors="surrogateescape") as out:
        for info, data in members:
            body = io.BytesIO(data) if info.isreg() else None
            if body is not None and info.size != len(data):
                out.fileobj.write(info.tobuf(fmt, "utf-8", "surrogateescape"))
                out.fileobj.write(data + b"\0" * (-len(data) % 512))
            else:
                out.addfile(info, body)
    return raw.getvalue()


def pack(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def package(members, entries=None, **more):
    if entries is None:
        entries = [entry(m[0].name, m[1]) for m in members]
    return pack(tar([member("manifest.yaml", manifest(entries, **more))] + members))


CASES = []


def case(name, why, data):
    CASES.append((name, why, data))


# ---- names that lead elsewhere ----
for name, path, why in (
        ("absolute", "/etc/passwd", "its path is absolute"),
        ("dotdot", "../../etc/passwd", "leads outward"),
        ("dotdot-inside", "files/../../etc/passwd", "leads outward"),
        ("dotdot-end", "files/..", "leads outward"),
        ("dot", "./files/a", "leads outward or is not plain"),
        ("double-slash", "files//a", "leads outward or is not plain"),
        ("slash-end", "files/a/", "is a directory|leads outward or is not plain"),
        ("newline", "files/a\nb", "control characters"),
        ("escape", "files/\x1b[31ma", "control characters"),
        ("delete", "files/\x7fa", "control characters"),
        ("not-utf8", "files/\udcff\udcfe", "not UTF-8"),
        ("overlong-utf8", "files/\udcc0\udcaf", "not UTF-8"),
        ("long-name", "files/" + "a" * 300, "not plain"),
):
    ok = [entry("files/a")]
    case(name, why, pack(tar([member("manifest.yaml", manifest(ok)), member(path)],
                             fmt=tarfile.GNU_FORMAT)))

# ---- kinds of entries ----
for name, kind, link, why in (
        ("symlink", tarfile.SYMTYPE, "/etc/passwd", "symbolic link"),
        ("symlink-inside", tarfile.SYMTYPE, "b", "symbolic link"),
        ("hardlink", tarfile.LNKTYPE, "/etc/shadow", "hard link"),
        ("hardlink-inside", tarfile.LNKTYPE, "manifest.yaml", "hard link"),
        ("char-device", tarfile.CHRTYPE, "", "is a device"),
        ("block-device", tarfile.BLKTYPE, "", "is a device"),
        ("fifo", tarfile.FIFOTYPE, "", "is a pipe"),
        ("directory", tarfile.DIRTYPE, "", "is a directory|not plain"),
):
    case(name, why, package([member("files/a", b"", kind=kind, link=link)], [entry("files/a", b"")]))
case("symlink-then-file", "symbolic link", package(
    [member("files", b"", kind=tarfile.SYMTYPE, link="/tmp"), member("files/a")],
    [entry("files/a")]))
case("setuid", "set-uid", package([member("a", mode=0o4755)], [entry("a", mode="0755")]))
case("setgid", "set-gid", package([member("a", mode=0o2755)], [entry("a", mode="0755")]))
case("sticky", "sticky", package([member("a", mode=0o1755)], [entry("a", mode="0755")]))
case("xattr", "extended attributes", package(
    [member("a", pax={"SCHILY.xattr.security.capability": "x"})]))

# ---- archive against manifest ----
case("extra-member", "the manifest lacks it", package([member("a"), member("b")], [entry("a")]))
case("missing-member", "is missing", package([member("a")], [entry("a"), entry("b")]))
case("no-members", "is missing", package([], [entry("a")]))
case("twice", "is there twice", package([member("a"), member("a")], [entry("a")]))
case("unsorted", "is not in its place", package([member("b"), member("a")],
                                                 [entry("a"), entry("b")]))
case("larger", "its size is not that", package([member("a", b"x" * 100)], [entry("a", b"x")]))
case("smaller", "its size is not that", package([member("a", b"x")], [entry("a", b"x" * 100)]))
case("other-digest", "its digest is not that", package([member("a", b"y")], [entry("a", b"x")]))
case("other-mode", "its mode is not that", package([member("a", mode=0o755)], [entry("a")]))
case("bomb", "its size is not that", package([member("a", b"\0" * (64 << 20))], [entry("a", b"x")]))
case("second-manifest", "the manifest lacks it",
     package([member("a"), member("manifest.yaml", b"format: 2\n")], [entry("a")]))

# ---- the manifest itself ----
case("no-manifest", "begins with manifest.yaml", pack(tar([member("a")])))
case("late-manifest", "begins with manifest.yaml",
     pack(tar([member("a"), member("manifest.yaml", manifest([entry("a")]))])))
case("manifest-link", "symbolic link", pack(tar([member("manifest.yaml", b"", kind=tarfile.SYMTYPE,
                                                        link="/etc/passwd")])))
case("huge-manifest", "larger than 1 MiB",
     pack(tar([member("manifest.yaml", b"# " + b"x" * (2 << 20))])))
case("manifest-nul", "NUL", pack(tar([member("manifest.yaml", b"format: 1\0\n")])))
case("manifest-not-utf8", "UTF-8", pack(tar([member("manifest.yaml", b"format: \xff\n")])))
case("manifest-alias", "manifest.yaml:", pack(tar([member("manifest.yaml",
                                                       b"format: &a 1\nversion: *a\n")])))
for name, why, entries in (
        ("listed-absolute", "path must be relative", [entry("/etc/passwd")]),
        ("listed-outward", "path must be relative", [entry("../a")]),
        ("listed-manifest", "path must be relative", [entry("manifest.yaml")]),
        ("listed-twice", "sorted", [entry("a"), entry("a")]),
        ("listed-unsorted", "sorted", [entry("b"), entry("a")]),
        ("listed-below-file", "below that of a file", [entry("a"), entry("a/b")]),
        ("listed-negative", "size must be", [entry("a", size=-1)]),
        ("listed-too-large", "size must be", [entry("a", size=1 << 50)]),
        ("listed-sum", "larger than 4 GiB", [entry("a", size=3 << 30), entry("b", size=3 << 30)]),
        ("listed-digest", "sha256 must be", [entry("a", digest="0" * 63)]),
        ("listed-mode", "mode must be", [entry("a", mode="4755")]),
):
    case(name, why, package([], entries))
for name, why, more in (
        ("format", "format must be", {"head": 'format: 2\nversion: "1.0"\n'}),
        ("no-version", "version", {"head": "format: 1\n"}),
        ("version-path", "no version", {"head": 'format: 1\nversion: "1/../../x"\n'}),
        ("unknown-key", "unknown key", {"head": 'format: 1\nversion: "1.0"\nrun: x\n'}),
        ("app-path", "app must be", {"wrapper": WRAPPER.replace("demo", "../demo")}),
        ("script-missing", "is not there", {"wrapper": WRAPPER + "  actions: {install: a}\n"}),
        ("script-outward", "install must be",
         {"wrapper": WRAPPER + "  actions: {install: ../a}\n"}),
        ("template-relative", "to must be",
         {"wrapper": WRAPPER + "  templates: [{from: a, to: etc/x}]\n"}),
        ("template-outward", "to must be",
         {"wrapper": WRAPPER + "  templates: [{from: a, to: /etc/../x}]\n"}),
        ("unit-option", "a unit is named", {"wrapper": WRAPPER + "  services: [{unit: --now.service}]\n"}),
        ("package-option", "packages must be",
         {"wrapper": WRAPPER.replace("packages: []", 'packages: ["--force-all"]')}),
        ("match-broken", "match must be",
         {"wrapper": WRAPPER + '  settings: {a: {type: string, match: "(", help: x}}\n'}),
):
    case(name, why, package([], [], **more))

# ---- not an archive at all ----
good = package([member("files/a", b"hello\n"), member("run", b"#!/bin/sh\n", mode=0o755)],
               [entry("files/a", b"hello\n"), entry("run", b"#!/bin/sh\n", mode="0755")])
case("empty", "refused", b"")
case("garbage", "refused", b"\x28\xb5\x2f\xfd" + b"garbage" * 100)
case("text", "refused", b"this is no package\n")
case("truncated", "refused", good[:len(good) * 2 // 3])
case("gzip", "refused", subprocess.run(["gzip", "-c"], input=tar([member(
    "manifest.yaml", manifest([]))]), stdout=subprocess.PIPE, check=True).stdout)
case("zip", "refused", b"PK\x03\x04" + b"\0" * 60)

with open(DIR + "/good.sxa", "wb") as out:
    out.write(good)
with open(DIR + "/list", "w", encoding="utf-8") as index:
    for number, (name, why, data) in enumerate(CASES):
        path = "%02d-%s.sxa" % (number, name)
        with open(DIR + "/" + path, "wb") as out:
            out.write(data)
        index.write("%s\t%s\n" % (path, why))
print(len(CASES))
