"""DNS zones for octoDNS to plan: as many records as an estate has resources, 1,000 to a zone.

Two folders of YAML stand for the desired and the live side; octoDNS's own YamlProvider reads both.
"""

from collections.abc import Iterator
from pathlib import Path

ZONE_SIZE = 1_000

CONFIG = """\
providers:
  desired:
    class: octodns.provider.yaml.YamlProvider
    directory: {folder}/desired
    default_ttl: 3600
  live:
    class: octodns.provider.yaml.YamlProvider
    directory: {folder}/live
    default_ttl: 3600
zones:
"""


def write(folder: Path, size: int, *, edition: str = "") -> int:
    """Writes the configuration and both sides, and returns the bytes of the desired side.

    With an `edition`, every hundredth desired record differs from the live one.
    """
    zones = size // ZONE_SIZE
    names = [f"zone-{zone:04d}.example." for zone in range(1, zones + 1)]
    config = CONFIG.format(folder=folder) + "".join(
        f"  {name}: {{sources: [desired], targets: [live]}}\n" for name in names
    )
    total = 0
    for side, marked in (("live", ""), ("desired", edition)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for zone, name in enumerate(names, 1):
            text = "---\n" + "".join(_records(zone, marked))
            (folder / side / f"{name}yaml").write_text(text, encoding="utf-8")
            total += len(text) if side == "desired" else 0
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    return total


def _records(zone: int, edition: str) -> Iterator[str]:
    """Records in the order of their names, which octoDNS insists on: 60 % A, the rest mixed."""
    for index in range(ZONE_SIZE):
        marked = edition if index % 100 == 0 else ""
        yield f"host-{index:04d}:\n" + _record(zone, index, marked)


def _record(zone: int, index: int, marked: str) -> str:
    host = f"host-{index - 1:04d}.zone-{zone:04d}.example."
    match index % 10:
        case 0:
            text = f"invented record {index} of zone {zone}{marked}"
            return f"  type: TXT\n  value: {text}\n"
        case 1:
            return f"  ttl: 300\n  type: CNAME\n  value: {host}\n"
        case 2:
            return f"  type: AAAA\n  value: 2001:db8::{zone:x}:{index:x}\n"
        case 3:
            mail = f"mail.zone-{zone:04d}.example."
            return f"  type: MX\n  value:\n    exchange: {mail}\n    preference: 10\n"
        case _:
            # 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are reserved for documentation.
            values = [f"192.0.2.{index % 250 + 1}", f"198.51.100.{zone % 250 + 1}"]
            return f"  ttl: 300\n  type: A\n  values:\n  - {values[0]}\n  - {values[1]}\n"
