"""One package a platform; none of them knows another."""
