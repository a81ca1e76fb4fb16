// How our scripts find things on a page. They are put together in one file, and this is its beginning.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
// What is done as well where a study has a script of its own.
const besides = [];
