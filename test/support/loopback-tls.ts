import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** For 127.0.0.1, self-signed, good for a hundred years: processes trust it through NODE_EXTRA_CA_CERTS. */
export const loopbackCertificate = fileURLToPath(
  new URL('../fixtures/loopback-certificate.pem', import.meta.url),
);

export const loopbackTls = {
  cert: readFileSync(loopbackCertificate),
  key: readFileSync(new URL('../fixtures/loopback-key.pem', import.meta.url)),
};
