-- The dashboard reads, each second, who left their rooms: a handful among a hundred thousand events.
create index event_departures on event (session_id, at) where name in ('player_left', 'player_replaced');
