"""``python -m agx`` is the ``agx`` command."""

import sys

from .cli import main

sys.exit(main())
