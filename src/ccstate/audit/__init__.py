"""The audit of a contact centre's changes: what was asked, how it was done, and what of that is missing."""
