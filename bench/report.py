"""The results, for people and for programs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.load import Sample
from bench.runs import Results

# By figure: what it is called, its target, and whether more is better.
_TARGETS: Mapping[str, tuple[str, float, bool]] = {
    "lookup_to_pgbench": ("look-up, of pgbench with the same statement", 0.35, True),
    "lookup_to_one_table": ("look-up, of pgbench with number to id alone", 0.0, True),
    "lookup_to_usual": ("look-up, of the usual stack", 0.0, True),
    "lookup_to_constant": ("look-up, of the server answering a constant", 0.0, True),
    "data_set_to_pgbench": ("Mindful get, of pgbench with the same statement", 0.35, True),
    "cim_to_lookup": ("CIM search by phone, of look-up", 0.5, True),
    "brightpattern_to_lookup": ("Bright Pattern query with Digest, of look-up", 0.5, True),
    "wolkvox_to_lookup": ("wolkvox find_record by number, of look-up", 0.5, True),
    "jtel_to_lookup": ("jtel by user data, of look-up", 0.5, True),
    "add_all_seconds": ("Bright Pattern addAll of 10,000 records, s", 1.5, False),
    "add_record_seconds": ("wolkvox add_record of 10,000 records, s", 1.5, False),
    "get_all_last_to_first": ("Bright Pattern getAll, last pages of a walk to its first", 1.5, False),
    "jtel_first_record_ms": ("jtel, all contacts: first record, ms", 200.0, False),
    "jtel_growth_mb": ("jtel, all contacts: resident growth of the server, MB", 64.0, False),
    "jtel_transaction_ms": ("jtel, all contacts: oldest transaction seen, ms", 250.0, False),
    "claims_per_second": ("records a second to 16 claimers", 0.0, True),
    "claims_wrong": ("records that two claimers got, or none", 0.0, False),
    "import_rows_per_second": ("import of contacts, all new, rows/s", 60_000.0, True),
    "import_to_copy": ("the same, of PostgreSQL copying the file into one table", 0.0, True),
    "import_again_to_first": ("import of the same file again, of the first time", 3.0, True),
    "import_list_us": ("import of a list in two campaigns, us a record (60 s a million)", 60.0, False),
    "bind_us": ("the list bound to two further campaigns, us a record (60 s a million)", 60.0, False),
    "import_lookup_p99_ms": ("look-up p99 while contacts are imported, ms", 20.0, False),
    "import_peak_mb": ("most memory of an importer, MB", 300.0, False),
    "contact_to_pgbench": ("POST /v1/contacts, of pgbench with the same rows", 0.0, True),
    "submit_to_pgbench": ("Mindful submit, of pgbench with the same rows", 0.0, True),
    "lookup_p99_ms": ("look-up p99, ms", 3.0, False),
    "data_set_p99_ms": ("Mindful get p99, ms", 3.0, False),
    "pop_p99_ms": ("from a screen pop to the last of 40 screens at two workers, p99, ms", 100.0, False),
    "first_answer_seconds": ("first start to first answer, s", 3.0, False),
    "again_answer_seconds": ("restart to first answer, s", 0.0, False),
    "idle_pss_mb": ("idle memory with PostgreSQL (PSS), MB", 250.0, False),
    "idle_rss_mb": ("the same as RSS, which counts shared pages again and again", 0.0, False),
}

_ROWS: Sequence[tuple[str, str]] = (
    ("lookup", "GET /v1/lookup"),
    ("pgbench lookup", "  pgbench, same statement"),
    ("pgbench one table", "  pgbench, number to id alone"),
    ("usual", "  FastAPI + SQLAlchemy + uvicorn"),
    ("constant", "  the same server, a constant"),
    ("lookup, 1 connection", "  1 connection"),
    ("data set", "Mindful get"),
    ("pgbench data set", "  pgbench, same statement"),
    ("data set, 1 connection", "  1 connection"),
    ("cim", "CIM search by phone"),
    ("bright pattern", "Bright Pattern query, Digest"),
    ("wolkvox", "wolkvox find_record, 16 tokens"),
    ("jtel", "jtel by user data"),
    ("contact", "POST /v1/contacts, 8 connections"),
    ("pgbench contact", "  pgbench, same rows"),
    ("submit", "Mindful submit, 8 connections"),
    ("pgbench submit", "  pgbench, same rows"),
)


def figures(results: Results) -> dict[str, float]:
    """What targets are about."""
    lookup, data_set, start = results.of("lookup"), results.of("data set"), results.start
    assert results.batches is not None, "they come last"
    assert results.claims is not None, "they come after"
    assert results.pops is not None, "they come first"
    assert results.streamed is not None, "they come next to last"
    assert results.imports is not None, "and they at the very end"
    imports = results.imports
    return {
        "lookup_to_pgbench": results.ratio("lookup", "pgbench lookup"),
        "lookup_to_one_table": results.ratio("lookup", "pgbench one table"),
        "lookup_to_usual": results.ratio("lookup", "usual"),
        "lookup_to_constant": results.ratio("lookup", "constant"),
        "data_set_to_pgbench": results.ratio("data set", "pgbench data set"),
        "cim_to_lookup": results.ratio("cim", "lookup"),
        "brightpattern_to_lookup": results.ratio("bright pattern", "lookup"),
        "wolkvox_to_lookup": results.ratio("wolkvox", "lookup"),
        "jtel_to_lookup": results.ratio("jtel", "lookup"),
        "add_all_seconds": results.batches.add_all,
        "add_record_seconds": results.batches.add_record,
        "get_all_last_to_first": results.batches.last_to_first,
        "jtel_first_record_ms": results.streamed.first_record,
        "jtel_growth_mb": results.streamed.growth,
        "jtel_transaction_ms": results.streamed.longest_transaction,
        "claims_per_second": results.claims.rate,
        "claims_wrong": results.claims.twice + abs(results.claims.forgotten),
        "import_rows_per_second": imports.new.rate,
        "import_to_copy": imports.new.rate / imports.copied,
        "import_again_to_first": imports.again.rate / imports.new.rate,
        "import_list_us": 1_000_000 / imports.listed.rate,
        "bind_us": 1_000_000 * imports.bound / imports.listed.rows,
        "import_lookup_p99_ms": max(one.lookups.p99 for one in (imports.new, imports.again, imports.listed)),
        "import_peak_mb": max(one.peak_mb for one in (imports.new, imports.again, imports.listed)),
        "contact_to_pgbench": results.ratio("contact", "pgbench contact"),
        "submit_to_pgbench": results.ratio("submit", "pgbench submit"),
        "lookup_p99_ms": lookup.p99 or 0.0,
        "data_set_p99_ms": data_set.p99 or 0.0,
        "pop_p99_ms": results.pops.p99,
        "first_answer_seconds": start.first,
        "again_answer_seconds": start.again,
        "idle_pss_mb": start.app.pss + start.pg.pss,
        "idle_rss_mb": start.app.rss + start.pg.rss,
    }


def plain(results: Results) -> dict[str, Any]:
    """For a program."""
    return {
        "contacts": results.plan.size.contacts,
        "rounds": results.plan.rounds,
        "seconds": results.plan.seconds,
        "figures": figures(results),
        "runs": {name: _plain(results.of(name)) | {"spread": _spread(results, name)} for name in results.samples},
        "open_loop": _open_loop(results),
        "idle_mb": {"app": asdict(results.start.app), "postgresql": asdict(results.start.pg)},
        "stolen": results.stolen,
    }


def table(results: Results) -> str:
    plan = results.plan
    lines = [
        f"{plan.size.contacts} contacts, {plan.size.numbers} numbers; one worker; 32 connections unless it says so.",
        f"Medians of {plan.rounds} x {plan.seconds} s, interleaved; us is processor time a request.",
        "",
        f"{'':36}{'req/s':>9}{'spread':>8}{'p50 ms':>9}{'p99 ms':>9}{'app us':>9}{'PG us':>9}{'bad':>6}",
    ]
    lines += [_row(label, results.of(name), _spread(results, name)) for name, label in _ROWS]
    lines += ["", *_open_lines(results)]
    if results.stolen > 0.02:
        lines.append(
            f"The host gave {results.stolen:.0%} of the processors to others meanwhile: trust the ratios alone."
        )
    lines += ["", f"{'':62}{'is':>9}  target"]
    lines += [_judged(name, value) for name, value in figures(results).items()]
    return "\n".join(lines)


def _row(label: str, sample: Sample, spread: float) -> str:
    times = "".join(f"{_number(value, 2):>9}" for value in (sample.p50, sample.p99))
    costs = "".join(f"{_number(value, 1):>9}" for value in (sample.app_us, sample.pg_us))
    return f"{label:36}{sample.rate:>9.0f}{spread:>8.0%}{times}{costs}{sample.bad or '':>6}"


def _open_lines(results: Results) -> list[str]:
    told = _open_loop(results)
    times = ", ".join(f"{name} {told[name]:.2f} ms" for name in ("p50", "p90", "p99", "p999"))
    return [
        f"Open loop, look-up, {told['rate']:.0f} req/s (half of the above, Poisson, {told['bad']:.0f} bad): {times};",
        "counted from the planned moment, so that waiting behind a slow answer counts.",
    ]


def _judged(name: str, value: float) -> str:
    label, target, more = _TARGETS[name]
    wanted = ""
    if target:
        met = value >= target if more else value <= target
        wanted = f"  {'at least' if more else 'at most'} {target:g}: {'met' if met else 'MISSED'}"
    return f"{label:62}{value:>9.2f}{wanted}"


def _open_loop(results: Results) -> dict[str, float]:
    runs = results.open_loop
    told = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return told | {"bad": sum(run["bad"] for run in runs)}


def _spread(results: Results, name: str) -> float:
    """How far apart the fastest and the slowest run were."""
    rates = [sample.rate for sample in results.samples[name]]
    return (max(rates) - min(rates)) / statistics.median(rates)


def _plain(sample: Sample) -> dict[str, float | None]:
    return {
        "rate": sample.rate,
        "p50_ms": sample.p50,
        "p99_ms": sample.p99,
        "app_us": sample.app_us,
        "pg_us": sample.pg_us,
        "bad": sample.bad,
    }


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
