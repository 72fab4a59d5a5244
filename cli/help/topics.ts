import { environmentTable } from './environment.ts';

interface Topic {
  readonly description: string;
  readonly text: string;
}

const formats: Topic = {
  description: 'what is stored, and what the commands print',
  text: `What is stored
  logs/<app>/<YYYY>/<MM>/<DD>/<epoch_ms>-<uuid>.gz   an object: gzip, of one batch or many. \`zcat\` gives back
      the bytes that Heroku sent. docs/archive-format.md in the repository has every byte of it.
  spool/      batches that are acknowledged and not in the archive yet
  ledger/     what Cistern derives: incidents, reports, what was set aside

What goes where
  stdout has the data alone, so that it can be piped; remarks, warnings and errors go to stderr.

What cat prints
  2026-11-21T20:52:47.719000+00:00 app[web.1]: text    a message, as \`heroku logs\` shows it
  --raw     the frames as they were sent: <length> <message>, and nothing between them
  --json    one JSON object a line; \`cistern cat --help\` names its fields
  On a terminal control characters are made visible; a pipe or a file gets the bytes.

JSON
  --json of cat and ls prints one object a line, all others print one value. Times are RFC 3339 in UTC.

What serve prints
  On a terminal a line for each request. Elsewhere JSON lines: time, level, message; of a request its app and
  its counters. Neither holds a secret, nor what was logged.`,
};

const exitCodes: Topic = {
  description: 'what a script can rely on',
  text: `  0   done
  1   failed, or something is wrong: trying again may help
  2   bad input: a flag, a name or a permission that somebody has to put right

Where 1 means more
  cat, ls, usage    a part is damaged or unreadable, or nothing was ever stored for the app
  send              not every batch was acknowledged
  smoke             the batch did not come back byte for byte
  alert test        a channel did not take the test
  spool status      a person is wanted: something is stuck, or waits for too long
  spool drain       something still waits, or was set aside
  incident gate     with --strict: something speaks against a release
  incident …        it can't be done now: it is resolved already, say

watch has four
  0 all is well, 1 a warning, 2 critical (or bad input), 3 something could not be looked at

serve ends with 0 after SIGTERM or Ctrl-C, with 130 after a second one.`,
};

const variables: Topic = {
  description: 'the variables that Cistern reads',
  text: `A flag counts before its variable. An empty variable counts as not set.

${environmentTable()}

  NO_COLOR          no colours
  AWS_…             region and credentials, as every AWS tool reads them (AWS_REGION, AWS_PROFILE …)
  AWS_ENDPOINT_URL_S3   another S3-compatible store, for --bucket`,
};

const times: Topic = {
  description: 'what --since and --until understand',
  text: `  2026-11-21T20:52:47Z        RFC 3339, also with an offset (+01:00) and without seconds
  2026-11-21 20:52            that time in the zone of --tz
  2026-11-21                  the start of that day, in the zone of --tz
  today, yesterday, tomorrow  the start of that day; also with a time: "yesterday 14:30"
  90s, 15m, 2h, 7d, 4w        so long ago
  now

  --since is in the range, --until is not: --since yesterday --until today is the whole of yesterday.

The zone
  --tz, else CISTERN_TZ, else UTC: a name (Europe/Berlin), an offset (+02:00), or local, the machine's own. Of a
  time that its clocks show twice the first counts; one that they skip counts as if they had not changed.
  It is for what you type. What Cistern prints is in UTC, as are the days in the keys.`,
};

/** In the order of the help. */
export const topics: Readonly<Record<string, Topic>> = {
  formats,
  'exit-codes': exitCodes,
  environment: variables,
  times,
};
