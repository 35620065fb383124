"""dlt's way, in dlt's own environment: a resource that yields pages, merged by primary key into SQLite.

`python tests/bench/dlt_load.py ADDRESS FOLDER` prints the seconds of each load as one line of JSON, so that the second,
which may take very long, can be stopped. Imports nothing of perfdash.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dlt
import httpx

KEY = ("date", "campaign_id", "creator_id", "platform")


@dlt.resource(name="facts", write_disposition="merge", primary_key=KEY)
def facts(address: str) -> Iterator[list[dict[str, object]]]:
    with httpx.Client(base_url=address, headers={"Authorization": "Bearer key"}) as http:
        page, last = 1, 1
        while page <= last:
            said = http.get("/v1/performance", params={"page": page, "page_size": 1000}).json()
            last = said["page_info"]["total_page"]
            yield said["data"]
            page += 1


def main(address: str, folder: Path) -> None:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    database = folder / "dlt.db"
    pipeline = dlt.pipeline(
        "load",
        pipelines_dir=str(folder / "state"),
        dataset_name="main",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"),
    )
    for which in ("first", "second"):
        began = time.perf_counter()
        pipeline.run(facts(address))
        print(json.dumps({which: time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
