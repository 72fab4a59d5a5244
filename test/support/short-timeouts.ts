/**
 * Loaded before `serve`: Node's own timeouts for headers and for a whole request come after moments, not after
 * a minute, so that a test can see what follows. Everything else stays as the server set it.
 */
import http, { type RequestListener, type ServerOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const { createServer } = http;
const short = { headersTimeout: 300, requestTimeout: 900, connectionsCheckingInterval: 50 };

http.createServer = ((options: ServerOptions, listener: RequestListener) =>
  createServer({ ...options, ...short }, listener)) as typeof http.createServer;
syncBuiltinESMExports();
