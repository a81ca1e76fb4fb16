-- How fast somebody writes is counted where it is stored: by their newest messages, however long the talk is.

create index message_player on message (player_id, id);
