"""A wall as people see it: one arithmetic for its picture, its rules and the platforms that show it."""
