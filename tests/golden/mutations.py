#!/usr/bin/env python3
"""mutations.py GOLDEN: what a platform may change without notice changes no record.

Every sample that is JSON is changed in ways that mean nothing - the order of members, members that
nobody knows, elements that come twice, numbers as texts and back where the platform does so - and
must give the records of the sample itself. A folder's "mutations.json" says which arrays may come
twice ("repeat") and which members come both as numbers and as texts ("either").
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROUNDS = 3
UNKNOWN = "zz_brand_new"
root = pathlib.Path(__file__).resolve().parent.parent.parent
samples = root / "connectors" / "samples"


class Members(list):
    """An object's members in their order, repeated ones included."""


def read(text):
    return json.loads(text, object_pairs_hook=Members, parse_int=Number, parse_float=Number)


class Number(str):
    """A number as it is written."""


def write(value):
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(k)}:{write(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return value if isinstance(value, Number) else json.dumps(value)


def walk(value, change):
    """A copy in which every value went through change, the innermost first."""
    if isinstance(value, Members):
        return change(Members((k, walk(v, change)) for k, v in value))
    if isinstance(value, list):
        return change([walk(v, change) for v in value])
    return value


def shuffled(value, rng, _):
    def change(v):
        if not isinstance(v, Members) or len({k for k, _ in v}) < len(v):
            return v
        return Members(rng.sample(v, len(v)))
    return walk(value, change)


def with_unknown(value, rng, _):
    extra = [None, True, Number("1e400"), "\ud83d\ude00", Members([("a", [Members()])]), [[], 1]]

    def change(v):
        if isinstance(v, Members):
            v.insert(rng.randint(0, len(v)), (UNKNOWN, rng.choice(extra)))
        return v
    return walk(value, change)


def repeated(value, _, rules):
    def change(v):
        if isinstance(v, Members):
            return Members((k, m * 2 if k in rules["repeat"] and type(m) is list else m) for k, m in v)
        return v
    if "[]" in rules["repeat"] and type(value) is list:
        value = value * 2
    return walk(value, change)


def other_type(value, rng, rules):
    def change(v):
        if not isinstance(v, Members):
            return v
        out = Members()
        for k, m in v:
            if k in rules["either"] and rng.random() < 0.7:
                if isinstance(m, Number):
                    m = str(m)
                elif isinstance(m, str) and m.isascii() and m.isdigit() and (m == "0" or m[0] != "0"):
                    m = Number(m)
            out.append((k, m))
        return out
    return walk(value, change)


def strip(value, either):
    """As the sample has it, where metadata keeps what was sent: without the members that were
    added, and with numbers as texts."""
    if isinstance(value, dict):
        return {k: str(v) if k in either and isinstance(v, (int, float)) else strip(v, either)
                for k, v in value.items() if k != UNKNOWN}
    return [strip(v, either) for v in value] if isinstance(value, list) else value


def comparable(output, as_set, either):
    """Records without order; rejects without offsets, and of repeated elements without paths."""
    lines = []
    for line in output.splitlines():
        record = strip(json.loads(line), either)
        if "reject" in record:
            record = {"reject": record["reject"], "path": "" if as_set else record["path"]}
        lines.append(json.dumps(record, sort_keys=True))
    return sorted(set(lines) if as_set else lines)


def run(golden, channel, folder, files):
    outputs = []
    for at in range(0, len(files), 500):
        result = subprocess.run([golden, channel, folder, *files[at:at + 500]], text=True, timeout=300,
                                stdout=subprocess.PIPE, check=True)
        outputs += result.stdout.split("---\n")[:-1]
    return outputs


def documents(path, is_lines):
    """The sample's JSON documents; none where it is no JSON."""
    try:
        text = path.read_text()
        return [read(line) for line in text.splitlines() if line.strip()] if is_lines else [read(text)]
    except (ValueError, UnicodeDecodeError, RecursionError):
        return []


def cases_of(folder, rules, is_lines):
    """(sample, how it was changed, text, compared as a set)"""
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".json", ".jsonl") or path.name == "mutations.json":
            continue
        values = documents(path, is_lines)
        if not values:
            continue
        yield path, "itself", "\n".join(map(write, values)), False
        for change in (shuffled, with_unknown, repeated, other_type):
            for seed in range(ROUNDS):
                rng = random.Random(f"{path.name} {change.__name__} {seed}")
                text = "\n".join(write(change(v, rng, rules)) for v in values)
                yield path, f"{change.__name__} {seed}", text, change is repeated


def first_difference(expected, found):
    missing = [line for line in expected if line not in set(found)]
    added = [line for line in found if line not in set(expected)]
    return "\n".join([f"    - {line[:900]}" for line in missing[:2]] + [f"    + {line[:600]}" for line in added[:2]])


def check_folder(golden, folder, scratch):
    options = (folder / "options").read_text() if (folder / "options").exists() else ""
    is_lines = "lines true" in options or "canonical" in folder.parts
    path = folder / "mutations.json"
    rules = {"repeat": [], "either": [], **(json.loads(path.read_text()) if path.exists() else {})}
    channel = folder.relative_to(samples).parts[0]
    cases = list(cases_of(folder, rules, is_lines))
    files = []
    for number, (_, _, text, _) in enumerate(cases):
        file = scratch / f"{number}.json"
        file.write_text(text, errors="surrogatepass")
        files.append(str(file))
    failures, original = 0, ""
    for (path, change, _, as_set), output in zip(cases, run(golden, channel, str(folder), files)):
        if change == "itself":
            original = output
            continue
        expected = comparable(original, as_set, rules["either"])
        found = comparable(output, as_set, rules["either"])
        if expected != found:
            failures += 1
            print(f"{path.relative_to(root)}: {change}: other records\n{first_difference(expected, found)}")
    return len(cases), failures


def main():
    golden, *wanted = sys.argv[1:]
    total = failed = 0
    for folder in sorted({gold.parent for gold in samples.rglob("*.gold")}):
        if wanted and str(folder.relative_to(samples)) not in wanted:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            cases, failures = check_folder(golden, folder, pathlib.Path(scratch))
        total += cases
        failed += failures
    print(f"{total} documents, {failed} failed")
    sys.exit(1 if failed or total == 0 else 0)


main()
