"""Settings for every test."""

from hypothesis import settings

# A busy machine may take its time; that is no failure.
settings.register_profile("agx", deadline=None)
settings.load_profile("agx")
