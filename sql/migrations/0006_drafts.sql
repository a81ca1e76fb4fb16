-- Drafts: what was typed and not yet saved, for a player who comes back on another device. A crash may take them.
create unlogged table draft (
    player_id bigint not null,
    form text not null, -- which one of the page's: answers, message or help
    key text not null, -- what it belongs to: a form key, or the talk of a room
    typed jsonb not null, -- pairs of name and value
    primary key (player_id, form)
);
