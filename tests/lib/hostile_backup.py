#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Backups of private servers that must be refused: hostile_backup.py DIR writes DIR/NN-NAME.sxb and
DIR/list (name, why). DIR/good.sxb is a sound one, made by the same code. Needs zstd(1)."""
import hashlib
import io
import struct
import subprocess
import sys
import tarfile

DIR = sys.argv[1]
MANIFEST = b'{"backup": 1, "name": "a", "hostname": "a", "bounds": {"disk": 67108864}}'


def member(name, data=b"x", kind=tarfile.REGTYPE, link="", uid=0):
    info = tarfile.TarInfo(name)
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    info.type, info.linkname, info.uid = kind, link, uid
    info.devmajor, info.devminor = 1, 3
    return info, data


def folder(name):
    return member(name, b"", tarfile.DIRTYPE)


def pack(members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as out:
        for info, data in members:
            out.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return subprocess.run(["zstd", "-q", "-c"], input=raw.getvalue(), stdout=subprocess.PIPE,
                          check=True).stdout


def seal(data):
    return data + struct.pack("<II", 0x184D2A5E, 36) + b"sxcB" + hashlib.sha256(data).digest()


TOP = [member("sxc-backup.json", MANIFEST), folder("root")]
GOOD = seal(pack(TOP + [member("root/a")]))
CASES = [
    ("empty", "cut short", b""),
    ("no-backup", "is no backup of a private server", b"hello, world" * 100),
    ("no-seal", "cut short", GOOD[:-44]),
    ("truncated", "cut short", GOOD[:-60]),
    ("flipped", "is damaged", GOOD[:40] + bytes([GOOD[40] ^ 1]) + GOOD[41:]),
    ("no-manifest", "the manifest does not come first", seal(pack(TOP[1:]))),
    ("bad-manifest", "its manifest is damaged",
     seal(pack([member("sxc-backup.json", b"{backup")] + TOP[1:]))),
    ("newer", "of a form this sxc does not know",
     seal(pack([member("sxc-backup.json", b'{"backup": 2}')] + TOP[1:]))),
    ("dot-dot", "leads out of the private server", seal(pack(TOP + [member("root/../x")]))),
    ("absolute", "leads out of the private server", seal(pack(TOP + [member("/etc/passwd")]))),
    ("beside", "leads out of the private server", seal(pack(TOP + [member("rootkit")]))),
    ("hard-link", "is a hard link out of the private server",
     seal(pack(TOP + [member("root/b", b"", tarfile.LNKTYPE, "../etc/shadow")]))),
    ("device", "is a device or a socket",
     seal(pack(TOP + [member("root/null", b"", tarfile.CHRTYPE)]))),
    ("owner", "belongs to an id above 65535", seal(pack(TOP + [member("root/b", uid=65536)]))),
    ("bomb", "more than the private server may hold",
     seal(pack(TOP + [member("root/big", b"\0" * (200 << 20))]))),
    ("nothing", "there are no files in it", seal(pack(TOP[:1]))),
]

with open(DIR + "/list", "w", encoding="utf-8") as names:
    for n, (name, why, data) in enumerate(CASES):
        path = "%02d-%s.sxb" % (n, name)
        with open(DIR + "/" + path, "wb") as out:
            out.write(data)
        names.write("%s\t%s\n" % (path, why))
with open(DIR + "/good.sxb", "wb") as out:
    out.write(GOOD)
