"""Tables of "dues": invoices, their documents and payments, balances, the ledger, tax rates."""

from billing.models.balances import Drawdown, Movement
from billing.models.documents import Document, IssuedCopy
from billing.models.invoices import Evidence, Flag, Invoice, InvoiceLine, InvoiceTax
from billing.models.ledger import LedgerAccount, Payment, Transfer
from billing.models.tax import TaxRate

__all__ = [
    "Document",
    "Drawdown",
    "Evidence",
    "Flag",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "IssuedCopy",
    "LedgerAccount",
    "Movement",
    "Payment",
    "TaxRate",
    "Transfer",
]
