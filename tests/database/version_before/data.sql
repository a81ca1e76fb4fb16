-- The rows of a database in which the version before (commit 484c2b5, migrations up to 0016) had two sessions in the middle
-- of play. It was served by that version: people came by their links, answered, talked, typed and left over HTTP, as
-- guests in tests/house do, and browsers.json has what their browsers had then: cookies, and forms of pages that were open.
-- Then: pg_dump --data-only --inserts --rows-per-insert=1000 --exclude-table-data=process --exclude-table-data=pulse, without
-- its settings and comments. triggers.sql is that version's; its tables are those of the migrations here.
INSERT INTO public.account VALUES
	('ada', '$argon2id$v=19$m=65536,t=3,p=4$2ILsECY8d52o7Kin1VQwTw$WLIDHjRtX2ENd9ZHNgsqq70CdI/avu8dYKkoEl6+xBU', '2026-11-29 16:07:06.659236+00', false);
INSERT INTO public.acknowledged VALUES
	('kve2g7ns', 'vm:26156', '2026-11-29 16:07:01.999634+00', 33);
INSERT INTO public.draft VALUES
	(7, 'answers', '1.4.0.NDG0ke5HRm57-3FhL3SJ', '[["mood", "2"]]'),
	(2, 'answers', '2.0.0.bHWTIGLYoJ24hqWJB315', '[["belief", "55"], ["why", "half typed"]]');
INSERT INTO public.earning OVERRIDING SYSTEM VALUE VALUES
	(1, 'kve2g7ns', 7, 1, 0, 1, 'hook pays', '2026-11-29 16:07:03.403113+00'),
	(2, 'kve2g7ns', 8, 1, 0, 1, 'hook pays', '2026-11-29 16:07:03.4035+00'),
	(3, 'kve2g7ns', 7, 1, 1, 1, 'hook pays', '2026-11-29 16:07:03.719773+00'),
	(4, 'kve2g7ns', 8, 1, 1, 1, 'hook pays', '2026-11-29 16:07:03.719844+00'),
	(5, 'kve2g7ns', 3, 3, 0, 1, 'hook pays', '2026-11-29 16:07:05.082769+00'),
	(6, 'kve2g7ns', 4, 3, 0, 1, 'hook pays', '2026-11-29 16:07:05.082815+00'),
	(7, 'kve2g7ns', 3, 3, 1, 1, 'hook pays', '2026-11-29 16:07:05.404976+00'),
	(8, 'kve2g7ns', 4, 3, 1, 1, 'hook pays', '2026-11-29 16:07:05.405051+00'),
	(9, 'kve2g7ns', 5, 4, 0, 1, 'hook pays', '2026-11-29 16:07:05.772244+00'),
	(10, 'kve2g7ns', 6, 4, 0, 1, 'hook pays', '2026-11-29 16:07:05.772288+00'),
	(11, 'kve2g7ns', 5, 4, 1, 1, 'hook pays', '2026-11-29 16:07:06.009244+00'),
	(12, 'kve2g7ns', 6, 4, 1, 1, 'hook pays', '2026-11-29 16:07:06.00929+00');
INSERT INTO public.event VALUES
	(1, 1, 'kve2g7ns', 'session_started', NULL, '{"by": "story", "since": "2026-11-29T16:06:58.716405+00:00"}', '2026-11-29 16:06:58.718543+00'),
	(1, 2, 'kve2g7ns', 'player_signed_in', 7, '{"type": "any", "signed_in_at": "2026-11-29T16:07:02.25264+00:00", "waiting_since": "2026-11-29T16:07:02.25264+00:00"}', '2026-11-29 16:07:02.296692+00'),
	(1, 3, 'kve2g7ns', 'player_signed_in', 8, '{"type": "any", "signed_in_at": "2026-11-29T16:07:02.316565+00:00", "waiting_since": "2026-11-29T16:07:02.316565+00:00"}', '2026-11-29 16:07:02.355345+00'),
	(1, 4, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-1", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #1", "opening": false, "deadline": "2026-11-29T17:07:02.365197+00:00", "position": 0, "opened_at": "2026-11-29T16:07:02.320754+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:02.371623+00'),
	(3, 1, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-1", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #1", "opening": false, "deadline": "2026-11-29T17:07:02.365197+00:00", "position": 0, "opened_at": "2026-11-29T16:07:02.320754+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:02.371641+00'),
	(1, 5, 'kve2g7ns', 'player_placed', 7, '{"room": "pair-1", "slot": 2, "room_id": 1, "seated_at": "2026-11-29T16:07:02.39392+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:02.403952+00'),
	(1, 6, 'kve2g7ns', 'player_placed', 8, '{"room": "pair-1", "slot": 1, "room_id": 1, "seated_at": "2026-11-29T16:07:02.39392+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:02.403975+00'),
	(3, 2, 'kve2g7ns', 'player_answered', 8, '{"late": false, "step": "talk", "round": 1, "sha256": "eb504c8780aa1502ef06280ed5a35f2c4b52d192abd192a80a1c98707b0cb754", "records": [1, 2]}', '2026-11-29 16:07:02.953701+00'),
	(3, 3, 'kve2g7ns', 'player_answered', 7, '{"late": false, "step": "talk", "round": 1, "sha256": "d700c0676b5b0f4bc7c911e3f1b81f8634d91cd8a81bfe65834c7add2634129b", "records": [3, 4]}', '2026-11-29 16:07:02.997997+00'),
	(3, 4, 'kve2g7ns', 'results_stored', NULL, '{"step": "talk", "round": 1, "made_by": "hook together", "results": [[1, "sum", "35"], [2, "sum", "35"]], "position": 0}', '2026-11-29 16:07:03.391002+00'),
	(3, 5, 'kve2g7ns', 'player_earned', 7, '{"amount": "1", "reason": "hook pays", "position": 0}', '2026-11-29 16:07:03.404882+00'),
	(3, 6, 'kve2g7ns', 'player_earned', 8, '{"amount": "1", "reason": "hook pays", "position": 0}', '2026-11-29 16:07:03.404892+00'),
	(3, 7, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-1", "step": "talk", "round": 2, "deadline": "2026-11-29T17:07:03.415722+00:00", "position": 1}', '2026-11-29 16:07:03.420385+00'),
	(3, 8, 'kve2g7ns', 'player_answered', 8, '{"late": false, "step": "talk", "round": 2, "sha256": "b30d858acf5af3ac0f6e797093b6b0350a211309e8ac578e35f0e5af0f39b174", "records": [5, 6]}', '2026-11-29 16:07:03.577783+00'),
	(3, 9, 'kve2g7ns', 'player_answered', 7, '{"late": false, "step": "talk", "round": 2, "sha256": "29ce90123fe2fcdb6e89bb25dff6de5aa1d5ee853916e21775b9b28da66fc6ca", "records": [7, 8]}', '2026-11-29 16:07:03.613782+00'),
	(3, 10, 'kve2g7ns', 'results_stored', NULL, '{"step": "talk", "round": 2, "made_by": "hook together", "results": [[1, "sum", "55"], [2, "sum", "55"]], "position": 1}', '2026-11-29 16:07:03.714749+00'),
	(3, 11, 'kve2g7ns', 'player_earned', 7, '{"amount": "1", "reason": "hook pays", "position": 1}', '2026-11-29 16:07:03.720744+00'),
	(3, 12, 'kve2g7ns', 'player_earned', 8, '{"amount": "1", "reason": "hook pays", "position": 1}', '2026-11-29 16:07:03.720756+00'),
	(3, 13, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-1", "step": "judge", "asked": [1], "round": 1, "deadline": "2026-11-29T17:07:03.724133+00:00", "position": 2}', '2026-11-29 16:07:03.72528+00'),
	(3, 14, 'kve2g7ns', 'player_answered', 8, '{"late": false, "step": "judge", "round": 1, "sha256": "8722249c95d9a0596a4b628c52b30e638eaca5e302d3bea19919a136c716f58d", "records": [9]}', '2026-11-29 16:07:03.795099+00'),
	(3, 15, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-1", "step": "own", "round": 1, "deadline": "2026-11-29T18:07:03.865023+00:00", "position": 3, "last_step": "own", "last_round": 2}', '2026-11-29 16:07:03.867663+00'),
	(3, 16, 'kve2g7ns', 'player_answered', 8, '{"late": false, "step": "own", "round": 1, "sha256": "7f46eea54fb38fb8f5ad10d100446e32a101b83533d79b10f9921518b36c337b", "records": [10]}', '2026-11-29 16:07:03.970742+00'),
	(3, 17, 'kve2g7ns', 'player_answered', 8, '{"late": false, "step": "own", "round": 2, "sha256": "eda30c2f04477f812fbdd23fc6addf747171c0039e5ec523ab6c222f0d2ee337", "records": [11]}', '2026-11-29 16:07:04.045331+00'),
	(3, 18, 'kve2g7ns', 'player_answered', 7, '{"late": false, "step": "own", "round": 1, "sha256": "a1cdc5db0b31913c071e45ae99006d2868dad26791a50d8b904617d19e2b39f9", "records": [12]}', '2026-11-29 16:07:04.101139+00'),
	(3, 19, 'kve2g7ns', 'player_answered', 7, '{"late": false, "step": "own", "round": 2, "sha256": "e3eaf650ae7ccc753a51feefb2da2e1573914ca283840000e9e63c04be1501b6", "records": [13]}', '2026-11-29 16:07:04.173081+00'),
	(3, 20, 'kve2g7ns', 'player_finished', 7, '{"code": "DONE", "slot": 2, "outcome": "complete", "finished_at": "2026-11-29T16:07:04.211165+00:00"}', '2026-11-29 16:07:04.247408+00'),
	(3, 21, 'kve2g7ns', 'player_finished', 8, '{"code": "DONE", "slot": 1, "outcome": "complete", "finished_at": "2026-11-29T16:07:04.211165+00:00"}', '2026-11-29 16:07:04.247425+00'),
	(1, 7, 'kve2g7ns', 'room_ended', NULL, '{"room": "pair-1", "step": "own", "round": 1, "outcome": "complete", "deadline": "2026-11-29T18:07:03.865023+00:00", "ended_at": "2026-11-29T16:07:04.211165+00:00", "position": 3, "last_step": "own", "last_round": 2}', '2026-11-29 16:07:04.248958+00'),
	(3, 22, 'kve2g7ns', 'room_ended', NULL, '{"room": "pair-1", "step": "own", "round": 1, "outcome": "complete", "deadline": "2026-11-29T18:07:03.865023+00:00", "ended_at": "2026-11-29T16:07:04.211165+00:00", "position": 3, "last_step": "own", "last_round": 2}', '2026-11-29 16:07:04.248968+00'),
	(1, 8, 'kve2g7ns', 'player_signed_in', 1, '{"type": "any", "signed_in_at": "2026-11-29T16:07:04.358264+00:00", "waiting_since": "2026-11-29T16:07:04.358264+00:00"}', '2026-11-29 16:07:04.372622+00'),
	(1, 9, 'kve2g7ns', 'player_signed_in', 2, '{"type": "any", "signed_in_at": "2026-11-29T16:07:04.388179+00:00", "waiting_since": "2026-11-29T16:07:04.388179+00:00"}', '2026-11-29 16:07:04.419028+00'),
	(1, 10, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-2", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #2", "opening": false, "deadline": "2026-11-29T17:07:04.437041+00:00", "position": 0, "opened_at": "2026-11-29T16:07:04.400785+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:04.439004+00'),
	(4, 1, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-2", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #2", "opening": false, "deadline": "2026-11-29T17:07:04.437041+00:00", "position": 0, "opened_at": "2026-11-29T16:07:04.400785+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:04.43902+00'),
	(1, 11, 'kve2g7ns', 'player_placed', 1, '{"room": "pair-2", "slot": 1, "room_id": 2, "seated_at": "2026-11-29T16:07:04.44753+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:04.448841+00'),
	(1, 12, 'kve2g7ns', 'player_placed', 2, '{"room": "pair-2", "slot": 2, "room_id": 2, "seated_at": "2026-11-29T16:07:04.44753+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:04.448852+00'),
	(1, 19, 'kve2g7ns', 'player_signed_in', 5, '{"type": "any", "signed_in_at": "2026-11-29T16:07:05.478318+00:00", "waiting_since": "2026-11-29T16:07:05.478318+00:00"}', '2026-11-29 16:07:05.483272+00'),
	(2, 2, '7y68g6p6', 'player_signed_in', 14, '{"type": "any", "signed_in_at": "2026-11-29T16:07:06.623993+00:00", "waiting_since": "2026-11-29T16:07:06.623993+00:00"}', '2026-11-29 16:07:06.634049+00'),
	(4, 2, 'kve2g7ns', 'player_answered', 1, '{"late": false, "step": "talk", "round": 1, "sha256": "13f2301f0224cae061438fb53462104a63b13158c83de6c4220540b5ae298170", "records": [14, 15]}', '2026-11-29 16:07:04.533553+00'),
	(4, 3, 'kve2g7ns', 'message_sent', 1, '{"slot": 1, "sha256": "1ca4b6c5787f5bfe9e62781ca0a738b62ff137710bacd90f88e92a9407664d73", "message": 1}', '2026-11-29 16:07:04.608793+00'),
	(5, 2, 'kve2g7ns', 'player_answered', 4, '{"late": false, "step": "talk", "round": 1, "sha256": "d26625a3b41e040074bd37b4562d0fda28a0086a4de611e5c16f63f736fb88b8", "records": [16, 17]}', '2026-11-29 16:07:04.91284+00'),
	(5, 3, 'kve2g7ns', 'player_answered', 3, '{"late": false, "step": "talk", "round": 1, "sha256": "3db000da52bffbfc074c89fef1fdcf30e924709fb28e138deb1161ececc9e641", "records": [18, 19]}', '2026-11-29 16:07:04.940633+00'),
	(5, 8, 'kve2g7ns', 'player_answered', 3, '{"late": false, "step": "talk", "round": 2, "sha256": "a2571daf70b096420cf96254c914f78643a79bccc851f34bd9c31212a9f6263d", "records": [20, 21]}', '2026-11-29 16:07:05.216189+00'),
	(5, 9, 'kve2g7ns', 'player_answered', 4, '{"late": false, "step": "talk", "round": 2, "sha256": "6db336f686abe938c271c581ae9c8fd874c39df28f96d50812f80b52fa3ec8f4", "records": [22, 23]}', '2026-11-29 16:07:05.280264+00'),
	(6, 2, 'kve2g7ns', 'player_answered', 5, '{"late": false, "step": "talk", "round": 1, "sha256": "f0e60db82cf2954cd4c926529bf1e07e14e38c260b06eb2e221735ad93187678", "records": [24, 25]}', '2026-11-29 16:07:05.656793+00'),
	(6, 3, 'kve2g7ns', 'player_answered', 6, '{"late": false, "step": "talk", "round": 1, "sha256": "548017b10bf5f3b5708845e6c9e34f9b4638475ba6813d5bbd2279481a016b80", "records": [26, 27]}', '2026-11-29 16:07:05.671395+00'),
	(6, 8, 'kve2g7ns', 'player_answered', 5, '{"late": false, "step": "talk", "round": 2, "sha256": "8cd3dd656c75e40b6c0e4d4b065e53e178eb65b3a90a4482000071f7b2bfbc14", "records": [28, 29]}', '2026-11-29 16:07:05.860504+00'),
	(6, 9, 'kve2g7ns', 'player_answered', 6, '{"late": false, "step": "talk", "round": 2, "sha256": "378bb2e8ad9f0ed7184209d1722f7265257e0b17530d9ce428e611d8b3cbdcb2", "records": [30, 31]}', '2026-11-29 16:07:05.917267+00'),
	(6, 14, 'kve2g7ns', 'player_answered', 5, '{"late": false, "step": "judge", "round": 1, "sha256": "1273d3cf4a3576821a956277cbd5712be2baa60c910774da7d33045af245748e", "records": [32]}', '2026-11-29 16:07:06.095972+00'),
	(6, 16, 'kve2g7ns', 'player_answered', 5, '{"late": false, "step": "own", "round": 1, "sha256": "15c61d7c7b4ffe2f4980c255267deaca7f49a648756b5121fb27a63adb3137f2", "records": [33]}', '2026-11-29 16:07:06.284597+00'),
	(1, 13, 'kve2g7ns', 'help_asked', 1, '{"note": 1}', '2026-11-29 16:07:04.665208+00'),
	(1, 14, 'kve2g7ns', 'player_signed_in', 3, '{"type": "any", "signed_in_at": "2026-11-29T16:07:04.738854+00:00", "waiting_since": "2026-11-29T16:07:04.738854+00:00"}', '2026-11-29 16:07:04.74713+00'),
	(1, 20, 'kve2g7ns', 'player_signed_in', 6, '{"type": "any", "signed_in_at": "2026-11-29T16:07:05.505672+00:00", "waiting_since": "2026-11-29T16:07:05.505672+00:00"}', '2026-11-29 16:07:05.528219+00'),
	(1, 21, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-4", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #4", "opening": false, "deadline": "2026-11-29T17:07:05.539783+00:00", "position": 0, "opened_at": "2026-11-29T16:07:05.523722+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:05.541914+00'),
	(6, 1, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-4", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #4", "opening": false, "deadline": "2026-11-29T17:07:05.539783+00:00", "position": 0, "opened_at": "2026-11-29T16:07:05.523722+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:05.541936+00'),
	(1, 22, 'kve2g7ns', 'player_placed', 5, '{"room": "pair-4", "slot": 1, "room_id": 4, "seated_at": "2026-11-29T16:07:05.553831+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:05.559544+00'),
	(1, 23, 'kve2g7ns', 'player_placed', 6, '{"room": "pair-4", "slot": 2, "room_id": 4, "seated_at": "2026-11-29T16:07:05.553831+00:00", "treatment": {"frame": "loss"}}', '2026-11-29 16:07:05.559558+00'),
	(1, 25, 'kve2g7ns', 'player_left', 11, '{"code": "OUT", "slot": null, "outcome": "withdrawn", "finished_at": "2026-11-29T16:07:06.48221+00:00"}', '2026-11-29 16:07:06.48522+00'),
	(1, 15, 'kve2g7ns', 'player_signed_in', 4, '{"type": "any", "signed_in_at": "2026-11-29T16:07:04.77615+00:00", "waiting_since": "2026-11-29T16:07:04.77615+00:00"}', '2026-11-29 16:07:04.790291+00'),
	(1, 16, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-3", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #3", "opening": false, "deadline": "2026-11-29T17:07:04.798144+00:00", "position": 0, "opened_at": "2026-11-29T16:07:04.788263+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:04.799131+00'),
	(5, 1, 'kve2g7ns', 'room_opened', NULL, '{"kind": "pair", "room": "pair-3", "step": "talk", "round": 1, "reason": "2 any were waiting, the longest 0:00; `pair` #3", "opening": false, "deadline": "2026-11-29T17:07:04.798144+00:00", "position": 0, "opened_at": "2026-11-29T16:07:04.788263+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:04.799143+00'),
	(1, 17, 'kve2g7ns', 'player_placed', 3, '{"room": "pair-3", "slot": 2, "room_id": 3, "seated_at": "2026-11-29T16:07:04.809107+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:04.809864+00'),
	(1, 18, 'kve2g7ns', 'player_placed', 4, '{"room": "pair-3", "slot": 1, "room_id": 3, "seated_at": "2026-11-29T16:07:04.809107+00:00", "treatment": {"frame": "gain"}}', '2026-11-29 16:07:04.809897+00'),
	(1, 24, 'kve2g7ns', 'player_signed_in', 11, '{"type": "any", "signed_in_at": "2026-11-29T16:07:06.395411+00:00", "waiting_since": "2026-11-29T16:07:06.395411+00:00"}', '2026-11-29 16:07:06.405948+00'),
	(1, 26, 'kve2g7ns', 'player_signed_in', 9, '{"type": "any", "signed_in_at": "2026-11-29T16:07:06.491421+00:00", "waiting_since": "2026-11-29T16:07:06.491421+00:00"}', '2026-11-29 16:07:06.50802+00'),
	(2, 1, '7y68g6p6', 'player_signed_in', 13, '{"type": "any", "signed_in_at": "2026-11-29T16:07:06.584401+00:00", "waiting_since": "2026-11-29T16:07:06.584401+00:00"}', '2026-11-29 16:07:06.601585+00'),
	(5, 4, 'kve2g7ns', 'results_stored', NULL, '{"step": "talk", "round": 1, "made_by": "hook together", "results": [[1, "sum", "27"], [2, "sum", "27"]], "position": 0}', '2026-11-29 16:07:05.077834+00'),
	(5, 5, 'kve2g7ns', 'player_earned', 3, '{"amount": "1", "reason": "hook pays", "position": 0}', '2026-11-29 16:07:05.087378+00'),
	(5, 6, 'kve2g7ns', 'player_earned', 4, '{"amount": "1", "reason": "hook pays", "position": 0}', '2026-11-29 16:07:05.08739+00'),
	(5, 7, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-3", "step": "talk", "round": 2, "deadline": "2026-11-29T17:07:05.097651+00:00", "position": 1}', '2026-11-29 16:07:05.098327+00'),
	(6, 10, 'kve2g7ns', 'results_stored', NULL, '{"step": "talk", "round": 2, "made_by": "hook together", "results": [[1, "sum", "51"], [2, "sum", "51"]], "position": 1}', '2026-11-29 16:07:06.00801+00'),
	(6, 11, 'kve2g7ns', 'player_earned', 5, '{"amount": "1", "reason": "hook pays", "position": 1}', '2026-11-29 16:07:06.009496+00'),
	(6, 12, 'kve2g7ns', 'player_earned', 6, '{"amount": "1", "reason": "hook pays", "position": 1}', '2026-11-29 16:07:06.009504+00'),
	(6, 13, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-4", "step": "judge", "asked": [1], "round": 1, "deadline": "2026-11-29T17:07:06.011719+00:00", "position": 2}', '2026-11-29 16:07:06.011982+00'),
	(5, 10, 'kve2g7ns', 'results_stored', NULL, '{"step": "talk", "round": 2, "made_by": "hook together", "results": [[1, "sum", "77"], [2, "sum", "77"]], "position": 1}', '2026-11-29 16:07:05.401681+00'),
	(5, 11, 'kve2g7ns', 'player_earned', 3, '{"amount": "1", "reason": "hook pays", "position": 1}', '2026-11-29 16:07:05.405665+00'),
	(5, 12, 'kve2g7ns', 'player_earned', 4, '{"amount": "1", "reason": "hook pays", "position": 1}', '2026-11-29 16:07:05.405674+00'),
	(5, 13, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-3", "step": "judge", "asked": [1], "round": 1, "deadline": "2026-11-29T17:07:05.411426+00:00", "position": 2}', '2026-11-29 16:07:05.412043+00'),
	(6, 15, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-4", "step": "own", "round": 1, "deadline": "2026-11-29T18:07:06.168101+00:00", "position": 3, "last_step": "own", "last_round": 2}', '2026-11-29 16:07:06.168786+00'),
	(6, 4, 'kve2g7ns', 'results_stored', NULL, '{"step": "talk", "round": 1, "made_by": "hook together", "results": [[1, "sum", "31"], [2, "sum", "31"]], "position": 0}', '2026-11-29 16:07:05.77035+00'),
	(6, 5, 'kve2g7ns', 'player_earned', 5, '{"amount": "1", "reason": "hook pays", "position": 0}', '2026-11-29 16:07:05.772576+00'),
	(6, 6, 'kve2g7ns', 'player_earned', 6, '{"amount": "1", "reason": "hook pays", "position": 0}', '2026-11-29 16:07:05.772585+00'),
	(6, 7, 'kve2g7ns', 'step_opened', NULL, '{"room": "pair-4", "step": "talk", "round": 2, "deadline": "2026-11-29T17:07:05.775526+00:00", "position": 1}', '2026-11-29 16:07:05.775876+00');
INSERT INTO public.session VALUES
	('kve2g7ns', 'Begun before', 3958466546080731568, '5b1183b04d2fafea59b4e12d0e0fe62eca45ebc716f4ec9bf8673af45354463b', 'running', '2026-11-29 16:06:58.705157+00', '2026-11-29 16:06:58.716405+00', NULL, NULL, NULL),
	('7y68g6p6', 'Begun before', 1097494551078880208, '5b1183b04d2fafea59b4e12d0e0fe62eca45ebc716f4ec9bf8673af45354463b', 'open', '2026-11-29 16:06:58.739594+00', NULL, NULL, NULL, NULL);
INSERT INTO public.lobby VALUES
	('kve2g7ns', '2026-11-29 18:07:06.498138+00', NULL),
	('7y68g6p6', '2026-11-29 18:07:06.585623+00', NULL);
INSERT INTO public.room OVERRIDING SYSTEM VALUE VALUES
	(1, 'kve2g7ns', 'pair', 1, DEFAULT, 'ended', '2 any were waiting, the longest 0:00; `pair` #1', 1228783833270360899, 3, 'own', 1, true, '2026-11-29 18:07:03.865023+00', '2026-11-29 16:07:02.320754+00', '2026-11-29 16:07:04.211165+00', 'complete', false, NULL, NULL, '{"frame": "gain"}', 1.0, '{"own 1","own 2"}', 'own', 2),
	(2, 'kve2g7ns', 'pair', 2, DEFAULT, 'playing', '2 any were waiting, the longest 0:00; `pair` #2', 3385196433523425161, 0, 'talk', 1, true, '2026-11-29 17:07:04.437041+00', '2026-11-29 16:07:04.400785+00', NULL, NULL, false, NULL, NULL, '{"frame": "loss"}', 1.0, NULL, NULL, NULL),
	(3, 'kve2g7ns', 'pair', 3, DEFAULT, 'playing', '2 any were waiting, the longest 0:00; `pair` #3', 972782427873943955, 2, 'judge', 1, true, '2026-11-29 17:07:05.411426+00', '2026-11-29 16:07:04.788263+00', NULL, NULL, false, '{1}', NULL, '{"frame": "gain"}', 1.0, NULL, NULL, NULL),
	(4, 'kve2g7ns', 'pair', 4, DEFAULT, 'playing', '2 any were waiting, the longest 0:00; `pair` #4', 2342184684766562558, 3, 'own', 1, true, '2026-11-29 18:07:06.168101+00', '2026-11-29 16:07:05.523722+00', NULL, NULL, false, NULL, NULL, '{"frame": "loss"}', 1.0, '{"own 1","own 2"}', 'own', 2);
INSERT INTO public.log OVERRIDING SYSTEM VALUE VALUES
	(3, 'kve2g7ns', 1, 22, 13, 0),
	(4, 'kve2g7ns', 2, 3, 2, 1),
	(5, 'kve2g7ns', 3, 13, 8, 0),
	(6, 'kve2g7ns', 4, 16, 10, 0),
	(1, 'kve2g7ns', NULL, 26, 0, 0),
	(2, '7y68g6p6', NULL, 2, 0, 0);
INSERT INTO public.login VALUES
	('\x55e0aaebc1826ebf44b507552620b55952ce2313bd9bbd598a198f52126af28b', 'ada', false, '2026-12-06 16:07:06.659236+00');
INSERT INTO public.message OVERRIDING SYSTEM VALUE VALUES
	(1, 'kve2g7ns', 2, 1, 1, NULL, 'talk', 1, 'Is it so, =really?', '47af041c-167a-c0b0-7349-141191903be1', '2026-11-29 16:07:04.596377+00', 0);
INSERT INTO public.migration VALUES
	('0001_first', '2026-11-29 16:06:58.393237+00'),
	('0002_notes', '2026-11-29 16:06:58.393237+00'),
	('0003_pulse', '2026-11-29 16:06:58.393237+00'),
	('0004_presence', '2026-11-29 16:06:58.393237+00'),
	('0005_replacements', '2026-11-29 16:06:58.393237+00'),
	('0006_drafts', '2026-11-29 16:06:58.393237+00'),
	('0007_exported', '2026-11-29 16:06:58.393237+00'),
	('0008_results', '2026-11-29 16:06:58.393237+00'),
	('0009_quotas', '2026-11-29 16:06:58.393237+00'),
	('0009_standby', '2026-11-29 16:06:58.393237+00'),
	('0009_treatments', '2026-11-29 16:06:58.393237+00'),
	('0010_networks', '2026-11-29 16:06:58.393237+00'),
	('0011_dropouts', '2026-11-29 16:06:58.393237+00'),
	('0012_pay', '2026-11-29 16:06:58.393237+00'),
	('0013_pace', '2026-11-29 16:06:58.393237+00'),
	('0014_replay', '2026-11-29 16:06:58.393237+00'),
	('0015_seating', '2026-11-29 16:06:58.393237+00'),
	('0016_bots', '2026-11-29 16:06:58.393237+00'),
	('triggers e03774879e1fdb07', '2026-11-29 16:06:58.393237+00');
INSERT INTO public.network VALUES
	('kve2g7ns', 1, 0, 'talk', 1, 'study', '2026-11-29 16:07:02.379817+00'),
	('kve2g7ns', 2, 0, 'talk', 1, 'study', '2026-11-29 16:07:04.440915+00'),
	('kve2g7ns', 3, 0, 'talk', 1, 'study', '2026-11-29 16:07:04.807924+00'),
	('kve2g7ns', 4, 0, 'talk', 1, 'study', '2026-11-29 16:07:05.551395+00');
INSERT INTO public.note OVERRIDING SYSTEM VALUE VALUES
	(1, 'kve2g7ns', 1, NULL, 'Can I go?', 'pair-2, slot 1, talk 1: saved 1 times', '0.0.FHKz1iTK.Lr7azEx2zb_LyZKEUBEa', '2026-11-29 16:07:04.664228+00');
INSERT INTO public.slot VALUES
	('kve2g7ns', 1, 1, 'any', 'Ash', false, '{}'),
	('kve2g7ns', 1, 2, 'any', 'Birch', false, '{}'),
	('kve2g7ns', 2, 1, 'any', 'Ash', false, '{}'),
	('kve2g7ns', 2, 2, 'any', 'Birch', false, '{}'),
	('kve2g7ns', 3, 1, 'any', 'Ash', false, '{}'),
	('kve2g7ns', 3, 2, 'any', 'Birch', false, '{}'),
	('kve2g7ns', 4, 1, 'any', 'Ash', false, '{}'),
	('kve2g7ns', 4, 2, 'any', 'Birch', false, '{}');
INSERT INTO public.player OVERRIDING SYSTEM VALUE VALUES
	(10, 'kve2g7ns', 'P10', 'any', '\xb62559526dfb68c339f700687bfdf8f062276d37d3c934afd81a856077bcb4cc', 'invited', '{}', NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, 'k3v9', false, '{}', NULL, '{}', NULL, NULL),
	(12, 'kve2g7ns', 'P12', 'any', '\x5cf096957226f39f84ca42001a538d6ee0e1a017ab44ba890d9881499cd8dd48', 'invited', '{}', NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, 'k3v9', false, '{}', NULL, '{}', NULL, NULL),
	(15, '7y68g6p6', 'Q3', 'any', '\x470ab8a22797fada5deecd548e0393f6591b44f345e8de628fa7618dec4a6167', 'invited', '{}', NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, 'k3v9', false, '{}', NULL, '{}', NULL, NULL),
	(11, 'kve2g7ns', 'P11', 'any', '\xad3fa5e124ffa52ceefe8e39387463359bdde3623023499c40d8b1fbda8d25b5', 'left', '{"age": "31"}', NULL, NULL, '2026-11-29 16:07:06.395411+00', '2026-11-29 16:07:06.395411+00', true, NULL, '2026-11-29 16:07:06.48221+00', 'withdrawn', 'OUT', 'k3v9', false, '{0}', NULL, '{}', NULL, NULL),
	(8, 'kve2g7ns', 'P8', 'any', '\xbec0f422f825b26a6a4532e3bfbf44a550b1a6974ea9cc2914541b6ee408001d', 'finished', '{"age": "28"}', 1, 1, '2026-11-29 16:07:02.316565+00', '2026-11-29 16:07:02.316565+00', true, '2026-11-29 16:07:02.39392+00', '2026-11-29 16:07:04.211165+00', 'complete', 'DONE', 'k3v9', false, '{0}', NULL, '{"frame": "gain"}', NULL, NULL),
	(7, 'kve2g7ns', 'P7', 'any', '\x6b012fa1361c88a91fa7e26ffa6f2d7f492efe9b8bde3b5851a73eaaba3b6a94', 'finished', '{"age": "27"}', 1, 2, '2026-11-29 16:07:02.25264+00', '2026-11-29 16:07:02.25264+00', true, '2026-11-29 16:07:02.39392+00', '2026-11-29 16:07:04.211165+00', 'complete', 'DONE', 'k3v9', false, '{0}', NULL, '{"frame": "gain"}', NULL, NULL),
	(9, 'kve2g7ns', 'P9', 'any', '\x6ddfe3e2818fa21e62c5cef34b6c8b00a8f2473c07f0d8b6905d5460a2749bd7', 'waiting', '{"age": "29"}', NULL, NULL, '2026-11-29 16:07:06.491421+00', '2026-11-29 16:07:06.491421+00', true, NULL, NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{}', NULL, NULL),
	(1, 'kve2g7ns', 'P1', 'any', '\xc57f1d49934090e1e169001ceb10460aca6a360dd2407bee4e047052277f926e', 'playing', '{"age": "21"}', 2, 1, '2026-11-29 16:07:04.358264+00', '2026-11-29 16:07:04.358264+00', true, '2026-11-29 16:07:04.44753+00', NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{"frame": "loss"}', NULL, NULL),
	(2, 'kve2g7ns', 'P2', 'any', '\xb24cfd04dba5430aa111b629e958863bb6999da4f2dc03403cfc47b9e61c6792', 'playing', '{"age": "22"}', 2, 2, '2026-11-29 16:07:04.388179+00', '2026-11-29 16:07:04.388179+00', true, '2026-11-29 16:07:04.44753+00', NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{"frame": "loss"}', NULL, NULL),
	(13, '7y68g6p6', 'Q1', 'any', '\x29d24e905262d8fdf44ef6ff0706e7cc52a16059c7f2cb7d606e851b393dcb00', 'waiting', '{"age": "40"}', NULL, NULL, '2026-11-29 16:07:06.584401+00', '2026-11-29 16:07:06.584401+00', true, NULL, NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{}', NULL, NULL),
	(3, 'kve2g7ns', 'P3', 'any', '\x6ee50a37436e88d9ece9f498e495dc53d99e4b01fb17008c865741b28cd0b37e', 'playing', '{"age": "23"}', 3, 2, '2026-11-29 16:07:04.738854+00', '2026-11-29 16:07:04.738854+00', true, '2026-11-29 16:07:04.809107+00', NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{"frame": "gain"}', NULL, NULL),
	(4, 'kve2g7ns', 'P4', 'any', '\x882d23e3e64eb9fe01b7598bb1d993258f5e0193e98a56801f89ca7885b9a9b8', 'playing', '{"age": "24"}', 3, 1, '2026-11-29 16:07:04.77615+00', '2026-11-29 16:07:04.77615+00', true, '2026-11-29 16:07:04.809107+00', NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{"frame": "gain"}', NULL, NULL),
	(14, '7y68g6p6', 'Q2', 'any', '\x11fe7982bdfdec9315c4ebc16180124bb4321c9d594a07de9ca65c069df0492d', 'waiting', '{"age": "40"}', NULL, NULL, '2026-11-29 16:07:06.623993+00', '2026-11-29 16:07:06.623993+00', true, NULL, NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{}', NULL, NULL),
	(5, 'kve2g7ns', 'P5', 'any', '\x56d9322485354c5374f0fc13f3460a29f2c567eec99d4ca65c4c5d978cc41eb6', 'playing', '{"age": "25"}', 4, 1, '2026-11-29 16:07:05.478318+00', '2026-11-29 16:07:05.478318+00', true, '2026-11-29 16:07:05.553831+00', NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{"frame": "loss"}', NULL, NULL),
	(6, 'kve2g7ns', 'P6', 'any', '\xcdc01700f43f28cf394c2329ba953e41a01934f89e54d96fdf54264cdc188d74', 'playing', '{"age": "26"}', 4, 2, '2026-11-29 16:07:05.505672+00', '2026-11-29 16:07:05.505672+00', true, '2026-11-29 16:07:05.553831+00', NULL, NULL, NULL, 'k3v9', false, '{0}', NULL, '{"frame": "loss"}', NULL, NULL);
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES
	(1, 'kve2g7ns', 8, 1, 'talk', 1, 'belief', '18', 1, false, 'f0fa7a25-db10-e298-d823-73749c86b84e', '2026-11-29 16:07:02.949814+00'),
	(2, 'kve2g7ns', 8, 1, 'talk', 1, 'why', 'so', 1, false, 'f0fa7a25-db10-e298-d823-73749c86b84e', '2026-11-29 16:07:02.949992+00'),
	(3, 'kve2g7ns', 7, 1, 'talk', 1, 'belief', '17', 1, false, '90558774-1f0f-ba1a-c115-d357c0bafa7b', '2026-11-29 16:07:02.997493+00'),
	(4, 'kve2g7ns', 7, 1, 'talk', 1, 'why', 'so', 1, false, '90558774-1f0f-ba1a-c115-d357c0bafa7b', '2026-11-29 16:07:02.997525+00'),
	(5, 'kve2g7ns', 8, 1, 'talk', 2, 'belief', '28', 1, false, 'c0b3dd5c-9ff1-9553-1c9f-e7230193430a', '2026-11-29 16:07:03.577293+00'),
	(6, 'kve2g7ns', 8, 1, 'talk', 2, 'why', 'so', 1, false, 'c0b3dd5c-9ff1-9553-1c9f-e7230193430a', '2026-11-29 16:07:03.577334+00'),
	(7, 'kve2g7ns', 7, 1, 'talk', 2, 'belief', '27', 1, false, 'e994b877-5d53-0fe1-83c8-8a163c53d1db', '2026-11-29 16:07:03.613152+00'),
	(8, 'kve2g7ns', 7, 1, 'talk', 2, 'why', 'so', 1, false, 'e994b877-5d53-0fe1-83c8-8a163c53d1db', '2026-11-29 16:07:03.613185+00'),
	(9, 'kve2g7ns', 8, 1, 'judge', 1, 'verdict', 'yes', 1, false, '19b7984e-4d70-94eb-b6a1-c09f3d367843', '2026-11-29 16:07:03.794669+00'),
	(10, 'kve2g7ns', 8, 1, 'own', 1, 'mood', '6', 1, false, 'c9d0199a-e22c-0027-eeef-8bb3427695a2', '2026-11-29 16:07:03.969795+00'),
	(11, 'kve2g7ns', 8, 1, 'own', 2, 'mood', '5', 1, false, '7a32c757-ce1f-514b-f402-b51284d94d63', '2026-11-29 16:07:04.044886+00'),
	(12, 'kve2g7ns', 7, 1, 'own', 1, 'mood', '4', 1, false, 'b84a9876-5feb-d454-739e-a2619c2a5a98', '2026-11-29 16:07:04.100852+00'),
	(13, 'kve2g7ns', 7, 1, 'own', 2, 'mood', '3', 1, false, '30c8e33d-6324-114a-30e9-1ebeb4144664', '2026-11-29 16:07:04.172735+00'),
	(14, 'kve2g7ns', 1, 2, 'talk', 1, 'belief', '40', 1, false, 'e1ff6097-eade-6d32-bfb3-cf855122a741', '2026-11-29 16:07:04.533147+00'),
	(15, 'kve2g7ns', 1, 2, 'talk', 1, 'why', 'the hats', 1, false, 'e1ff6097-eade-6d32-bfb3-cf855122a741', '2026-11-29 16:07:04.533181+00'),
	(16, 'kve2g7ns', 4, 3, 'talk', 1, 'belief', '14', 1, false, '3d446a75-6ec8-5a64-1b83-4b5c58007410', '2026-11-29 16:07:04.91247+00'),
	(17, 'kve2g7ns', 4, 3, 'talk', 1, 'why', 'so', 1, false, '3d446a75-6ec8-5a64-1b83-4b5c58007410', '2026-11-29 16:07:04.912504+00'),
	(18, 'kve2g7ns', 3, 3, 'talk', 1, 'belief', '13', 1, false, '3bf77e96-d59b-ea61-30cb-f0aca57909e0', '2026-11-29 16:07:04.940262+00'),
	(19, 'kve2g7ns', 3, 3, 'talk', 1, 'why', 'so', 1, false, '3bf77e96-d59b-ea61-30cb-f0aca57909e0', '2026-11-29 16:07:04.940294+00'),
	(20, 'kve2g7ns', 3, 3, 'talk', 2, 'belief', '33', 1, false, '6f8402a6-7bb7-996d-32da-d0434bf2b310', '2026-11-29 16:07:05.215874+00'),
	(21, 'kve2g7ns', 3, 3, 'talk', 2, 'why', 'first', 1, false, '6f8402a6-7bb7-996d-32da-d0434bf2b310', '2026-11-29 16:07:05.215913+00'),
	(22, 'kve2g7ns', 4, 3, 'talk', 2, 'belief', '44', 1, false, '7cbfa5bc-ae5a-f396-19ff-1eebf4c9fd77', '2026-11-29 16:07:05.27975+00'),
	(23, 'kve2g7ns', 4, 3, 'talk', 2, 'why', '', 1, false, '7cbfa5bc-ae5a-f396-19ff-1eebf4c9fd77', '2026-11-29 16:07:05.279795+00'),
	(24, 'kve2g7ns', 5, 4, 'talk', 1, 'belief', '15', 1, false, '947a7648-4d6e-047c-1d50-7ec3ec64c08d', '2026-11-29 16:07:05.656495+00'),
	(25, 'kve2g7ns', 5, 4, 'talk', 1, 'why', 'so', 1, false, '947a7648-4d6e-047c-1d50-7ec3ec64c08d', '2026-11-29 16:07:05.656528+00'),
	(26, 'kve2g7ns', 6, 4, 'talk', 1, 'belief', '16', 1, false, 'c8e65b8a-9acf-fd11-ad3b-d31dc51a8a63', '2026-11-29 16:07:05.671056+00'),
	(27, 'kve2g7ns', 6, 4, 'talk', 1, 'why', 'so', 1, false, 'c8e65b8a-9acf-fd11-ad3b-d31dc51a8a63', '2026-11-29 16:07:05.671088+00'),
	(28, 'kve2g7ns', 5, 4, 'talk', 2, 'belief', '25', 1, false, 'f81d28b0-d6a2-c14a-8a94-6c29fa709870', '2026-11-29 16:07:05.860155+00'),
	(29, 'kve2g7ns', 5, 4, 'talk', 2, 'why', 'so', 1, false, 'f81d28b0-d6a2-c14a-8a94-6c29fa709870', '2026-11-29 16:07:05.86019+00'),
	(30, 'kve2g7ns', 6, 4, 'talk', 2, 'belief', '26', 1, false, '645986cf-9d94-cd0d-cc77-fd79732bd0ff', '2026-11-29 16:07:05.916973+00'),
	(31, 'kve2g7ns', 6, 4, 'talk', 2, 'why', 'so', 1, false, '645986cf-9d94-cd0d-cc77-fd79732bd0ff', '2026-11-29 16:07:05.917005+00'),
	(32, 'kve2g7ns', 5, 4, 'judge', 1, 'verdict', 'yes', 1, false, '1c2a7c3b-0e26-d933-c76c-91ed996b861b', '2026-11-29 16:07:06.095689+00'),
	(33, 'kve2g7ns', 5, 4, 'own', 1, 'mood', '7', 1, false, 'f5796cf8-4cee-1a2e-e70a-3ebc5985d856', '2026-11-29 16:07:06.28431+00');
INSERT INTO public.result VALUES
	('kve2g7ns', 1, 0, 'talk', 1, 1, 'sum', '35', 'hook together', '2026-11-29 16:07:03.387624+00'),
	('kve2g7ns', 1, 0, 'talk', 1, 2, 'sum', '35', 'hook together', '2026-11-29 16:07:03.38774+00'),
	('kve2g7ns', 1, 1, 'talk', 2, 1, 'sum', '55', 'hook together', '2026-11-29 16:07:03.712436+00'),
	('kve2g7ns', 1, 1, 'talk', 2, 2, 'sum', '55', 'hook together', '2026-11-29 16:07:03.712468+00'),
	('kve2g7ns', 3, 0, 'talk', 1, 1, 'sum', '27', 'hook together', '2026-11-29 16:07:05.077053+00'),
	('kve2g7ns', 3, 0, 'talk', 1, 2, 'sum', '27', 'hook together', '2026-11-29 16:07:05.077078+00'),
	('kve2g7ns', 3, 1, 'talk', 2, 1, 'sum', '77', 'hook together', '2026-11-29 16:07:05.400634+00'),
	('kve2g7ns', 3, 1, 'talk', 2, 2, 'sum', '77', 'hook together', '2026-11-29 16:07:05.400665+00'),
	('kve2g7ns', 4, 0, 'talk', 1, 1, 'sum', '31', 'hook together', '2026-11-29 16:07:05.769561+00'),
	('kve2g7ns', 4, 0, 'talk', 1, 2, 'sum', '31', 'hook together', '2026-11-29 16:07:05.769581+00'),
	('kve2g7ns', 4, 1, 'talk', 2, 1, 'sum', '51', 'hook together', '2026-11-29 16:07:06.007567+00'),
	('kve2g7ns', 4, 1, 'talk', 2, 2, 'sum', '51', 'hook together', '2026-11-29 16:07:06.007581+00');
INSERT INTO public.secret VALUES
	(true, '\xc362602ebbcc184da19d2fb1409b24b35d6057933ac4e7e0ce3eb50ae74295b8');
INSERT INTO public.study_file VALUES
	('kve2g7ns', 'study.toml', '\x0a7469746c65203d2022426567756e206265666f7265220a5b656e7472795d0a6669656c6473203d205b7b6e616d65203d2022616765222c2061736b203d2022596f757220616765222c206b696e64203d2022696e7465676572222c206d696e203d2031382c206d6178203d2039397d5d0a5b5b71756f74615d5d0a6669656c64203d2022616765220a6d696e203d2031380a6d6178203d2039390a6d6f7374203d2032300a5b5b74726561746d656e745d5d0a6e616d65203d20226672616d65220a6c6576656c73203d205b226761696e222c20226c6f7373225d0a6279203d2022726f6f6d220a5b5b726f6f6d5d5d0a6e616d65203d202270616972220a7365617473203d207b616e79203d20327d0a5b6c6f6262795d0a6d61785f77616974203d20223268220a7061795f7065725f6d696e757465203d20302e31350a5b7061795d0a62617365203d20322e30300a63757272656e6379203d2022455552220a5b6e6574776f726b5d0a6b696e64203d2022636f6d706c657465220a5b5b737465705d5d0a70616765203d202274616c6b220a726570656174203d20320a6c696d6974203d20223168220a63686174203d20226e65696768626f757273220a6669656c6473203d205b0a202020207b6e616d65203d202262656c696566222c2061736b203d2022486f7720737572652061726520796f753f222c206b696e64203d2022696e7465676572222c206d696e203d20302c206d6178203d203130307d2c0a202020207b6e616d65203d2022776879222c2061736b203d20225768793f222c206b696e64203d202274657874222c207265717569726564203d2066616c73657d2c0a5d0a6f6e5f656e64203d2022746f676574686572220a726573756c7473203d205b7b6e616d65203d202273756d222c2061736b203d2022486f77207375726520796f7520626f74682077657265222c206b696e64203d2022696e7465676572227d5d0a73636f7265203d202270617973220a5b5b737465705d5d0a70616765203d202274616c6b220a6e616d65203d20226a75646765220a6c696d6974203d20223168220a7768656e203d20227468655f6669727374220a6669656c6473203d205b7b6e616d65203d202276657264696374222c2061736b203d2022497320697420736f3f222c206b696e64203d20227965735f6e6f227d5d0a5b5b737465705d5d0a70616765203d202274616c6b220a6e616d65203d20226f776e220a726570656174203d20320a6c696d6974203d20223168220a776169745f666f72203d20226e6f6e65220a6669656c6473203d205b7b6e616d65203d20226d6f6f64222c2061736b203d2022486f772069732069743f222c206b696e64203d20227363616c65222c206d696e203d20312c206d6178203d20377d5d0a5b66696e6973685d0a636f646573203d207b636f6d706c657465203d2022444f4e45222c206c6f626279203d2022574149544544222c20706172746e65725f6c656674203d2022414c4f4e45222c2077697468647261776e203d20224f5554222c20636c6f736564203d2022434c4f534544227d0a'),
	('kve2g7ns', 'pages/talk.html', '\x7b2520657874656e64732022706c617965722f5f737465705f6f70656e65642e68746d6c2220257d'),
	('kve2g7ns', 'hooks.py', '\x0a64656620746f67657468657228726f6f6d293a0a2020202073616964203d20726f6f6d2e73616964282262656c69656622290a2020202072657475726e207b2273756d223a207b736c6f743a2073756d28736169642e76616c75657328292920666f7220736c6f7420696e20736169647d7d0a0a0a646566207061797328726f6f6d293a0a2020202072657475726e207b736c6f743a203120666f7220736c6f7420696e20726f6f6d2e73616964282262656c69656622297d0a0a0a646566207468655f666972737428726f6f6d293a0a2020202072657475726e207b317d0a'),
	('7y68g6p6', 'study.toml', '\x0a7469746c65203d2022426567756e206265666f7265220a5b656e7472795d0a6669656c6473203d205b7b6e616d65203d2022616765222c2061736b203d2022596f757220616765222c206b696e64203d2022696e7465676572222c206d696e203d2031382c206d6178203d2039397d5d0a5b5b71756f74615d5d0a6669656c64203d2022616765220a6d696e203d2031380a6d6178203d2039390a6d6f7374203d2032300a5b5b74726561746d656e745d5d0a6e616d65203d20226672616d65220a6c6576656c73203d205b226761696e222c20226c6f7373225d0a6279203d2022726f6f6d220a5b5b726f6f6d5d5d0a6e616d65203d202270616972220a7365617473203d207b616e79203d20327d0a5b6c6f6262795d0a6d61785f77616974203d20223268220a7061795f7065725f6d696e757465203d20302e31350a5b7061795d0a62617365203d20322e30300a63757272656e6379203d2022455552220a5b6e6574776f726b5d0a6b696e64203d2022636f6d706c657465220a5b5b737465705d5d0a70616765203d202274616c6b220a726570656174203d20320a6c696d6974203d20223168220a63686174203d20226e65696768626f757273220a6669656c6473203d205b0a202020207b6e616d65203d202262656c696566222c2061736b203d2022486f7720737572652061726520796f753f222c206b696e64203d2022696e7465676572222c206d696e203d20302c206d6178203d203130307d2c0a202020207b6e616d65203d2022776879222c2061736b203d20225768793f222c206b696e64203d202274657874222c207265717569726564203d2066616c73657d2c0a5d0a6f6e5f656e64203d2022746f676574686572220a726573756c7473203d205b7b6e616d65203d202273756d222c2061736b203d2022486f77207375726520796f7520626f74682077657265222c206b696e64203d2022696e7465676572227d5d0a73636f7265203d202270617973220a5b5b737465705d5d0a70616765203d202274616c6b220a6e616d65203d20226a75646765220a6c696d6974203d20223168220a7768656e203d20227468655f6669727374220a6669656c6473203d205b7b6e616d65203d202276657264696374222c2061736b203d2022497320697420736f3f222c206b696e64203d20227965735f6e6f227d5d0a5b5b737465705d5d0a70616765203d202274616c6b220a6e616d65203d20226f776e220a726570656174203d20320a6c696d6974203d20223168220a776169745f666f72203d20226e6f6e65220a6669656c6473203d205b7b6e616d65203d20226d6f6f64222c2061736b203d2022486f772069732069743f222c206b696e64203d20227363616c65222c206d696e203d20312c206d6178203d20377d5d0a5b66696e6973685d0a636f646573203d207b636f6d706c657465203d2022444f4e45222c206c6f626279203d2022574149544544222c20706172746e65725f6c656674203d2022414c4f4e45222c2077697468647261776e203d20224f5554222c20636c6f736564203d2022434c4f534544227d0a'),
	('7y68g6p6', 'pages/talk.html', '\x7b2520657874656e64732022706c617965722f5f737465705f6f70656e65642e68746d6c2220257d'),
	('7y68g6p6', 'hooks.py', '\x0a64656620746f67657468657228726f6f6d293a0a2020202073616964203d20726f6f6d2e73616964282262656c69656622290a2020202072657475726e207b2273756d223a207b736c6f743a2073756d28736169642e76616c75657328292920666f7220736c6f7420696e20736169647d7d0a0a0a646566207061797328726f6f6d293a0a2020202072657475726e207b736c6f743a203120666f7220736c6f7420696e20726f6f6d2e73616964282262656c69656622297d0a0a0a646566207468655f666972737428726f6f6d293a0a2020202072657475726e207b317d0a');
INSERT INTO public.tie VALUES
	('kve2g7ns', 1, 1, 2, 1, 0),
	('kve2g7ns', 1, 2, 1, 1, 0),
	('kve2g7ns', 2, 1, 2, 1, 0),
	('kve2g7ns', 2, 2, 1, 1, 0),
	('kve2g7ns', 3, 1, 2, 1, 0),
	('kve2g7ns', 3, 2, 1, 1, 0),
	('kve2g7ns', 4, 1, 2, 1, 0),
	('kve2g7ns', 4, 2, 1, 1, 0);
SELECT pg_catalog.setval('public.earning_id_seq', 12, true);
SELECT pg_catalog.setval('public.log_id_seq', 6, true);
SELECT pg_catalog.setval('public.message_id_seq', 1, true);
SELECT pg_catalog.setval('public.note_id_seq', 1, true);
SELECT pg_catalog.setval('public.player_id_seq', 15, true);
SELECT pg_catalog.setval('public.record_id_seq', 33, true);
SELECT pg_catalog.setval('public.room_id_seq', 4, true);
