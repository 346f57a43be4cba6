"""The catalogue of problems of the Asterisk adapter, as `ccstate.codes` is that of ccstate itself."""
