/** Every variable that the command line reads, in the order of the help. A flag counts before its variable. */
export const environment: Readonly<Record<`CISTERN_${string}`, string>> = {
  CISTERN_DATA: 'data directory (--data; ./data)',
  CISTERN_STAGE: 'deployed stage, on AWS (--stage)',
  CISTERN_BUCKET: 'bucket of the archive beside a data directory (--bucket)',
  CISTERN_CONFIG: 'configuration beside a data directory, a JSON file (--config)',
  CISTERN_TZ: 'zone of days and of times without an offset (--tz; UTC)',
  CISTERN_HOST: 'serve: address to listen on (--host; 127.0.0.1)',
  CISTERN_PORT: 'serve: port to listen on (--port; 8080)',
  CISTERN_DELIVERY: 'serve: direct or buffered (--delivery; as configured)',
  CISTERN_URL: 'serve: where senders reach it, behind a proxy (--url)',
  CISTERN_WATCH: 'serve: minutes from one look to the next, 0 for none (--watch; 5)',
  CISTERN_DEBUG: '1 adds the stack to an error',
};

export function environmentTable(): string {
  return Object.entries(environment)
    .map(([name, meaning]) => `  ${name.padEnd(18)}${meaning}`)
    .join('\n');
}
