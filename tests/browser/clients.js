/*
 * What two clients of the Statuspage API make of a page, as JSON.
 * usage: node clients.js URL
 */
"use strict";
const url = process.argv[2];
/* Both make their connections by it, to the service's host; here to ours. */
for (const client of ["statuspage.js", "statuspage.io"]) {
	const axios = require(require.resolve("axios",
		{paths: [require.resolve(client)]})).default;
	const create = axios.create;
	axios.create = options => create({...options,
		baseURL: options.baseURL.replace(/^https:..[^/]+/, url)});
}
const {Statuspage: First, StatuspageUpdates} = require("statuspage.js");
const {Statuspage: Second} = require("statuspage.io");

async function first() {
	const client = new First("mailglance");
	const out = {};
	for (const call of ["summary", "status", "components", "allIncidents",
		"unresolvedIncidents", "allScheduledMaintenances",
		"activeScheduledMaintenances", "upcomingScheduledMaintenances"])
		out[call] = await client[call]();
	/* The client turns what looks like a date into one. */
	out.dates = out.allIncidents.incidents.every(
		i => i.created_at instanceof Date && !isNaN(i.created_at) &&
		(i.resolved_at === null || i.resolved_at instanceof Date) &&
		typeof i.id === "string" && typeof i.shortlink === "string" &&
		i.incident_updates.every(u => u.created_at instanceof Date &&
			typeof u.id === "string" && typeof u.body === "string"));
	return out;
}

/* Its watcher sees what comes between two looks. */
async function watcher() {
	const client = new StatuspageUpdates("mailglance");
	await client.fetch();
	const copy = JSON.parse(JSON.stringify(client.curr));
	copy.incidents.shift();
	client.prev = JSON.parse(JSON.stringify(copy), (k, v) =>
		/_at$/.test(k) && typeof v === "string" ? new Date(Date.parse(v) - 60000) : v);
	return client.checkUpdate();
}

async function second() {
	const client = new Second("mailglance");
	return {
		summary: await client.api.getSummary(),
		status: await client.api.getStatus(),
		components: await client.api.getComponents(),
		all: await client.api.incidents.getAll(),
		unresolved: await client.api.incidents.getUnresolved(),
		maintenances: await client.api.scheduledMaintenances.getAll(),
		active: await client.api.scheduledMaintenances.getActive(),
		upcoming: await client.api.scheduledMaintenances.getUpcoming(),
	};
}

(async () => {
	console.log(JSON.stringify({
		first: await first(), second: await second(),
		watched: await watcher(),
	}));
})().catch(e => {
	console.error(e);
	process.exit(1);
});
