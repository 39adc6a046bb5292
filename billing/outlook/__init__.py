"""What a contract comes to before it is agreed: its prices, its first invoices, and whose approval it needs."""
