#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Print C definitions of the types in a list, from `bpftool -j btf dump`. See generate.sh."""

import fnmatch
import json
import sys

RECORD = ("STRUCT", "UNION")
ENUM = ("ENUM", "ENUM64")
MODIFIER = {"CONST": "const ", "VOLATILE": "volatile ", "RESTRICT": "", "TYPE_TAG": ""}
ANON = "(anon)"
POINTER_BYTES = 8
BUILTIN = ("__builtin_va_list",)


def fail(text):
    sys.exit("trim_btf: " + text)


class Wanted:
    """The parsed list: names in order, and the members of each."""

    def __init__(self, path):
        self.records, self.enums, self.typedefs, self.constants = {}, [], [], []
        for number, line in enumerate(open(path), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            head, _, tail = line.partition(":")
            words = head.split()
            if words[0] in ("struct", "union") and len(words) == 2 and tail:
                self.records.setdefault((words[0].upper(), words[1]), []).extend(tail.split())
            elif words == ["enum"] and tail:
                self.constants.extend(tail.split())
            elif words[0] == "enum" and tail.strip() == "*":
                self.enums.append(words[1])
            elif words[0] == "typedef" and len(words) == 2:
                self.typedefs.append(words[1])
                self.records.setdefault(("TYPEDEF", words[1]), []).extend(tail.split())
            else:
                fail(f"{path}:{number}: not understood: {line}")


class Btf:
    def __init__(self, path):
        types = json.load(open(path))["types"]
        self.by_id = {t["id"]: t for t in types}
        self.by_name = {}
        for t in types:
            if t.get("name", ANON) != ANON:
                self.by_name.setdefault((t["kind"], t["name"]), []).append(t)

    def get(self, type_id):
        return self.by_id.get(type_id)

    def skip(self, type_id):
        """The type without its modifiers and typedefs."""
        t = self.get(type_id)
        while t and (t["kind"] in MODIFIER or t["kind"] == "TYPEDEF"):
            t = self.get(t["type_id"])
        return t

    def size(self, type_id):
        t = self.skip(type_id)
        if t["kind"] == "PTR":
            return POINTER_BYTES
        if t["kind"] == "ARRAY":
            return t["nr_elems"] * self.size(t["type_id"])
        return t["size"]

    def align(self, type_id):
        t = self.skip(type_id)
        if t["kind"] == "ARRAY":
            return self.align(t["type_id"])
        if t["kind"] in RECORD:
            return max([self.align(m["type_id"]) for m in t["members"]], default=1)
        return min(self.size(type_id), POINTER_BYTES * 2)

    def flat(self, t):
        """Members by name, those of anonymous members included: (name, member)."""
        for m in t["members"]:
            inner = self.skip(m["type_id"])
            if m["name"] == ANON and inner["kind"] in RECORD:
                yield from self.flat(inner)
            elif m["name"] != ANON:
                yield m["name"], m


class Header:
    def __init__(self, btf, wanted):
        self.btf, self.wanted = btf, wanted
        self.text, self.done, self.forward, self.missing = [], set(), set(), []

    # -- declarations ----------------------------------------------------------------------
    def declare(self, type_id, name, depth):
        """C text of `type name`; what is held by value is defined first."""
        t = self.btf.get(type_id)
        if t is None:
            return f"void {name}".rstrip()
        kind = t["kind"]
        if kind in MODIFIER:
            inner = self.btf.get(t["type_id"])
            if inner and inner["kind"] == "PTR" and MODIFIER[kind]:
                return self.declare(t["type_id"], MODIFIER[kind] + name, depth)
            return MODIFIER[kind] + self.declare(t["type_id"], name, depth)
        if kind == "PTR":
            inner = self.btf.get(t["type_id"])
            target = self.btf.get(t["type_id"])
            while target and target["kind"] in MODIFIER:
                target = self.btf.get(target["type_id"])
            wrap = target and target["kind"] in ("FUNC_PROTO", "ARRAY")
            return self.declare_pointee(t["type_id"], f"(*{name})" if wrap else f"*{name}", depth)
        if kind == "ARRAY":
            return self.declare(t["type_id"], f"{name}[{t['nr_elems']}]", depth)
        if kind == "FUNC_PROTO":
            args = [self.declare_pointee(p["type_id"], "", depth).strip() if p["type_id"] else "..."
                    for p in t["params"]]
            return self.declare_pointee(t["ret_type_id"], f"{name}({', '.join(args) or 'void'})", depth)
        return f"{self.type_text(t, depth)} {name}".rstrip()

    def declare_pointee(self, type_id, name, depth):
        """Like declare, but a record is only announced, not defined."""
        t = self.btf.get(type_id)
        if t and t["kind"] in RECORD + ("FWD",) and t["name"] != ANON:
            word = t.get("fwd_kind", t["kind"]).lower()
            self.forward.add(f"{word} {t['name']}")
            return f"{word} {t['name']} {name}".rstrip()
        if t and t["kind"] in ENUM and t["name"] != ANON:
            self.enum(t)
            return f"enum {t['name']} {name}".rstrip()
        if t and t["kind"] in ("CONST", "VOLATILE"):
            inner = self.btf.get(t["type_id"])
            if inner is None or inner["kind"] not in ("PTR",):
                return MODIFIER[t["kind"]] + self.declare_pointee(t["type_id"], name, depth)
        if t and t["kind"] == "TYPEDEF":
            target = self.btf.skip(type_id)
            if target and target["kind"] in RECORD and target["name"] != ANON:
                word = target["kind"].lower()
                self.forward.add(f"{word} {target['name']}")
                return f"{word} {target['name']} {name}".rstrip()
        return self.declare(type_id, name, depth)

    def type_text(self, t, depth):
        kind, name = t["kind"], t["name"]
        if kind == "TYPEDEF":
            if name not in BUILTIN:
                self.typedef(t)
            return name
        if kind in RECORD:
            if name == ANON:
                return self.body(t, None, depth)
            self.record(t)
            return f"{kind.lower()} {name}"
        if kind in ENUM:
            if name == ANON:
                return "enum {\n" + self.constants_text(t["values"], depth + 1) + "\t" * depth + "}"
            self.enum(t)
            return f"enum {name}"
        if kind in ("INT", "FLOAT"):
            return name
        fail(f"cannot write a {kind}")

    # -- records ---------------------------------------------------------------------------
    def body(self, t, members, depth):
        """`struct name {...}`; members None means whole, in the exact layout."""
        tab = "\t" * (depth + 1)
        lines, at, packed = [], 0, False
        rows = [(m["name"], m) for m in t["members"]] if members is None else members
        for name, m in rows:
            bits = m.get("bitfield_size", 0)
            shown = "" if name == ANON else name
            if members is None and t["kind"] == "STRUCT":
                gap = m["bits_offset"] - at
                step = 1 if bits else self.btf.align(m["type_id"]) * 8
                if gap and (bits or -at % step != gap):
                    lines.append(f"{tab}__u64 : {gap};")
                packed |= bool(not bits and m["bits_offset"] % step)
                at = m["bits_offset"] + (bits or self.btf.size(m["type_id"]) * 8)
            text = self.declare(m["type_id"], shown, depth + 1)
            lines.append(f"{tab}{text}{f' : {bits}' if bits else ''};")
        name = "" if t["name"] == ANON else " " + t["name"]
        if members is None and t["kind"] == "STRUCT":
            natural = max([self.btf.align(m["type_id"]) for m in t["members"]], default=1) * 8
            if -at % natural != t["size"] * 8 - at and t["size"] * 8 != at:
                lines.append(f"{tab}__u64 : {t['size'] * 8 - at};")
            packed |= bool(t["size"] * 8 % natural)
        tail = " __attribute__((packed))" if packed else ""
        return f"{t['kind'].lower()}{name} {{\n" + "\n".join(lines) + "\n" + "\t" * depth + "}" + tail

    def rows(self, key, t):
        """The listed members of a type, or None where it is wanted whole."""
        names = self.wanted.records.get(key)
        if not names or "*" in names:
            return None
        have, rows = dict(self.btf.flat(t)), []
        for name in dict.fromkeys(names):
            optional, name = name.startswith("?"), name.lstrip("?")
            if name in have:
                rows.append((name, have[name]))
            elif not optional:
                self.missing.append(f"{key[0].lower()} {key[1]}.{name}")
        return rows

    def record(self, t):
        key = (t["kind"], t["name"])
        if key in self.done:
            return
        self.done.add(key)
        rows = self.rows(key, t)
        text = self.body(t, rows, 0) + ";\n"
        if key in self.wanted.records and rows is None:
            word = f"{t['kind'].lower()} {t['name']}"
            text += f"_Static_assert(sizeof({word}) == {t['size']}, \"{word}\");\n"
        self.text.append(text)

    # -- the rest --------------------------------------------------------------------------
    def typedef(self, t):
        key = ("TYPEDEF", t["name"])
        if key in self.done:
            return
        self.done.add(key)
        target = self.btf.get(t["type_id"])
        rows = self.rows(key, target) if target and target["kind"] in RECORD else None
        text = self.body(target, rows, 0) + " " + t["name"] if rows else \
            self.declare(t["type_id"], t["name"], 0)
        self.text.append(f"typedef {text};\n")

    def constants_text(self, values, depth):
        tab = "\t" * depth
        def number(v):
            return f"{v}" if -2**31 <= v < 2**31 else f"{v}U" if v < 2**32 else f"{v}ULL"
        return "".join(f"{tab}{v['name']} = {number(v['val'])},\n" for v in values)

    def enum(self, t):
        key = ("ENUM", t["name"])
        if key not in self.done:
            self.done.add(key)
            self.text.append(f"enum {t['name']} {{\n{self.constants_text(t['values'], 1)}}};\n")

    def constants(self):
        patterns, seen = self.wanted.constants, set()
        nameless = [t for t in self.btf.by_id.values() if t["kind"] in ENUM and t["name"] == ANON]
        for t in sorted(nameless, key=lambda t: t["values"][0]["name"]):
            values = [v for v in t["values"] if v["name"] not in seen
                      and any(fnmatch.fnmatchcase(v["name"], p) for p in patterns)]
            seen.update(v["name"] for v in values)
            if values:
                self.text.append(f"enum {{\n{self.constants_text(values, 1)}}};\n")
        for p in patterns:
            if not any(fnmatch.fnmatchcase(name, p) for name in seen):
                self.missing.append(f"enum constant {p}")

    def pick(self, kind, name, members=()):
        """The type of this name; where BTF has several, the one with most of the members."""
        found = self.btf.by_name.get((kind, name))
        if not found:
            self.missing.append(f"{kind.lower()} {name}")
            return None
        if kind not in RECORD:
            return found[0]
        return max(found, key=lambda t: len({n for n, _ in self.btf.flat(t)} & set(members)))

    def build(self):
        for name in self.wanted.typedefs:
            t = self.pick("TYPEDEF", name)
            if t:
                self.typedef(t)
        self.constants()
        for name in self.wanted.enums:
            t = self.pick("ENUM", name)
            if t:
                self.enum(t)
        for (kind, name), members in self.wanted.records.items():
            if kind == "TYPEDEF":
                continue
            t = self.pick(kind, name, members)
            if t:
                self.record(t)

    def print(self):
        print("/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */")
        print("/* Generated by vmlinux/generate.sh from vmlinux/types.list. Do not edit. */")
        print("#pragma clang attribute push (__attribute__((preserve_access_index)), "
              "apply_to = record)\n")
        print("\n".join(f"{word};" for word in sorted(self.forward)) + "\n")
        print("\n".join(self.text))
        print("#pragma clang attribute pop")


def main():
    if len(sys.argv) not in (3, 4):
        fail("usage: trim_btf.py LIST BTF.json [--check]")
    header = Header(Btf(sys.argv[2]), Wanted(sys.argv[1]))
    header.build()
    if len(sys.argv) == 4:
        print("\n".join(header.missing or ["nothing is missing"]), file=sys.stderr)
        return
    if header.missing:
        fail("this kernel has no " + ", ".join(header.missing))
    header.print()


main()
