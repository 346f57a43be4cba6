"""Asterisk, by its include files and AMI."""
