-- name: plan_for_one
-- That the rows of a session lie together, the planner does not know: by its estimate their pages are most of the table,
-- and it would rather read all of it, or go through all in the order in which it joins or sorts. So it is to count rows
-- rather than pages: of how many a session has it knows. And who fetches some at a time will have all in the end: it is not to
-- go through everybody who ever was in the order in which they are asked for.
select set_config('enable_seqscan', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('seq_page_cost', '0.05', true), set_config('random_page_cost', '0.2', true),
    set_config('cursor_tuple_fraction', '1', true)
