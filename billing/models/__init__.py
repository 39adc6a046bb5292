"""Tables of "dues": invoices, their documents and payments, balances, the ledger, tax rates."""

from billing.models.balances import Drawdown, Movement
from billing.models.documents import Document, IssuedCopy
from billing.models.impacts import AccountImpact, Impact, ImpactBalance, ImpactChunk, ImpactFigure
from billing.models.invoices import Evidence, Flag, Invoice, InvoiceLine, InvoiceTax
from billing.models.ledger import LedgerAccount, Payment, Transfer
from billing.models.tax import TaxRate

__all__ = [
    "AccountImpact",
    "Document",
    "Drawdown",
    "Evidence",
    "Flag",
    "Impact",
    "ImpactBalance",
    "ImpactChunk",
    "ImpactFigure",
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
