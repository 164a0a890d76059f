// A clock that browsers do not slow down when the page is out of sight.
"use strict";
setInterval(() => postMessage(null), 600);
