"""Files of prices and contracts as people upload them, and the imports that come of them."""

from datetime import date
from typing import Any

from catalog.actions import imports
from catalog.models import Import
from tests.make import AT, World

PRICE_HEAD = "product,metric,currency,unit_price,match.model,match.token_type"
PRICES = f"""{PRICE_HEAD}
inference,llm-tokens,EUR,2.5,gpt-4o,input
inference,llm-tokens,EUR,10,gpt-4o,output
inference,llm-tokens,EUR,3,claude,input
inference,llm-tokens,EUR,15,claude,output
"""
CONTRACT_HEAD = "part,key,contract,account,name,legal_entity,rate_card,currency,start_date,end_date,discount_percent"
PART_HEAD = "product,unit_price,quantity,kind,amount,invoiced,percent"
CONTRACTS = f"""{CONTRACT_HEAD},{PART_HEAD}
,acme-27,,acme,Acme 2027,gmbh,list,EUR,2027-01-01,2027-12-31,5,,,,,,,
,globex-27,,globex,Globex 2027,gmbh,list,EUR,2027-01-01,,,,,,,,,
recurring,seats,acme-27,,Seats,,,,,,,inference,40,25,,,,
commits,annual,acme-27,,Annual,,,,2027-01-01,2027-12-31,,,,,PREPAID,12000,10000,
bounds,floor,globex-27,,Floor,,,,,,,,,,MINIMUM,500,,
discounts,loyal,globex-27,,Loyal,,,,,,,,,,,,,3
"""
OWN = """part,contract,key,name,product,model,up_to,unit_price,factor,priority,end_date,match.model,match.token_type
overrides,acme-27,big,Big input,inference,GRADUATED,1000,2,,,,gpt-4o,input
overrides,acme-27,big,Big input,inference,GRADUATED,,1.5,,,,gpt-4o,input
overrides,globex-27,flat,Claude out,inference,,,12,,,2027-06-30,claude,output
multipliers,globex-27,off,Eighteen off,,,,,0.82,1,,gpt-4o,
"""


def prices(world: World, text: str = PRICES, *, card: str = "filed", by: str = "mia", **more: Any) -> Import:
    """Upload a file of prices, and have it read."""
    given = {"effective_date": date(2026, 2, 1)} | more
    return _read(world, "RATE_CARD", text, by, rate_card_key=card, **given)


def contracts(world: World, text: str = CONTRACTS, *, by: str = "chen", **more: Any) -> Import:
    """Upload a file of contracts, and have it read."""
    return _read(world, "CONTRACTS", text, by, **more)


def own(world: World, text: str = OWN, *, by: str = "chen", **more: Any) -> Import:
    """Upload a file of own prices, and have it read."""
    return _read(world, "OVERRIDES", text, by, **more)


def _read(world: World, kind: str, text: str | bytes, by: str, **more: Any) -> Import:
    content = text.encode() if isinstance(text, str) else text
    given = {"environment": world.live, "file_name": "file.csv"} | more
    row = imports.upload(kind=kind, content=content, by=world.people[by], at=AT, **given)
    return imports.check(imported=row, at=AT)


def faults(row: Import) -> list[tuple[str, int, str]]:
    """List the mistakes of a file: (sheet, row, column)."""
    return list(row.faults.values_list("sheet", "row", "column"))
