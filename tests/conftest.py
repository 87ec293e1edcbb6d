"""A property that takes long on a busy machine is slow, not wrong: examples have no deadline."""

from hypothesis import settings

settings.register_profile("jinlan", settings(deadline=None))
settings.load_profile("jinlan")
