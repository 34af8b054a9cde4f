// The reader's own time beside that of the page, which is UTC and stands there
// without any script.
"use strict";
(() => {
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	const page = document.documentElement.lang || undefined;
	const shown = ".asof, .facts, .planned, .promise, .recovering, .label";
	const clock = {
		hour: "2-digit", minute: "2-digit", hourCycle: "h23",
		timeZoneName: "short",
	};
	const day = { weekday: "short", day: "numeric", month: "short" };
	const full = { dateStyle: "full", timeStyle: "long", hourCycle: "h23" };
	let any = false;

	for (const t of document.querySelectorAll("time[datetime]")) {
		const at = new Date(t.dateTime);

		if (isNaN(at) || at.getTimezoneOffset() === 0)
			continue;
		any = true;
		t.title = at.toLocaleString(page, full);
		if (!t.closest(shown))
			continue;
		const same = at.getDate() === at.getUTCDate();
		const here = document.createElement("span");
		const both = document.createElement("span");

		here.className = "here";
		here.textContent = "(" +
			at.toLocaleString(page, same ? clock : { ...day, ...clock }) + ")";
		t.replaceWith(both);
		both.append(t, " ", here);
	}
	const foot = document.querySelector(".zone");

	if (any && foot && zone)
		foot.append(" " + foot.dataset.here.replace("{zone}", zone));
})();
