"""The one long-running process: changes that nobody confirmed are taken back, drift is looked for at night."""
