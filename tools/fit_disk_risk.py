#!/usr/bin/env python3
"""Fits the points of the disk risk (rules/packs/05_disk_risk.json) on labelled drives, and the five cards that its
cross-validation judges by (tests/bench/disks/folds.json). Needs numpy (python3-numpy); a build does not need it.

    tools/fit_disk_risk.py DATA          # DATA holds smart_labelled/; writes both files, prints what it chose
    tools/fit_disk_risk.py DATA --dry    # prints only

One procedure, `fit_card`, sees a set of drives and returns a card: points (monotone logistic regression, rounded),
thresholds and odds. It is run six times: on all drives for the pack, and on each four fifths of them for a card that
`disk_accuracy` uses on the remaining fifth only, through the engine itself. Folds go by a hash of the drive's id, so
all rows of a drive are in one. What follows mirrors rules/detectors/disk/disk_risk.cpp; the numbers that are
published come from there, not from here."""
import csv, gzip, json, pathlib, re, sys
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACK = ROOT / "rules/packs/05_disk_risk.json"
FOLDS_FILE = ROOT / "tests/bench/disks/folds.json"
FOLDS = 5
COLUMNS = {"reallocated": 5, "reported": 8, "timeouts": 9, "relocations": 11, "pending": 12, "offline": 13}
INPUTS = list(COLUMNS)
WINDOWS = [30, 90, 180]
NEVER = 99999
MOST_DAYS = 4  # kMostDays of disk_risk.cpp

LEVELS = {"reallocated": [1, 4, 16, 64, 256, 1024], "reported": [1, 2, 5, 20, 100], "timeouts": [1, 2, 5, 10, 30, 100],
          "relocations": [1, 4, 16, 64, 256], "pending": [1, 2, 4, 8, 16, 64, 256], "offline": [1, 2, 4, 8, 16, 64, 256]}
RISES = {"reallocated": [1, 4, 16, 64, 256], "reported": [1, 2, 10, 50], "timeouts": [1, 5], "relocations": [1, 16, 64],
         "pending": [1, 4, 16, 64], "offline": [1, 16]}
BEGAN = [30, 90, 180, 365, 730]

# How the fit is held. Chosen once; the cross-validated table says what they are worth.
POINTS_PER_LOGIT = 10
RIDGE, LASSO = 2.0, 1.0
QUIET_YEARS = 2.0         # weight of a healthy year beside a healthy snapshot: what keeps alarms rare
FALSE_TELL, MESSAGES = 0.63, 0.65  # of other drives than Western Digital's, % and per 100 years: leaves room for those
FALSE_WATCH = 2.85        # of all, %
ACT_ODDS = 0.90
OWN_PATH = [("pending", "began"), ("reallocated", "began")]
OWN_PATH_DAYS = [90, 180, 270, 365]


def fold_of(drive_id):
    value = 14695981039346656037
    for byte in drive_id.encode():
        value = (value ^ byte) * 1099511628211 % 2**64
    return (value >> 33) % FOLDS


def read_drives(folder):
    first = {}
    with gzip.open(folder / "bb_2013_2016_drives.csv.gz", "rt") as file:
        for line in csv.DictReader(file):
            first[line["drive_id"]] = line["first_date"]
    drives = {}
    with gzip.open(folder / "bb_2013_2016_intervals.csv.gz", "rt") as file:
        rows = csv.reader(file)
        next(rows)
        for line in rows:
            drive = drives.setdefault(line[0], {"id": line[0], "model": line[1], "failed": False, "rows": []})
            drive["failed"] |= line[4] == "1"
            values = [float(line[c]) if line[c] else None for c in COLUMNS.values()]
            if values[2] is not None:
                values[2] %= 65536
            drive["rows"].append((int(line[2]), int(line[3]), values))
    return list(drives.values())


def signs_of(drive):
    """What the engine remembers after each row, one column a sign of an input."""
    began = drive["rows"][0][0]
    memory = [None] * len(INPUTS)
    table = []
    for start, _, values in drive["rows"]:
        day = int(0.5 + (start - began) / 24)
        line = []
        for i, value in enumerate(values):
            m = memory[i]
            if value is not None:
                if m is None:
                    m = memory[i] = {"value": value, "peak": value, "rises": [], "first": NEVER, "last": -NEVER}
                elif value > m["value"]:
                    if m["rises"] and m["rises"][-1][0] == day:
                        m["rises"][-1][1] += value - m["value"]
                    else:
                        m["rises"] = (m["rises"] + [[day, value - m["value"]]])[-MOST_DAYS:]
                m["value"] = value
                m["peak"] = max(m["peak"], value)
                if value > 0:
                    m["last"] = day
                    if m["first"] == NEVER:
                        m["first"] = day
            if m is None:
                line += [np.nan] * (4 + len(WINDOWS) + 1)
                continue
            line += [m["value"], m["peak"], day - m["last"], day - m["first"] if m["first"] != NEVER else NEVER]
            line += [sum(amount for when, amount in m["rises"] if day - when <= w) for w in WINDOWS]
            line += [sum(1 for when, _ in m["rises"] if day - when <= 30)]
        table.append(line)
    return table


class Fleet:
    def __init__(self, drives):
        self.n = len(drives)
        self.off = np.cumsum([0] + [len(d["rows"]) for d in drives])
        self.drive = np.repeat(np.arange(self.n), np.diff(self.off))
        self.failed = np.array([d["failed"] for d in drives], bool)
        self.fold = np.array([fold_of(d["id"]) for d in drives])
        self.western = np.array([d["model"].startswith(("WD", "Western Digital")) for d in drives])
        self.start = np.array([r[0] for d in drives for r in d["rows"]], float)
        self.stop = np.append(self.start[1:], 0.0)
        end = np.array([d["rows"][-1][1] for d in drives], float)
        self.stop[self.off[1:] - 1] = end
        self.end = end
        self.years = (end - self.start[self.off[:-1]]) / 8766
        # The drives that published tables count: all attributes reported at some time, watched for 30 days.
        self.complete = np.array([any(r[2][-1] is not None for r in d["rows"]) for d in drives]) & (self.years * 8766 >= 720)
        e = end[self.drive]
        self.late = self.failed[self.drive] & (self.start < e - 24) & (self.stop > e - 720)
        self.snapshot = ~self.failed[self.drive] & (self.start <= e - 720) & (self.stop > e - 720)
        self.signs = np.array([line for d in drives for line in signs_of(d)], np.float32)

    def sign(self, name, index):
        return self.signs[:, INPUTS.index(name) * (4 + len(WINDOWS) + 1) + index]


def candidates(fleet):
    """Every term that the pack can say, with where it holds. Each holds no less for a worse drive."""
    terms = []
    with np.errstate(invalid="ignore"):
        for name in INPUTS:
            value, peak = fleet.sign(name, 0), fleet.sign(name, 1)
            for level in LEVELS[name]:
                terms.append(({"input": name, "at_least": level}, value >= level))
            for level in [1, 16, 64] if name in ("pending", "offline") else []:
                terms.append(({"input": name, "was_ever": level}, peak >= level))
            for days in [30, 180, 365] if name in ("pending", "offline") else []:
                terms.append(({"input": name, "was": 1, "within": f"{days}d"}, (value < 1) & (peak >= 1) & (fleet.sign(name, 2) <= days)))
            for days in BEGAN:
                terms.append(({"input": name, "began": 1, "within": f"{days}d"}, fleet.sign(name, 3) <= days))
            for i, window in enumerate(WINDOWS):
                for amount in RISES[name]:
                    terms.append(({"input": name, "rises_by": amount, "within": f"{window}d"}, fleet.sign(name, 4 + i) >= amount))
            for days in [2, 3]:
                terms.append(({"input": name, "on_days": days, "within": "30d"}, fleet.sign(name, 4 + len(WINDOWS)) >= days))
    matrix = np.stack([holds for _, holds in terms], 1)
    often = matrix.sum(0) > 20
    return [term for (term, _), keep in zip(terms, often) if keep], matrix[:, often]


def regression(x, y, w):
    """Logistic regression with weights >= 0, ridge and lasso: accelerated projected gradient."""
    beta = z = np.zeros(x.shape[1])
    base = zb = -4.0
    t = 1.0
    scaled = x * np.sqrt(w)[:, None]
    step = 1 / (0.5 * np.linalg.norm(scaled.T @ scaled, 2) + RIDGE)
    base_step = 2 / w.sum()
    for _ in range(500):
        error = w * (1 / (1 + np.exp(-(x @ z + zb))) - y)
        new_beta = np.maximum(z - step * (x.T @ error + RIDGE * z + LASSO), 0)
        new_base = zb - base_step * error.sum()
        new_t = (1 + np.sqrt(1 + 4 * t * t)) / 2
        z, zb = new_beta + (t - 1) / new_t * (new_beta - beta), new_base + (t - 1) / new_t * (new_base - base)
        beta, base, t = new_beta, new_base, new_t
    return beta


def fit_points(fleet, matrix, mask):
    """Failed drives as they last stood a day before; healthy ones 30 days before the end, and all their years."""
    on = mask[fleet.drive]
    last = np.full(fleet.n, -1)
    late = np.where(fleet.late & on)[0]
    last[fleet.drive[late]] = late
    last = last[last >= 0]
    calm = np.where(fleet.snapshot & on)[0]
    years = np.where(on & ~fleet.failed[fleet.drive])[0]
    rows = np.concatenate([last, calm, years])
    y = np.concatenate([np.ones(len(last)), np.zeros(len(calm) + len(years))])
    length = np.minimum(fleet.stop[years] - fleet.start[years], 2000) / 8766
    w = np.concatenate([np.ones(len(last) + len(calm)), QUIET_YEARS * length + 1e-6])
    _, index, group = np.unique(np.packbits(matrix[rows], axis=1), axis=0, return_index=True, return_inverse=True)
    total = np.bincount(group, w)
    beta = regression(matrix[rows][index].astype(float), np.bincount(group, w * y) / total, total)
    return np.round(beta * POINTS_PER_LOGIT).astype(int)


def spans(fleet, score, enter, leave):
    """Rows in which a stage with that entry and end is active."""
    active = np.zeros(len(score), bool)
    high, low = score >= enter, score >= leave
    # Only drives that ever reach it need walking through.
    for drive in np.unique(fleet.drive[high]):
        on = False
        for row in range(fleet.off[drive], fleet.off[drive + 1]):
            on = low[row] if on else high[row]
            active[row] = on
    return active


def rates(fleet, active, mask):
    """Found, false and messages, as docs/rules.md counts them."""
    failed, healthy = fleet.failed & mask, ~fleet.failed & mask
    found = np.zeros(fleet.n, bool)
    found[fleet.drive[active & fleet.late]] = True
    wrong = np.zeros(fleet.n, bool)
    wrong[fleet.drive[active & fleet.snapshot]] = True
    before = np.append(False, active[:-1])
    before[fleet.off[:-1]] = False
    begins = active & ~before & healthy[fleet.drive]
    messages = 0
    shown = {}
    for row in np.where(begins)[0]:
        drive = fleet.drive[row]
        if fleet.start[row] - shown.get(drive, -1e9) >= 720:
            messages += 1
            shown[drive] = fleet.start[row]
    return 100 * found[failed].mean(), 100 * wrong[healthy].mean(), 100 * messages / fleet.years[healthy].sum()


def choose_tell(fleet, score, mask):
    """The entry and end that find most within the allowed false share and messages."""
    best = (-1, None)
    for enter in range(12, 60):
        for gap in (0, 5, 10, 15, 20, 25, 30, 35, 40):
            if enter - gap < 3:
                continue
            found, wrong, messages = rates(fleet, spans(fleet, score, enter, enter - gap), mask)
            if wrong <= FALSE_TELL and messages <= MESSAGES and found > best[0]:
                best = (found, {"enter": enter, "leave": enter - gap})
    return best[1]


def choose_watch(fleet, score, mask, tell):
    for enter in range(3, tell["enter"]):
        active = spans(fleet, score, enter, enter)
        if rates(fleet, active, mask)[1] <= FALSE_WATCH:
            return {"enter": enter, "leave": enter}
    return {"enter": tell["enter"], "leave": tell["enter"]}


def began_any(fleet, days):
    with np.errstate(invalid="ignore"):
        return np.any([fleet.sign(name, 3) <= days for name, _ in OWN_PATH], 0) & fleet.western[fleet.drive]


def choose_own_path(fleet, mask):
    """How long the first sign of a Western Digital disk counts: what finds most, less what is false."""
    best = (-NEVER, None, None)
    for days in OWN_PATH_DAYS:
        found, wrong, _ = rates(fleet, began_any(fleet, days), mask & fleet.western)
        if found - wrong > best[0]:
            best = (found - wrong, days, None)
    told = np.zeros(fleet.n, bool)
    told[fleet.drive[began_any(fleet, best[1])]] = True
    told &= mask
    return best[1], round(float(fleet.failed[told].mean()), 2)


def entries(fleet, score, bands, mask):
    """(points, failed) at each drive's first entry into each stage."""
    pairs = []
    for band in bands:
        active = spans(fleet, score, band["enter"], band["leave"])
        rows = np.where(active & mask[fleet.drive])[0]
        _, first = np.unique(fleet.drive[rows], return_index=True)
        pairs += [(score[row], fleet.failed[fleet.drive[row]]) for row in rows[first]]
    return sorted(pairs)


def isotonic(pairs, least=60):
    """Odds that never fall with the points: pooled neighbours, each of at least so many drives."""
    blocks = []
    for points, failed in pairs:
        if blocks and (blocks[-1][2] < least or points == blocks[-1][3]):
            b = blocks[-1]
            b[0] += points; b[1] += failed; b[2] += 1; b[3] = points
        else:
            blocks.append([points, int(failed), 1, points])
        while len(blocks) > 1 and blocks[-1][2] >= least and blocks[-1][1] / blocks[-1][2] <= blocks[-2][1] / blocks[-2][2]:
            p, f, n, last = blocks.pop()
            blocks[-1] = [blocks[-1][0] + p, blocks[-1][1] + f, blocks[-1][2] + n, last]
    if len(blocks) > 1 and blocks[-1][2] < least:
        p, f, n, last = blocks.pop()
        blocks[-1] = [blocks[-1][0] + p, blocks[-1][1] + f, blocks[-1][2] + n, last]
    return [{"points": int(round(p / n)), "failed": round(min(0.97, (f + 0.5) / (n + 1)), 2)} for p, f, n, _ in blocks]


def fit_card(fleet, terms, matrix, mask):
    points = fit_points(fleet, matrix, mask)
    score = matrix @ points
    others = mask & fleet.complete & ~fleet.western
    tell = choose_tell(fleet, score, others)
    days, own_odds = choose_own_path(fleet, mask)
    both = np.where(began_any(fleet, days), np.maximum(score, tell["enter"]), score)
    watch = choose_watch(fleet, both, mask & fleet.complete, tell)
    # Urgent: where nine in ten failed.
    act = next((p for p in range(tell["enter"] + 5, 90) if (m := odds_at(fleet, score, p, mask)) is None or m >= ACT_ODDS), 90)
    bands = {"watch": watch, "tell": tell, "act": {"enter": act, "leave": tell["enter"]}}
    said = [{**term, "points": int(p)} for term, p in zip(terms, points) if p > 0]
    own = [{"input": name, "began": 1, "within": f"{days}d", "points": tell["enter"], "only": "western_digital"} for name, _ in OWN_PATH]
    return {"points": said + own, "stages": bands, "odds": isotonic(entries(fleet, score, bands.values(), mask)),
            "own_path_odds": own_odds}, score


def odds_at(fleet, score, enter, mask):
    reached = np.zeros(fleet.n, bool)
    reached[fleet.drive[score >= enter]] = True
    reached &= mask
    return fleet.failed[reached].mean() if reached.sum() >= 40 else None


def report(name, fleet, score, card, mask):
    active = spans(fleet, score, card["stages"]["tell"]["enter"], card["stages"]["tell"]["leave"])
    for of, who in (("complete", fleet.complete), ("all", np.ones(fleet.n, bool)), ("Western Digital", fleet.western)):
        tell = rates(fleet, active, mask & who)
        watch = rates(fleet, spans(fleet, score, card["stages"]["watch"]["enter"], card["stages"]["watch"]["leave"]), mask & who)
        print(f"{name}, {of}: tell {tell[0]:.1f} % at {tell[1]:.2f} %, {tell[2]:.2f} messages; watch {watch[0]:.1f} % at {watch[1]:.2f} %", flush=True)


def write_pack(card):
    """The measured terms anew; those of inputs that no labelled drive has ([own]) stay, after them."""
    text = PACK.read_text()
    old = json.loads(text)["models"][0]["model"]["points"]
    points = card["points"] + [term for term in old if term["input"] not in INPUTS]
    lines = ",\n".join("          " + json.dumps(term) for term in points)
    text = re.sub(r'"points": \[\n.*?\n        \]', lambda _: f'"points": [\n{lines}\n        ]', text, count=1, flags=re.S)
    for name in ("stages", "odds", "own_path_odds"):
        text = re.sub(rf'^        "{name}": .*?(,?)$', lambda m: f'        "{name}": {json.dumps(card[name])}{m[1]}', text, count=1, flags=re.M)
    json.loads(text)
    PACK.write_text(text)


def main():
    data = pathlib.Path(sys.argv[1]) / "smart_labelled"
    drives = read_drives(data)
    fleet = Fleet(drives)
    terms, matrix = candidates(fleet)
    everything = np.ones(fleet.n, bool)
    cards, pooled_watch, pooled_tell = [], np.zeros(len(matrix), bool), np.zeros(len(matrix), bool)
    for fold in range(FOLDS):
        card, score = fit_card(fleet, terms, matrix, fleet.fold != fold)
        cards.append(card)
        own = int(card["points"][-1]["within"][:-1])
        both = np.where(began_any(fleet, own), np.maximum(score, card["stages"]["tell"]["enter"]), score)
        mine = (fleet.fold == fold)[fleet.drive]
        for pooled, stage in ((pooled_watch, "watch"), (pooled_tell, "tell")):
            pooled[mine] = spans(fleet, both, card["stages"][stage]["enter"], card["stages"][stage]["leave"])[mine]
        print(fold, len(card["points"]), card["stages"], own, card["own_path_odds"], flush=True)
    for of, who in (("complete", fleet.complete), ("all", everything), ("Western Digital", fleet.western)):
        tell, watch = rates(fleet, pooled_tell, who), rates(fleet, pooled_watch, who)
        print(f"cross-validated, {of}: tell {tell[0]:.1f} % at {tell[1]:.2f} %, {tell[2]:.2f} messages; watch {watch[0]:.1f} % at {watch[1]:.2f} %")
    card, score = fit_card(fleet, terms, matrix, everything)
    print(len(card["points"]), card["stages"], card["odds"], card["own_path_odds"])
    own = int(card["points"][-1]["within"][:-1])
    report("in-sample", fleet, np.where(began_any(fleet, own), np.maximum(score, card["stages"]["tell"]["enter"]), score), card, everything)
    if "--dry" in sys.argv:
        return
    write_pack(card)
    FOLDS_FILE.write_text(json.dumps({"comment": "Written by tools/fit_disk_risk.py: card i was fitted without the drives of fold i", "cards": ["@"]})
                          .replace('"@"', ",\n".join("\n" + json.dumps(one) for one in cards)) + "\n")


main()
