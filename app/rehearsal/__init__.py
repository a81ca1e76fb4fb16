"""Players that are programs: over real HTTP and server-sent events, as browsers do it."""
