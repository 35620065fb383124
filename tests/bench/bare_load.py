"""The yardstick: the shortest loop of httpx and sqlite3 that puts the rows into a table like ours.

It checks nothing: no types, no repeated rows, no changed totals; what came as a float is stored as a float. The columns
and the primary key are those of `facts`; WAL, synchronous=FULL, one INSERT per page, one COMMIT at the end.
`python -m tests.bench.bare_load ADDRESS FOLDER` prints its seconds, and those of the processor, as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from pathlib import Path

import httpx

from tests.bench import loaded

KEY = "client_id, day, account_id, campaign_id, creator_id, platform"
COLUMNS = (
    "client_id TEXT, day TEXT, account_id INT, campaign_id TEXT, creator_id TEXT, platform TEXT, from_rev INT, "
    "currency TEXT, impressions INT, clicks INT, cost REAL, reach INT, views INT, engagements INT, conversions INT, "
    "revenue REAL, reported_cpm REAL, reported_roi REAL, flags TEXT"
)
INSERT = f"INSERT INTO facts VALUES ({', '.join('?' * 19)})"


def load(address: str, path: Path) -> float:
    """Seconds for the whole: from the first request to the end of the commit."""
    began = time.perf_counter()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE facts ({COLUMNS}, PRIMARY KEY ({KEY})) WITHOUT ROWID")
    params = {"start_date": str(loaded.FIRST), "end_date": str(loaded.LAST), "client_id": "acme-eu"}
    with httpx.Client(base_url=address, headers={"Authorization": "Bearer key"}) as http:
        page, last = 1, 1
        while page <= last:
            said = http.get("/v1/performance", params={**params, "page": page, "page_size": loaded.PAGE}).json()
            last = said["page_info"]["total_page"]
            connection.executemany(
                INSERT,
                [
                    (
                        "acme",
                        r["date"],
                        1,
                        r["campaignId"],
                        r["creatorId"],
                        r["platform"],
                        1,
                        "EUR",
                        r["impressions"],
                        r["clicks"],
                        r["cost"],
                        r["reach"],
                        r["views"],
                        r["engagements"],
                        r.get("conversions"),
                        r["revenue"],
                        r["cpm"],
                        r["roi"],
                        "",
                    )
                    for r in said["data"]
                ],
            )
            page += 1
    connection.commit()
    connection.close()
    return time.perf_counter() - began


def main(address: str, folder: Path) -> None:
    began = time.process_time()
    seconds = load(address, folder / "bare.db")
    busy = time.process_time() - began
    connection = sqlite3.connect(folder / "bare.db")
    count, impressions, cost, revenue = connection.execute(
        "SELECT count(*), sum(impressions), sum(cost), sum(revenue) FROM facts"
    ).fetchone()
    loaded.verify((count, impressions, round(cost * 100), round(revenue * 100)))
    print(json.dumps({"first": seconds, "busy": busy}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
