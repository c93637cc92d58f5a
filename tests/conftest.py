"""Settings of every test."""

from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile("agx", deadline=None)
settings.load_profile("agx")
