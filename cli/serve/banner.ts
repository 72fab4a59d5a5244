import { stat } from 'node:fs/promises';
import { styleText } from 'node:util';
import { commandLine } from '../../lib/base/command-line.ts';
import type { Config } from '../../lib/config/config.ts';
import { addSecret, sharedUrlFor } from '../../lib/drains/admin.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { type ParameterStore, parameterNames } from '../../lib/drains/parameters.ts';
import type { ServeOutput } from './output.ts';

interface Started {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly bucket?: string;
  readonly config: Pick<Config, 'delivery' | 'archiver'>;
  readonly publicUrl: URL | undefined;
  readonly parameters: ParameterStore;
  readonly output: ServeOutput;
}

/** An example only: any app may send with the shared secret. */
const exampleApp = 'my-app' as AppName;

/**
 * Records where this server answers, makes the first secret where there is none, and says how to send.
 *
 * The drain URL holds the secret: it is shown to a person (a terminal), and once, when it is made, on stderr.
 * The JSON lines on stdout are for machines that keep them, and never hold it.
 */
export async function announce({ parameters, output, publicUrl, ...started }: Started): Promise<void> {
  const own = new URL(`http://${urlHost(started.host)}:${started.port}`);
  const receiver = publicUrl ?? own;
  await parameters.put(parameterNames.receiverUrl, receiver.origin);
  const known = await sharedUrlFor(parameters, receiver, exampleApp);
  if (known === undefined) await addSecret(parameters, receiver, undefined);
  const url = known ?? (await sharedUrlFor(parameters, receiver, exampleApp)) ?? '';

  if (((await stat(started.data)).mode & 0o077) !== 0) {
    output.warn('others can read the data directory: close it with chmod 700', { data: started.data });
  }
  const archive = started.bucket === undefined ? `${started.data}/archive` : `bucket ${started.bucket}`;
  const spool = `${started.data}/spool`;
  const shown = instructions(
    receiver,
    `${archive}\n${deliveryLine(started.config, spool)}`,
    url,
    readLine(started),
  );
  if (process.stdout.isTTY) process.stdout.write(shown);
  else {
    const { delivery } = started.config;
    output.info('listening', { url: own.origin, receiver: receiver.origin, archive, delivery, spool });
    if (known === undefined) process.stderr.write(shown);
  }
}

function deliveryLine({ delivery, archiver }: Started['config'], spool: string): string {
  return delivery === 'direct'
    ? `Delivery is direct: a batch is stored at once, and waits in ${spool} only when the store fails`
    : `Delivery is buffered: batches wait in ${spool}, and can be read up to ${archiver.windowSeconds} s later, many to an object`;
}

/** What to do next, ready to paste. */
function instructions(receiver: URL, kept: string, url: string, readBack: string): string {
  const heading = (text: string) => styleText('bold', text, { stream: process.stdout });
  return `
${heading('Cistern')} listens on ${receiver.origin} and keeps what it gets in ${kept}

${heading('Drain URL')} (any app: put its name in place of ${exampleApp}; the secret is in it)
  ${url}

${heading('Try it')}
  ${curlLine(url)}
  ${readBack}

${heading('On Heroku')} (once this address can be reached from outside)
  heroku drains:add '${url}' --app ${exampleApp}

`;
}

function readLine({ data, bucket }: Pick<Started, 'data' | 'bucket'>): string {
  const from = data === './data' ? '' : ` --data ${data}`;
  return commandLine(`cat ${exampleApp}${from}${bucket === undefined ? '' : ` --bucket ${bucket}`}`);
}

function curlLine(url: string): string {
  const time = new Date().toISOString().replace('Z', '000+00:00');
  const message = `<190>1 ${time} host app web.1 - hello from curl`;
  const headers = ['Content-Type: application/logplex-1', 'Logplex-Msg-Count: 1'];
  const flags = headers.map((header) => `-H '${header}'`).join(' ');
  const frame = `${Buffer.byteLength(message) + 1} ${message}`;
  return `echo '${frame}' | curl -i ${flags} --data-binary @- '${url}'`;
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
