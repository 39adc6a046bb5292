"""What is due: rating, tax, totals, bookings and the life of an invoice. Pure Python, no Django."""
