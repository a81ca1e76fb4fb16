-- People who are by themselves: before the lobby, and after their room. Committed before anything uses it.
alter type player_status add value if not exists 'before' after 'invited'; -- solo steps; the last one's end → waiting
alter type player_status add value if not exists 'after' after 'playing'; -- solo steps; has a code, and is shown it at the end
