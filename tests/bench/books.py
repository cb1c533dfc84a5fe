"""Northwind in variants: what each feature costs on the same usage and payments.

The plain one sells one credit over everything: one wallet, then overage. Each other variant
switches one thing on. All of them take the files that `simulate` made for northwind.
"""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from rate_cards.source import read_document

Card = dict[str, Any]

NORTHWIND = Path(__file__).resolve().parents[2] / "rate_cards" / "books" / "northwind"
UNIVERSAL_PER_UNIT = {
    "universal": Decimal(1),
    "token_credits": Decimal("0.25"),
    "image_credits": Decimal("0.2"),
    "usd": Decimal(5),
}
"""What one credit of each wallet is worth in universal credits, by northwind's launch prices."""


class _Exact(yaml.SafeDumper):
    """Writes decimals digit by digit and never refers from one place to another."""

    def ignore_aliases(self, data: object) -> bool:
        """Equal values are written out each time."""
        return True


def _as_written(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    text = f"{value:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Exact.add_representer(Decimal, _as_written)


def in_one_wallet(card: Card) -> None:
    """Everything is granted in and paid from the universal wallet."""
    for rate in card["rates"]:
        rate["price"] = [link for link in rate["price"] if link["wallet"] == "universal"]
    for offer in card["offers"]:
        for grant in offer["grants"]:
            worth = UNIVERSAL_PER_UNIT[grant["wallet"]]
            grant["credits"] = grant["credits"] * worth
            grant["wallet"] = "universal"


def in_tiers(card: Card) -> None:
    """One wallet, and every price falls by a fifth beyond a million tokens or a thousand images."""
    in_one_wallet(card)
    for rate in card["rates"]:
        rate["tiers"] = "graduated"
        for link in rate["price"]:
            price = link.pop("credits")
            link["steps"] = [
                {"up_to": link.get("per", 1000), "credits": price},
                {"credits": price * Decimal("0.8")},
            ]


def unchanged(card: Card) -> None:
    """Chains of up to three wallets."""


VARIANTS = {
    "plain": "one wallet, then overage",
    "tiers": "one wallet, graduated prices for everything",
    "limits": "one wallet, a limit a day for every user",
    "chains": "chains of up to three wallets",
}
_CARDS = {"plain": in_one_wallet, "tiers": in_tiers, "limits": in_one_wallet, "chains": unchanged}


def write_variant(folder: Path, name: str, data: Path) -> Path:
    """Write a variant of northwind for the customers of `data`; the folder of the book."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(NORTHWIND, folder)
    (folder / "published.sha256").unlink()
    (folder / "limits.yml").unlink()
    for path in sorted((folder / "cards").glob("*.yml")):
        document, _ = read_document(path)
        card: Any = document.data
        _CARDS[name](card)
        path.write_text(yaml.dump(card, Dumper=_Exact, sort_keys=False), "utf-8")
    if name == "limits":
        with (data / "customers.csv").open(encoding="utf-8") as file:
            limits = [_daily_limit(customer["customer_id"]) for customer in csv.DictReader(file)]
        (folder / "limits.yml").write_text(yaml.dump({"limits": limits}, Dumper=_Exact), "utf-8")
    return folder


def _daily_limit(customer: str) -> dict[str, Any]:
    """No user of a customer takes more than 20 credits a day; the rest is billed in arrears."""
    return {
        "customer_id": customer,
        "scope": "each_user",
        "window": "day",
        "credits": 20,
        "action": "overage",
        "from": "2025-07-01T00:00:00Z",
    }
