"""What commands are forks of imports this last: no fork copies what is there by now to look for garbage in it.

Nor puts together what is the same for each server.
"""

import gc

from app.web.app import route_ahead
from app.web.assets import static_files

route_ahead()
static_files()
gc.collect()
gc.freeze()
