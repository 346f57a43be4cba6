"""Plans, receipts and problems as people and machines read them: values in, text out."""
