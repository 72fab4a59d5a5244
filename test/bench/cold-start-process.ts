/**
 * A fresh process that imports a bundle, hands it the event in a file, and reports how long both took, in
 * milliseconds.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [bundle = '', event = ''] = process.argv.slice(2);
const url = pathToFileURL(bundle).href;
const parsed: unknown = JSON.parse(readFileSync(event, 'utf8'));

const start = performance.now();
const { handler }: { handler(event: unknown): Promise<{ statusCode: number }> } = await import(url);
const { statusCode } = await handler(parsed);
process.send?.({ ms: performance.now() - start, statusCode });
process.disconnect();
