"""What took effect on the embedded platform, counted by SQLite in the transaction of the effect: no kill comes between."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path


def count_effects(platform: Path) -> None:
    """Count from now on."""
    with closing(sqlite3.connect(platform)) as database:
        database.executescript(
            """
            CREATE TABLE effect (address TEXT);
            CREATE TRIGGER wrote AFTER INSERT ON object
                BEGIN INSERT INTO effect VALUES (new.kind || '/' || new.name); END;
            CREATE TRIGGER deleted AFTER DELETE ON object
                BEGIN INSERT INTO effect VALUES (old.kind || '/' || old.name); END;
            """
        )


def effects(platform: Path) -> Counter[str]:
    """How often something took effect on each object."""
    with closing(sqlite3.connect(platform)) as database:
        return Counter(address for (address,) in database.execute("SELECT * FROM effect"))
