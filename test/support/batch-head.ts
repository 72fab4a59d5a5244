import { basic } from './receiver.ts';

/** The head of a request with good credentials; `fields` end each with CRLF. */
export function batchHead(secret: string, app: string, fields: string): string {
  return `POST /${app} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('drain', secret)}\r\n${fields}\r\n`;
}
