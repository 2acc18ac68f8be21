"""View models shared by the dashboard and the one-shot commands: rows, columns, filters, words, units."""
