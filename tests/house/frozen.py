"""What commands are forks of imports this last: no fork copies what is there by now to look for garbage in it."""

import gc

gc.collect()
gc.freeze()
