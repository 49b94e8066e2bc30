"""What a stack costs in a month, from its synthesized template and a dated price table. Reads JSON only, asks nobody.

from costs import monthly
bill = monthly(json.loads(path.read_text()), events_per_month=100_000)
print(bill.idle, bill.traffic)
"""

from costs.assumptions import Assumptions
from costs.bill import STACK, Bill, Line
from costs.favour import FAVOURS, favoured
from costs.model import NOT_COUNTED, monthly
from costs.prices import PRICES, REGION, SEEN, Price

__all__ = [
    "FAVOURS",
    "NOT_COUNTED",
    "PRICES",
    "REGION",
    "SEEN",
    "STACK",
    "Assumptions",
    "Bill",
    "Line",
    "Price",
    "favoured",
    "monthly",
]
